#include "core/session_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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
      absl::StrSplit((*pipe)->SessionValue(77, 5), ':');
  ASSERT_EQ(fields.size(), 13u);
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
  EXPECT_EQ(fields[10], absl::StrFormat("%010d", getpid()));
  EXPECT_EQ(fields[11], "0000000000");
  EXPECT_EQ(fields[12], "0000000005");
}

// The number that the writing end gets under these limits, with `taken` in use
// already; in a process of its own. -1 if the limits cannot be had.
int WriterUnder(const rlimit& limits, int taken) {
  const pid_t child = fork();
  if (child == 0) {
    if (taken >= 0 && dup2(STDIN_FILENO, taken) != taken) _exit(255);
    if (setrlimit(RLIMIT_NOFILE, &limits) != 0) _exit(255);
    const auto pipe = SessionPipe::Create();
    rlimit after;
    getrlimit(RLIMIT_NOFILE, &after);
    if (!pipe.ok() || after.rlim_cur != limits.rlim_cur ||
        after.rlim_max != limits.rlim_max ||
        fcntl((*pipe)->writer(), F_GETFD) != FD_CLOEXEC) {
      _exit(254);
    }
    // More than a status can say.
    _exit((*pipe)->writer() >= 1000 ? (*pipe)->writer() - 1000 + 100
                                    : (*pipe)->writer());
  }
  int status;
  waitpid(child, &status, 0);
  EXPECT_NE(WEXITSTATUS(status), 254);
  if (WEXITSTATUS(status) == 255) return -1;
  return WEXITSTATUS(status) >= 100 ? WEXITSTATUS(status) + 900
                                    : WEXITSTATUS(status);
}

TEST(SessionPipeTest, LiesAboveTheLimit) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < 4000) GTEST_SKIP() << "a hard limit too low for this";
  EXPECT_EQ(WriterUnder({16, 4000}, -1), 1024);
  EXPECT_EQ(WriterUnder({1024, 4000}, -1), 1024);
  EXPECT_EQ(WriterUnder({1024, 4000}, 1024), 1025);
  EXPECT_EQ(WriterUnder({1100, 4000}, -1), 1100);
  // Where it would be dear, it is only out of the usual way.
  EXPECT_EQ(WriterUnder({limit.rlim_max, limit.rlim_max}, -1),
            limit.rlim_max > 4096 ? 1024 : -1);
}

TEST(SessionPipeTest, IsTheHighestWithinALimitThatStands) {
  if (WriterUnder({64, 64}, -1) >= 1000) {
    GTEST_SKIP() << "no limit stands for this user";
  }
  EXPECT_EQ(WriterUnder({64, 64}, -1), 63);
  EXPECT_EQ(WriterUnder({64, 64}, 63), 62);
  EXPECT_EQ(WriterUnder({16, 16}, -1), 15);
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
