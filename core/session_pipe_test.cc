#include "core/session_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/wire.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

TEST(SessionPipeTest, TellsTheProcessesWhatNamesAreWanted) {
  for (const PathStyle style : {PathStyle::kGiven, PathStyle::kAbsolute}) {
    const auto pipe = SessionPipe::Create(style);
    ASSERT_TRUE(pipe.ok()) << pipe.status();
    EXPECT_EQ(((*pipe)->cookie() & wire::kAbsolutePaths) != 0,
              style == PathStyle::kAbsolute);
  }
}

TEST(SessionPipeTest, CarriesBytes) {
  const auto pipe = SessionPipe::Create();
  ASSERT_TRUE(pipe.ok()) << pipe.status();
  char buffer[16];
  EXPECT_EQ((*pipe)->Read(absl::MakeSpan(buffer)), 0u);
  ASSERT_EQ(write((*pipe)->writer(), "abc", 3), 3);
  EXPECT_EQ((*pipe)->Pending(), 3u);
  EXPECT_EQ((*pipe)->Read(absl::MakeSpan(buffer)), 3u);
  EXPECT_EQ((*pipe)->Pending(), 0u);
}

TEST(SessionPipeTest, WriterNeverBlocksOrSignals) {
  const auto pipe = SessionPipe::Create();
  ASSERT_TRUE(pipe.ok()) << pipe.status();
  const int fd = (*pipe)->writer();
  const int flags = fcntl(fd, F_GETFL);
  EXPECT_EQ(flags & O_ACCMODE, O_RDWR);
  EXPECT_TRUE(flags & O_NONBLOCK);
}

TEST(SessionPipeTest, TellsTheSession) {
  const auto pipe = SessionPipe::Create();
  ASSERT_TRUE(pipe.ok()) << pipe.status();
  const std::vector<std::string> fields =
      absl::StrSplit((*pipe)->SessionValue(77), ':');
  ASSERT_EQ(fields.size(), 10u);
  EXPECT_EQ(fields[0], absl::StrCat(wire::kSessionVersion));
  EXPECT_EQ(fields[1], "77");
  EXPECT_EQ(fields[2], absl::StrCat(getpid()));
  struct stat ours;
  struct stat theirs;
  ASSERT_EQ(fstat((*pipe)->writer(), &ours), 0);
  const std::string link = absl::StrCat("/proc/", fields[2], "/fd/", fields[3]);
  ASSERT_EQ(stat(link.c_str(), &theirs), 0);
  EXPECT_EQ(ours.st_ino, theirs.st_ino);
  EXPECT_EQ(fields[6], "0");
  EXPECT_EQ(fields[7], absl::StrCat((*pipe)->bell()));
  EXPECT_EQ(fields[8], absl::StrCat((*pipe)->lanes_fd()));
  EXPECT_EQ(fields[4], absl::StrCat(ours.st_ino));
  EXPECT_EQ(fields[5], absl::StrCat((*pipe)->cookie()));
}

TEST(SessionPipeTest, StaysHighAndOutOfTheWay) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  for (const rlim_t limit : {16, 256, 1024}) {
    if (limit > before.rlim_max) {
      std::cout << "not tried: RLIMIT_NOFILE of " << limit << "\n";
      continue;
    }
    rlimit tight = before;
    tight.rlim_cur = limit;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
    const int expected = std::min<int>(limit - 1, 1000);
    // The place may be taken.
    for (int taken = 0; taken < 2; ++taken) {
      if (taken) {
        ASSERT_EQ(dup2(STDIN_FILENO, expected), expected);
      }
      const auto pipe = SessionPipe::Create();
      ASSERT_TRUE(pipe.ok()) << pipe.status();
      EXPECT_EQ((*pipe)->writer(), expected - taken);
      EXPECT_EQ(fcntl((*pipe)->writer(), F_GETFD), FD_CLOEXEC);
    }
    close(expected);
  }
  setrlimit(RLIMIT_NOFILE, &before);
}

// As a traced process rings it: by its name in /proc.
TEST(SessionPipeTest, RingsAndIsSilenced) {
  const auto pipe = SessionPipe::Create();
  ASSERT_TRUE(pipe.ok()) << pipe.status();
  const std::string link = absl::StrCat("/proc/self/fd/", (*pipe)->bell());
  pollfd bell = {(*pipe)->bell(), POLLIN, 0};
  EXPECT_EQ(poll(&bell, 1, 0), 0);
  const int ringer = open(link.c_str(), O_WRONLY | O_NONBLOCK);
  ASSERT_GE(ringer, 0);
  EXPECT_EQ(write(ringer, "", 1), 1);
  EXPECT_EQ(poll(&bell, 1, 0), 1);
  (*pipe)->SilenceBell();
  EXPECT_EQ(poll(&bell, 1, 0), 0);
  close(ringer);
}

}  // namespace
}  // namespace filemon
