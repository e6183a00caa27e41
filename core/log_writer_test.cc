#include "core/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/log_reader.h"
#include "core/version.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LogWriterTest : public ::testing::Test {
 protected:
  std::string Text() {
    EXPECT_TRUE(log_.Flush().ok());
    return text_;
  }

  std::string text_;
  LogWriter log_{[this](absl::string_view bytes) {
    text_.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }};
};

TEST_F(LogWriterTest, WritesTheFrame) {
  log_.Header(4711, {1795348609, 563280});
  log_.Trailer({1795348610, 12});
  EXPECT_EQ(Text(),
            "# filemon version 5\n# Target pid 4711\n"
            "# Start 1795348609.563280\nV 5\n"
            "# Stop 1795348610.000012\n# Bye bye\n");
}

TEST_F(LogWriterTest, WritesWhereItComesFrom) {
  log_.Origin("/home/me\n", {"cc", "it's", ""});
  EXPECT_EQ(Text(),
            absl::StrCat("# Cwd /home/me\\n\n# Command 'cc' 'it'\\''s' ''\n"
                         "# Version filemon ",
                         kVersion, "\n"));
}

TEST_F(LogWriterTest, ThatItDoesNotKnowIsLeftOut) {
  log_.Origin("", {});
  EXPECT_EQ(Text(), absl::StrCat("# Version filemon ", kVersion, "\n"));
}

TEST_F(LogWriterTest, WritesEachLetter) {
  log_.At(1, "a");
  log_.Chdir(2, "/c");
  log_.Unlink(3, "d");
  log_.Exec(4, "/e");
  log_.Fork(5, 6);
  log_.Link(7, "l", "m");
  log_.Rename(8, "m", "n");
  log_.Read(9, "r");
  log_.Write(10, "w");
  log_.Exit(11, 3 << 8);
  log_.Comment("two words");
  EXPECT_EQ(Text(),
            "A 1 a\nC 2 /c\nD 3 d\nE 4 /e\nF 5 6\nL 7 'l' 'm'\nM 8 'm' 'n'\n"
            "R 9 r\nW 10 w\nX 11 3 0\n# two words\n");
  for (const char letter : std::string("ACDEFLMRWX")) {
    EXPECT_EQ(log_.count(letter), 1u) << letter;
  }
  EXPECT_EQ(log_.bytes(), text_.size());
  EXPECT_TRUE(ParseLog(text_).ok());
}

TEST_F(LogWriterTest, WritesASignalWithoutTheCoreFlag) {
  log_.Exit(1, SIGABRT | 0x80);
  EXPECT_EQ(Text(), "X 1 0 6\n");
}

TEST_F(LogWriterTest, NoNameForgesARecord) {
  log_.Read(1, "a\nX 1 0 0\n");
  log_.Rename(1, "\n", "\xff\r\t");
  log_.Comment("untraced 1 /x\ny: why");
  EXPECT_EQ(Text(),
            "R 1 a\\nX 1 0 0\\n\nM 1 '\\n' '\xff\r\t'\n"
            "# untraced 1 /x\\ny: why\n");
}

TEST_F(LogWriterTest, HandsLongLogsOnWhole) {
  const std::string name(4095, 'n');
  for (int i = 0; i < 1000; ++i) log_.Rename(1, name, name);
  EXPECT_EQ(Text().size(), 1000 * (2 * name.size() + strlen("M 1 '' ''\n")));
}

TEST_F(LogWriterTest, TakesLinesLongerThanItsBuffer) {
  const std::string newlines(300000, '\n');
  std::string escaped;
  for (size_t i = 0; i < newlines.size(); ++i) escaped += "\\n";
  log_.Read(1, "before");
  log_.Link(1, newlines, newlines);
  log_.Comment(newlines);
  log_.Read(1, "after");
  const std::string expected =
      absl::StrCat("R 1 before\nL 1 '", escaped, "' '", escaped, "'\n# ",
                   escaped, "\nR 1 after\n");
  EXPECT_TRUE(Text() == expected);
}

TEST(LogWriterPiecesTest, EndWhereTheyAreQuicklyWritten) {
  constexpr size_t kPiece = 256 * 1024;
  std::string text;
  std::vector<size_t> ends;
  LogWriter log([&](absl::string_view bytes) {
    text.append(bytes.data(), bytes.size());
    ends.push_back(text.size());
    return absl::OkStatus();
  });
  const std::string line = absl::StrCat("R 1 ", std::string(1000, 'n'), "\n");
  log.Read(1, std::string(1000, 'n'));
  EXPECT_TRUE(log.Flush().ok());
  for (int i = 0; i < 999; ++i) log.Read(1, std::string(1000, 'n'));
  EXPECT_THAT(ends, ElementsAre(line.size(), kPiece, 2 * kPiece, 3 * kPiece));
  EXPECT_TRUE(log.Flush().ok());
  EXPECT_EQ(log.bytes(), text.size());
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += line;
  EXPECT_TRUE(text == expected);
}

TEST_F(LogWriterTest, WritesEachPid) {
  for (const pid_t pid : {1, 1, 4194303, 2147483647, 1}) log_.Unlink(pid, "x");
  log_.Exit(2, 255 << 8);
  EXPECT_EQ(Text(),
            "D 1 x\nD 1 x\nD 4194303 x\nD 2147483647 x\nD 1 x\nX 2 255 0\n");
}

TEST(LogWriterErrorTest, KeepsTheFirstErrorAndStops) {
  int calls = 0;
  LogWriter log([&calls](absl::string_view) {
    ++calls;
    return absl::ErrnoToStatus(calls == 1 ? ENOSPC : EIO, "write");
  });
  log.Read(1, "a");
  EXPECT_FALSE(log.Flush().ok());
  log.Read(1, "b");
  EXPECT_FALSE(log.Flush().ok());
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(std::string(log.status().message()),
              HasSubstr("No space left on device"));
}

TEST(FdSinkTest, ReportsAFullDisk) {
  const int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_TRUE(absl::IsResourceExhausted(FdSink(fd)("x")));
  close(fd);
}

// A pipe that takes little at a time: short writes if it blocks, EAGAIN if not.
class FdSinkPipeTest : public ::testing::TestWithParam<int> {};

TEST_P(FdSinkPipeTest, WritesAllToASlowReader) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(fcntl(ends[1], F_SETFL, GetParam()), 0);
  const std::string sent(1 << 20, 's');
  std::string received;
  std::thread reader([&] {
    char buffer[3000];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof(buffer))) > 0;) {
      received.append(buffer, n);
    }
  });
  EXPECT_TRUE(FdSink(ends[1])(sent).ok());
  close(ends[1]);
  reader.join();
  close(ends[0]);
  EXPECT_EQ(received, sent);
}

INSTANTIATE_TEST_SUITE_P(Flags, FdSinkPipeTest,
                         ::testing::Values(0, O_NONBLOCK));

}  // namespace
}  // namespace filemon
