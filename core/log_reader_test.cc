#include "core/log_reader.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::HasSubstr;

TEST(ParseLogLine, ReadsEachLetter) {
  for (const char letter : std::string("ACDERW")) {
    const auto record = ParseLogLine(std::string(1, letter) + " 12 /a b/c");
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(record->letter, letter);
    EXPECT_EQ(record->pid, 12);
    EXPECT_EQ(record->path, "/a b/c");
  }
}

TEST(ParseLogLine, ReadsForkAndExit) {
  const auto fork = ParseLogLine("F 12 13");
  ASSERT_TRUE(fork.ok());
  EXPECT_EQ(fork->pid, 12);
  EXPECT_EQ(fork->number, 13);
  const auto exit = ParseLogLine("X 13 2 15");
  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->pid, 13);
  EXPECT_EQ(exit->number, 2);
  EXPECT_EQ(exit->signal, 15);
}

TEST(ParseLogLine, ReadsCommentAndVersion) {
  const auto comment = ParseLogLine("# Target pid 12");
  ASSERT_TRUE(comment.ok());
  EXPECT_EQ(comment->letter, '#');
  EXPECT_EQ(comment->path, "Target pid 12");
  const auto version = ParseLogLine("V 5");
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->number, 5);
}

TEST(ParseLogLine, ReadsTwoNames) {
  const auto rename = ParseLogLine("M 12 'from' '/to'");
  ASSERT_TRUE(rename.ok());
  EXPECT_EQ(rename->path, "from");
  EXPECT_EQ(rename->second_path, "/to");
  const auto link = ParseLogLine("L 12 'a file' 'a link'");
  ASSERT_TRUE(link.ok());
  EXPECT_EQ(link->path, "a file");
  EXPECT_EQ(link->second_path, "a link");
  // The older format had no quotes.
  const auto bare = ParseLogLine("M 12 from to");
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(bare->path, "from");
  EXPECT_EQ(bare->second_path, "to");
}

// Each of these makes bmake say "malformed" (meta.c, CHECK_VALID_META).
TEST(ParseLogLine, RefusesWhatBmakeRefuses) {
  for (const char* line :
       {"", " ", "#", "# ", "V", "E", "E ", "E 12", "E 12 ", "X 12", "F 12 ",
        "M 12 'from'", "M 12 'from' ", "L 12 'from'", "  12 x"}) {
    EXPECT_FALSE(ParseLogLine(line).ok()) << "'" << line << "'";
  }
  EXPECT_FALSE(ParseLogLine(absl::string_view("\0 1 x", 6)).ok());
}

// bmake takes these, and so does this reader.
TEST(ParseLogLine, TakesWhatBmakeTakes) {
  for (const char* line : {"# x", "E x y", "X 12 0", "Q 12 x", "Exec 12 /x",
                           "E 12  ", "M 12 '' ''", "R 12 ."}) {
    EXPECT_TRUE(ParseLogLine(line).ok()) << "'" << line << "'";
  }
}

TEST(ParseLog, ReadsAllLines) {
  const auto log = ParseLog("# filemon version 5\nV 5\nE 1 /bin/sh\nX 1 0 0\n");
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_EQ(log->size(), 4u);
  EXPECT_EQ((*log)[2].path, "/bin/sh");
}

TEST(ParseLog, NamesTheBadLine) {
  EXPECT_THAT(std::string(ParseLog("V 5\nE 1\n").status().message()),
              HasSubstr("line 2"));
  EXPECT_THAT(std::string(ParseLog("V 5\nE 1 /bin").status().message()),
              HasSubstr("line 2: truncated"));
}

}  // namespace
}  // namespace filemon
