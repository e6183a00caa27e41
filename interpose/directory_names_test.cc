#include "interpose/directory_names.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "interpose/guest_sessions.h"
#include "interpose/process.h"
#include "interpose/report.h"

namespace filemon {
namespace {

// The name given for `fd`, "-" if none is.
std::string Name(int fd, size_t size = PATH_MAX) {
  std::string out(size, '#');
  return DirectoryName(fd, &out[0], size) ? out.c_str() : "-";
}

class DirectoryNamesTest : public ::testing::Test {
 protected:
  DirectoryNamesTest() {
    ForgetDirectoryNames();  // of the test before
    std::string name = testing::TempDir() + "/namesXXXXXX";
    char real[PATH_MAX];
    top_ = realpath(mkdtemp(&name[0]), real);
  }
  ~DirectoryNamesTest() override {
    EXPECT_EQ(system(("rm -r '" + top_ + "'").c_str()), 0);
  }

  // The path of a new directory.
  std::string Make(const std::string& name) const {
    const std::string path = top_ + "/" + name;
    EXPECT_EQ(mkdir(path.c_str(), 0700), 0);
    return path;
  }

  static int Open(const std::string& path) {
    return open(path.c_str(), O_RDONLY | O_DIRECTORY);
  }

  std::string top_;
};

TEST_F(DirectoryNamesTest, GivesTheSameNameEachTime) {
  const std::string path = Make("a");
  const int fd = Open(path);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Name(fd), path);
  close(fd);
}

TEST_F(DirectoryNamesTest, IsRemembered) {
  const int fd = Open(Make("a"));
  const int other = Open(Make("b"));
  // Until one question and the next fall into one tick of the clock.
  for (std::string name = "-"; name != top_ + "/a";) {
    ASSERT_EQ(dup2(other, fd), fd);
    ForgetDirectoryName(fd);
    close(fd);
    ASSERT_EQ(Open(top_ + "/a"), fd);
    EXPECT_EQ(Name(fd), top_ + "/a");
    // Behind its back.
    ASSERT_EQ(dup2(other, fd), fd);
    name = Name(fd);
  }
  close(fd);
  close(other);
}

TEST_F(DirectoryNamesTest, IsNotRememberedForLong) {
  const int fd = Open(Make("a"));
  const int other = Open(Make("b"));
  EXPECT_EQ(Name(fd), top_ + "/a");
  ASSERT_EQ(dup2(other, fd), fd);
  const auto now = [] {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return time.tv_sec * 1000000000 + time.tv_nsec;
  };
  const int64_t start = now();
  while (now() - start <= kDirectoryNameAge) {
  }
  EXPECT_EQ(Name(fd), top_ + "/b");
  close(fd);
  close(other);
}

TEST_F(DirectoryNamesTest, ADescriptorThatIsNoneHasNoName) {
  const int fd = Open(Make("a"));
  EXPECT_NE(Name(fd), "-");
  ForgetDirectoryName(fd);
  close(fd);
  EXPECT_EQ(Name(fd), "-");
  EXPECT_EQ(Name(-1), "-");
}

TEST_F(DirectoryNamesTest, ANumberMayStandForAnotherDirectorySoon) {
  const std::string a = Make("a");
  const std::string b = Make("b");
  const int fd = Open(a);
  const int other = Open(b);
  EXPECT_EQ(Name(fd), a);
  ASSERT_EQ(dup2(other, fd), fd);
  ForgetDirectoryName(fd);
  EXPECT_EQ(Name(fd), b);
  close(fd);
  close(other);
}

// They share an entry.
TEST_F(DirectoryNamesTest, NumbersFarApartAreKeptApart) {
  const std::string a = Make("a");
  const std::string b = Make("b");
  const int fds[] = {fcntl(Open(a), F_DUPFD, 128), fcntl(Open(b), F_DUPFD, 160),
                     fcntl(Open(a), F_DUPFD, 192)};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Name(fds[0]), a);
    EXPECT_EQ(Name(fds[1]), b);
    EXPECT_EQ(Name(fds[2]), a);
  }
  // To forget one is not to forget another.
  ForgetDirectoryName(fds[1]);
  EXPECT_EQ(Name(fds[0]), a);
  EXPECT_EQ(Name(fds[1]), b);
  for (const int fd : fds) close(fd);
}

TEST_F(DirectoryNamesTest, OurOwnRenameIsHeeded) {
  const std::string a = Make("a");
  const std::string b = top_ + "/b";
  const int fd = Open(a);
  EXPECT_EQ(Name(fd), a);
  ASSERT_EQ(rename(a.c_str(), b.c_str()), 0);
  ReportRename(PathAt::Here(a.c_str()), PathAt::Here(b.c_str()));
  EXPECT_EQ(Name(fd), b);
  ASSERT_EQ(rename(b.c_str(), a.c_str()), 0);
  ForgetDirectoryNames();
  EXPECT_EQ(Name(fd), a);
  close(fd);
}

// A name is never read from before a descriptor was replaced, however many ask
// for it meanwhile.
TEST_F(DirectoryNamesTest, WhatIsReplacedIsForgottenUnderAReadersHands) {
  const std::string names[] = {Make("a"), Make("b")};
  const int directories[] = {Open(names[0]), Open(names[1])};
  const int fd = dup(directories[0]);
  std::atomic<bool> stop(false);
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const std::string name = Name(fd);
        EXPECT_TRUE(name == names[0] || name == names[1]) << name;
      }
    });
  }
  for (int i = 0; i < 20000 && !HasFailure(); ++i) {
    EXPECT_EQ(dup2(directories[i % 2], fd), fd);
    ForgetDirectoryName(fd);
    EXPECT_EQ(Name(fd), names[i % 2]);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

// Whoever looks in another process's memory finds that process's numbers.
TEST_F(DirectoryNamesTest, NothingIsRememberedInSharedMemory) {
  const int fd = Open(Make("a"));
  const int other = Open(Make("b"));
  EXPECT_EQ(Name(fd), top_ + "/a");
  DistrustMemory();
  ASSERT_EQ(dup2(other, fd), fd);
  EXPECT_EQ(Name(fd), top_ + "/b");
  TrustMemory();
  ForgetDirectoryName(fd);
  ExpectGuest();
  EXPECT_EQ(Name(fd), top_ + "/b");
  ASSERT_EQ(dup2(Open(top_ + "/a"), fd), fd);
  EXPECT_EQ(Name(fd), top_ + "/a");
  GuestIsGone();
}

TEST_F(DirectoryNamesTest, NothingIsEverRememberedOfDistrustedDescriptors) {
  const int fd = Open(Make("a"));
  const int other = Open(Make("b"));
  const pid_t child = fork();
  if (child == 0) {
    const bool before = Name(fd) == top_ + "/a";
    DistrustDescriptors();
    dup2(other, fd);
    _exit(before && Name(fd) == top_ + "/b" ? 0 : 1);
  }
  int status;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(DirectoryNamesTest, ARemovedDirectoryIsMarked) {
  const std::string a = Make("a");
  const int fd = Open(a);
  EXPECT_EQ(Name(fd), a);
  ASSERT_EQ(rmdir(a.c_str()), 0);
  ForgetDirectoryNames();
  EXPECT_EQ(Name(fd), a + "/");
  close(fd);
}

TEST_F(DirectoryNamesTest, LongNamesAreRightToo) {
  const std::string a = Make(std::string(250, 'a'));
  // The table's last entry: ASan sees what is written past its end.
  const int fd = dup2(Open(a), 223);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Name(fd), a);
    EXPECT_EQ(Name(fd, a.size() + 2), a);
  }
  close(fd);
}

TEST_F(DirectoryNamesTest, ARememberedNameFitsOrIsNotGiven) {
  const std::string a = Make("a");
  const int fd = Open(a);
  EXPECT_EQ(Name(fd), a);
  EXPECT_NE(Name(fd, a.size()), a);
  close(fd);
}

}  // namespace
}  // namespace filemon
