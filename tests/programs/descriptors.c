// Programs that tidy up descriptors: filemon's own must neither go nor show.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/programs/case.h"

int __close(int);
int __dup2(int, int);
int __fcntl(int, int, ...);

static void TryClose(int (*f)(int)) {
  MakeFile("a");
  for (int fd = 3; fd < 1024; ++fd) FAILS(EBADF, f(fd) == -1);
  CHECK(open("a", O_RDONLY) == 3);
  SUCCEEDS(f(3) == 0);
  CHECK(open("a", O_RDONLY) == 3);
}
CASE(close) { TryClose(close); }
CASE(__close) { TryClose(__close); }

CASE(close_range) {
  NEEDS(SYS_close_range);
  MakeFile("a");
  SUCCEEDS(close_range(3, ~0U, 0) == 0);
  CHECK(open("a", O_RDONLY) == 3);
  SUCCEEDS(close_range(3, 2000, 0) == 0);
  CHECK(open("a", O_WRONLY) == 3);
  SUCCEEDS(close_range(0, ~0U, CLOSE_RANGE_CLOEXEC) == 0);
  CHECK((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
  const pid_t pid = fork();
  if (pid == 0) {
    execl("/bin/cat", "cat", "a", (char*)NULL);
    _exit(99);
  }
  ExpectExit(pid, 1);  // cat has no standard output
  FAILS(EINVAL, close_range(5, 3, 0) == -1);
  FAILS(EINVAL, close_range(3, 5, 1U << 20) == -1);
}
CASE(closefrom) {
  MakeFile("a");
  CHECK(open("a", O_RDONLY) == 3);
  closefrom(3);
  CHECK(open("a", O_RDWR) == 3);
  closefrom(-1);
  CHECK(open("a", O_RDONLY) == 0);
}

CASE(dup) {
  MakeFile("a");
  const int fd = open("a", O_RDONLY);
  SUCCEEDS(dup(fd) == fd + 1);
  FAILS(EBADF, dup(-1) == -1);
  int got;
  while ((got = dup(fd)) >= 0) CHECK(got < 1024);
  CHECK(errno == EMFILE);
  CHECK(close(500) == 0);
  CHECK(open("a", O_WRONLY) == 500);
}

static void TryDup2(int (*f)(int, int)) {
  MakeFile("a");
  const int fd = open("a", O_RDONLY);
  for (int to = 4; to < 1024; ++to) SUCCEEDS(f(fd, to) == to);
  char byte;
  for (int to = 4; to < 1024; ++to) CHECK(pread(to, &byte, 1, 0) == 1);
  CHECK(close(700) == 0);
  CHECK(open("a", O_WRONLY) == 700);
  FAILS(EBADF, f(-1, 5) == -1);
  FAILS(EBADF, f(fd, -1) == -1);
  SUCCEEDS(f(fd, fd) == fd);
}
CASE(dup2) { TryDup2(dup2); }
CASE(__dup2) { TryDup2(__dup2); }
CASE(dup3) {
  MakeFile("a");
  const int fd = open("a", O_RDONLY);
  for (int to = 4; to < 1024; ++to) SUCCEEDS(dup3(fd, to, O_CLOEXEC) == to);
  CHECK(close(700) == 0);
  CHECK(open("a", O_WRONLY) == 700);
  FAILS(EINVAL, dup3(fd, fd, 0) == -1);
}

static void TryFcntl(int (*f)(int, int, ...)) {
  MakeFile("a");
  const int fd = open("a", O_RDONLY);
  SUCCEEDS(f(fd, F_DUPFD, 100) == 100);
  SUCCEEDS(f(fd, F_DUPFD_CLOEXEC, 100) == 101);
  SUCCEEDS(f(101, F_GETFD) == FD_CLOEXEC);
  SUCCEEDS(f(101, F_SETFD, 0) == 0);
  SUCCEEDS(f(fd, F_GETFL) == (O_RDONLY | 0100000));
  struct flock lock = {.l_type = F_RDLCK};
  SUCCEEDS(f(fd, F_SETLK, &lock) == 0);
  FAILS(EBADF, f(-1, F_GETFD) == -1);
  FAILS(EINVAL, f(fd, F_DUPFD, 1 << 30) == -1);
  // Every free descriptor, one after the other.
  int got;
  while ((got = f(fd, F_DUPFD, 3)) >= 0) CHECK(got < 1024);
  CHECK(errno == EMFILE);
  CHECK(close(500) == 0);
  CHECK(open("a", O_WRONLY) == 500);
}
CASE(fcntl) { TryFcntl(fcntl); }
CASE(fcntl64) { TryFcntl(fcntl64); }
CASE(__fcntl) { TryFcntl(__fcntl); }

CASE(posix_close) {
  int (*f)(int, int) = (int (*)(int, int))dlsym(RTLD_DEFAULT, "posix_close");
  // Only musl has it; a preload may show it, and it must not crash.
  if (f != NULL) f(-1, 0);
}

// With very few descriptors.
CASE(small_limit) {
  MakeFile("a");
  const struct rlimit few = {16, 16};
  CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
  CHECK(open("a", O_RDONLY) >= 0);
  const pid_t pid = fork();
  if (pid == 0) {
    CHECK(open("a", O_RDWR) >= 0);
    execl("/bin/cat", "cat", "a", (char*)NULL);
    _exit(99);
  }
  ExpectExit(pid, 0);
}
