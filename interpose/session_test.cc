// Joining a session happens once in a process: each case has its own.
#include "interpose/session.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "interpose/fake_collector.h"
#include "interpose/fake_image.h"
#include "interpose/pipe_place.h"
#include "interpose/preload.h"
#include "interpose/process.h"
#include "interpose/sys.h"

namespace filemon {
namespace {

// Stops a case with the line that failed.
#define CHECK_CHILD(condition)                                        \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      _exit(1);                                                       \
    }                                                                 \
  } while (false)

// Runs `body` in a process of its own.
testing::AssertionResult InChild(const std::function<void()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  int status;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) {
    return testing::AssertionFailure() << "no child";
  }
  if (status == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "wait status " << status;
}

uint64_t InodeOf(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

int FirstFree() {
  const int fd = dup(STDIN_FILENO);
  close(fd);
  return fd;
}

class SessionTest : public ::testing::Test {
 protected:
  // The calling process has inherited the pipe and `value`.
  void Inherit(const std::string& value) {
    setenv("FILEMON_SESSION", value.c_str(), 1);
    setenv("LD_PRELOAD", "libx.so:/l/$LIB/libfilemon.so liby.so", 1);
  }

  std::string Value() const {
    return collector_.SessionValue(collector_.writer(), 7);
  }

  FakeCollector collector_;
};

TEST_F(SessionTest, JoinsOnceAndReportsTheImage) {
  EXPECT_TRUE(InChild([&] {
    Inherit(Value());
    CHECK_CHILD(Tracing());
    CHECK_CHILD(Tracing());
    CHECK_CHILD(g_image_starts == 1);
    CHECK_CHILD(ThisSession().fd == collector_.writer());
    CHECK_CHILD(IsOurs(collector_.writer()));
    CHECK_CHILD(!IsOurs(0));
    CHECK_CHILD(ThisSession().pid == getpid());
    CHECK_CHILD(std::string(g_preload.entry) == "/l/$LIB/libfilemon.so");
  }));
}

TEST_F(SessionTest, HandsItselfOn) {
  const std::string inherited = Value();
  EXPECT_TRUE(InChild([&] {
    Inherit(inherited);
    CHECK_CHILD(Tracing());
    char value[kSessionValueSize];
    WriteSessionValue(CurrentProcess(), 0, value);
    const std::string own(value);
    const size_t common = inherited.size() - 32;
    CHECK_CHILD(own.substr(0, common) == inherited.substr(0, common));
    char tail[33];
    snprintf(tail, sizeof(tail), "%010d:0000000007:0000000000", getpid());
    CHECK_CHILD(own.substr(common) == tail);
    WriteSessionValue(CurrentProcess(), 4711, value);
    CHECK_CHILD(std::string(value).substr(common + 22) == "0000004711");
  }));
}

TEST_F(SessionTest, TellsTheStartOfAnotherSession) {
  const std::string inherited = Value();
  EXPECT_TRUE(InChild([&] {
    Inherit(inherited);
    CHECK_CHILD(Tracing());
    const std::string inode = std::to_string(ThisSession().inode);
    const size_t at = inherited.find(":" + inode + ":") + 1;
    CHECK_CHILD(at != 0);
    // The first fields are the version and the pipe's and the collector's.
    const auto made_by = [&](pid_t collector, const std::string& other) {
      std::string value = inherited;
      value.replace(at, inode.size(), other);
      const size_t pid = value.find(':', value.find(':') + 1) + 1;
      value.replace(pid, value.find(':', pid) - pid, std::to_string(collector));
      return value;
    };
    CHECK_CHILD(BeginsAnotherSession(made_by(getppid(), inode + "1").c_str()));
    CHECK_CHILD(BeginsAnotherSession(made_by(getpid(), inode + "1").c_str()));
    CHECK_CHILD(!BeginsAnotherSession(made_by(1, inode + "1").c_str()));
    CHECK_CHILD(!BeginsAnotherSession(made_by(getppid(), inode).c_str()));
    CHECK_CHILD(!BeginsAnotherSession(inherited.c_str()));
    for (const char* value : {"", "1", "1:2:3", "::::", "1:2:3:4:x"}) {
      CHECK_CHILD(!BeginsAnotherSession(value));
    }
  }));
}

TEST_F(SessionTest, WithoutAVariableIsDormant) {
  EXPECT_TRUE(InChild([&] {
    unsetenv("FILEMON_SESSION");
    CHECK_CHILD(!Tracing());
    CHECK_CHILD(g_image_starts == 0);
    // A session that comes later is not for this image.
    Inherit(Value());
    CHECK_CHILD(!Tracing());
    CHECK_CHILD(!IsOurs(-1));
  }));
}

TEST_F(SessionTest, WithAMalformedVariableIsDormant) {
  const std::string value = Value();
  const std::string rest = value.substr(2);
  for (const std::string& bad :
       {std::string(), std::string("x"), value.substr(0, value.rfind(':')),
        value + ":", value + "x", value + ":1", " " + value, "3:" + rest,
        "4:-1" + value.substr(value.find(':', 2)),
        "4:2147483648" + value.substr(value.find(':', 2)),
        value.substr(0, value.rfind(':')) + ":4294967296",
        "4::" + rest.substr(rest.find(':') + 1)}) {
    EXPECT_TRUE(InChild([&] {
      Inherit(bad);
      CHECK_CHILD(!Tracing());
      CHECK_CHILD(ThisSession().fd == -1);
    })) << bad;
  }
}

// The descriptor was closed, or its number is another file's by now.
TEST_F(SessionTest, GetsThePipeBackAtTheStart) {
  EXPECT_TRUE(InChild([&] {
    const int other = open("/dev/null", O_RDONLY);
    Inherit(collector_.SessionValue(other, 7));
    const uint64_t inode = InodeOf(collector_.writer());
    CHECK_CHILD(Tracing());
    CHECK_CHILD(ThisSession().fd != other);
    CHECK_CHILD(InodeOf(ThisSession().fd) == inode);
  }));
}

TEST_F(SessionTest, ARecoveredPipeIsFitForUse) {
  EXPECT_TRUE(InChild([&] {
    collector_.Attach();
    close(ThisSession().fd);
    const int free = FirstFree();
    CHECK_CHILD(RecoverPipe());
    // A pipe that has a reader in each writer raises no SIGPIPE.
    const int flags = fcntl(ThisSession().fd, F_GETFL);
    CHECK_CHILD((flags & O_ACCMODE) == O_RDWR);
    CHECK_CHILD((flags & O_NONBLOCK) != 0);
    // It survives an exec and keeps out of the program's way.
    CHECK_CHILD(fcntl(ThisSession().fd, F_GETFD) == 0);
    CHECK_CHILD(ThisSession().fd >= 100);
    CHECK_CHILD(FirstFree() == free);
  }));
}

TEST_F(SessionTest, IsRecoveredWithinTheLimitOfDescriptors) {
  EXPECT_TRUE(InChild([&] {
    collector_.Attach();
    close(ThisSession().fd);
    rlimit limit = {64, 64};
    setrlimit(RLIMIT_NOFILE, &limit);
    CHECK_CHILD(RecoverPipe());
    CHECK_CHILD(ThisSession().fd >= 32 && ThisSession().fd < 64);
    CHECK_CHILD(InodeOf(ThisSession().fd) == ThisSession().inode);
  }));
}

TEST_F(SessionTest, IsNotRecoveredFromAnotherFile) {
  EXPECT_TRUE(InChild([&] {
    Inherit(Value());
    CHECK_CHILD(Tracing());
    ThisSession().collector_fd = open("/dev/null", O_RDWR);
    const int free = FirstFree();
    CHECK_CHILD(!RecoverPipe());
    CHECK_CHILD(!Tracing());
    CHECK_CHILD(ThisSession().fd == -1);
    CHECK_CHILD(FirstFree() == free);
  }));
}

TEST_F(SessionTest, YieldsItsNumber) {
  EXPECT_TRUE(InChild([&] {
    collector_.Attach();
    const int old = ThisSession().fd;
    YieldDescriptor();
    CHECK_CHILD(ThisSession().fd > old);
    CHECK_CHILD(InodeOf(ThisSession().fd) == ThisSession().inode);
    CHECK_CHILD(!IsOurs(old));
    CHECK_CHILD(fcntl(old, F_GETFD) == -1);
  }));
}

// A system call that no wrapper saw has closed the pipe.
TEST_F(SessionTest, KnowsAFileInItsPlace) {
  EXPECT_TRUE(InChild([&] {
    collector_.Attach();
    CHECK_CHILD(PipeIsInPlace());
    const int number = ThisSession().fd;
    const int file = open("/dev/null", O_RDWR);
    CHECK_CHILD(dup2(file, number) == number);
    CHECK_CHILD(!PipeIsInPlace());
    const uint64_t inode = InodeOf(file);
    CHECK_CHILD(GivenDescriptor(number) == number);
    CHECK_CHILD(!IsOurs(number));
    CHECK_CHILD(PipeIsInPlace());
    CHECK_CHILD(InodeOf(number) == inode);
  }));
}

TEST_F(SessionTest, GivesUpANumberThatTheProgramWasGiven) {
  EXPECT_TRUE(InChild([&] {
    Inherit(Value());
    CHECK_CHILD(Tracing());
    const int number = ThisSession().fd;
    CHECK_CHILD(GivenDescriptor(number + 1) == number + 1);
    CHECK_CHILD(ThisSession().fd == number);
    CHECK_CHILD(dup2(STDIN_FILENO, number) == number);
    CHECK_CHILD(GivenDescriptor(number) == number);
    CHECK_CHILD(!IsOurs(number));
    CHECK_CHILD(PipeIsInPlace());
  }));
}

TEST_F(SessionTest, GoesAheadOfTheProgramsNumbers) {
  EXPECT_TRUE(InChild([&] {
    Inherit(Value());
    CHECK_CHILD(Tracing());
    const rlimit limit = {4000, 4000};
    setrlimit(RLIMIT_NOFILE, &limit);
    const int old = ThisSession().fd;
    const int kFar = static_cast<int>(kNear) + 1;
    CHECK_CHILD(GivenDescriptor(old - kFar) == old - kFar);
    CHECK_CHILD(ThisSession().fd == old);
    CHECK_CHILD(GivenDescriptor(old - 1) == old - 1);
    CHECK_CHILD(ThisSession().fd > old);
    CHECK_CHILD(PipeIsInPlace());
    CHECK_CHILD(fcntl(old, F_GETFD) == -1);
  }));
}

TEST_F(SessionTest, YieldsDownwardsAtTheLimitOfDescriptors) {
  EXPECT_TRUE(InChild([&] {
    collector_.Attach();
    const int old = ThisSession().fd;
    rlimit limit = {static_cast<rlim_t>(old) + 1, static_cast<rlim_t>(old) + 1};
    setrlimit(RLIMIT_NOFILE, &limit);
    YieldDescriptor();
    CHECK_CHILD(ThisSession().fd >= 0 && ThisSession().fd < old);
    CHECK_CHILD(InodeOf(ThisSession().fd) == ThisSession().inode);
  }));
}

TEST_F(SessionTest, WaitsForADescriptorWhenNoneIsLeft) {
  EXPECT_TRUE(InChild([&] {
    Inherit(Value());
    CHECK_CHILD(Tracing());
    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_max = limit.rlim_cur;
    setrlimit(RLIMIT_NOFILE, &limit);
    while (dup(STDIN_FILENO) >= 0) continue;
    const int number = ThisSession().fd;
    YieldDescriptor();
    CHECK_CHILD(ThisSession().fd == kNoDescriptor);
    CHECK_CHILD(dup(STDIN_FILENO) == number);
    CHECK_CHILD(Tracing());
    CHECK_CHILD(!RecoverPipe());
    CHECK_CHILD(Tracing());
    close(STDIN_FILENO);
    CHECK_CHILD(RecoverPipe());
    CHECK_CHILD(PipeIsInPlace());
  }));
}

// It has two locks, as a filter of system calls may deny one of them to it or
// to us; its end gives up both.
TEST_F(SessionTest, KnowsWhetherTheCollectorLives) {
  EXPECT_TRUE(InChild([&] {
    collector_.Attach();
    CHECK_CHILD(CollectorLives());
    CHECK_CHILD(CollectorLives());
    const int collectors = ThisSession().collector_fd;
    flock(collectors, LOCK_UN);
    CHECK_CHILD(sys::IsLocked(ThisSession().fd, false));
    CHECK_CHILD(CollectorLives());
    struct flock none = {};
    none.l_type = F_UNLCK;
    fcntl(collectors, F_OFD_SETLK, &none);
    CHECK_CHILD(!sys::IsLocked(ThisSession().fd, true));
    CHECK_CHILD(!CollectorLives());
    flock(collectors, LOCK_EX);
    CHECK_CHILD(CollectorLives());
  }));
}

}  // namespace
}  // namespace filemon
