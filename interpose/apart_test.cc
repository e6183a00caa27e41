#include "interpose/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "gtest/gtest.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// Runs `body` in a process of its own; true if it says so.
bool InChild(const std::function<bool()>& body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body() ? 0 : 1);
  int status;
  return waitpid(pid, &status, 0) == pid && status == 0;
}

// What the work has seen.
struct Seen {
  int fd = -1;
  bool in_process = false;  // the process's first thread has it, too
  int runs = 0;
};

int Open(void* data) {
  auto* const seen = static_cast<Seen*>(data);
  ++seen->runs;
  seen->fd = sys::Openat(AT_FDCWD, "/dev/null", O_RDONLY);
  if (seen->fd < 0) return seen->fd;
  char path[40];
  TextBuilder(path, sizeof(path))
      .Add("/proc/self/fd/")
      .AddDecimal(static_cast<uint64_t>(seen->fd));
  seen->in_process = sys::Exists(path);
  sys::Close(seen->fd);
  return 0;
}

TEST(ApartTest, OpensInTheProcessWhereNobodyElseIs) {
  EXPECT_TRUE(InChild([] {
    Seen seen;
    return RunApart(Open, &seen) == 0 && seen.fd >= 0 && seen.in_process;
  }));
}

TEST(ApartTest, OpensElsewhereBesideAThread) {
  EXPECT_TRUE(InChild([] {
    closefrom(3);
    int ends[2];
    if (pipe(ends) != 0) return false;
    std::thread thread([&] {
      char byte;
      while (read(ends[0], &byte, 1) > 0) continue;
    });
    Seen seen;
    errno = 0;
    const int result = RunApart(Open, &seen);
    const bool right = result == 0 && seen.fd == 5 && !seen.in_process &&
                       errno == 0 && fcntl(5, F_GETFD) == -1;
    close(ends[1]);
    thread.join();
    return right;
  }));
}

TEST(ApartTest, MakesRoomElsewhere) {
  EXPECT_TRUE(InChild([] {
    while (dup(0) >= 0) continue;
    Seen seen;
    return RunApart(Open, &seen) == 0 && seen.fd == 0 && seen.runs == 2 &&
           fcntl(0, F_GETFD) >= 0;
  }));
}

int Fail(void*) { return -ENOENT; }
TEST(ApartTest, GivesTheResult) { EXPECT_EQ(RunApart(Fail, nullptr), -ENOENT); }

TEST(ApartTest, DuplicatesAboveTheLimitAndLeavesIt) {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < 2000) GTEST_SKIP() << "a hard limit too low for this";
  EXPECT_TRUE(InChild([] {
    const rlimit low = {64, 2000};
    setrlimit(RLIMIT_NOFILE, &low);
    errno = 0;
    const int fd = DuplicateAboveLimit(0, 1500);
    rlimit after;
    getrlimit(RLIMIT_NOFILE, &after);
    int status;
    return fd == 1500 && fcntl(fd, F_GETFD) == 0 && errno == 0 &&
           after.rlim_cur == 64 && after.rlim_max == 2000 &&
           // Nobody is left to be waited for.
           waitpid(-1, &status, __WALL) == -1;
  }));
}

TEST(ApartTest, DuplicatesAsHighAsTheHardLimitAllows) {
  EXPECT_TRUE(InChild([] {
    const rlimit low = {64, 100};
    setrlimit(RLIMIT_NOFILE, &low);
    return DuplicateAboveLimit(0, 1500) == 99;
  }));
  EXPECT_TRUE(InChild([] {
    const rlimit low = {64, 64};
    setrlimit(RLIMIT_NOFILE, &low);
    return DuplicateAboveLimit(0, 1500) < 0;
  }));
}

}  // namespace
}  // namespace filemon
