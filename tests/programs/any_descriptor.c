// Calls that take or make a descriptor and name no file. They make no record,
// and must not be told of, or given, what is not the program's.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "tests/programs/case.h"

// Descriptors that were never opened; filemon's lie among or above them.
static const int kNobodys[] = {-1, 999, 1000, 1023, 1024, 1025, 65535};

#define EACH_OF_NOBODYS(call)                                     \
  do {                                                            \
    for (size_t i = 0; i < sizeof(kNobodys) / sizeof(int); ++i) { \
      const int nobodys = kNobodys[i];                            \
      FAILS(EBADF, call);                                         \
    }                                                             \
  } while (0)

static int Open(void) {
  MakeFile("a");
  const int fd = open("a", O_RDWR);
  CHECK(fd >= 0);
  return fd;
}

#define TAKES_A_FILE(name, right, wrong) \
  CASE(name) {                           \
    const int fd = Open();               \
    SUCCEEDS(right);                     \
    EACH_OF_NOBODYS(wrong);              \
  }

TAKES_A_FILE(fchmod, fchmod(fd, 0600) == 0, fchmod(nobodys, 0600) == -1)
TAKES_A_FILE(fchown, fchown(fd, -1, -1) == 0, fchown(nobodys, -1, -1) == -1)
TAKES_A_FILE(fsync, fsync(fd) == 0, fsync(nobodys) == -1)
TAKES_A_FILE(fdatasync, fdatasync(fd) == 0, fdatasync(nobodys) == -1)
TAKES_A_FILE(futimens, futimens(fd, NULL) == 0, futimens(nobodys, NULL) == -1)
TAKES_A_FILE(ftruncate, ftruncate(fd, 9) == 0, ftruncate(nobodys, 9) == -1)
TAKES_A_FILE(ftruncate64, ftruncate64(fd, 9) == 0,
             ftruncate64(nobodys, 9) == -1)
TAKES_A_FILE(lseek, lseek(fd, 2, SEEK_SET) == 2,
             lseek(nobodys, 0, SEEK_SET) == -1)
TAKES_A_FILE(lseek64, lseek64(fd, 2, SEEK_SET) == 2,
             lseek64(nobodys, 0, SEEK_SET) == -1)
off_t __lseek(int fd, off_t offset, int whence);
TAKES_A_FILE(__lseek, __lseek(fd, 2, SEEK_SET) == 2,
             __lseek(nobodys, 0, SEEK_SET) == -1)
TAKES_A_FILE(lockf, lockf(fd, F_TLOCK, 0) == 0,
             lockf(nobodys, F_TLOCK, 0) == -1)
TAKES_A_FILE(lockf64, lockf64(fd, F_TLOCK, 0) == 0,
             lockf64(nobodys, F_TLOCK, 0) == -1)
CASE(flock) {
  const int fd = Open();
  // A container may refuse it.
  flock(fd, LOCK_SH | LOCK_NB);
  EACH_OF_NOBODYS(flock(nobodys, LOCK_SH) == -1);
}

#define TELLS_OF_A_FILE(name, type)                     \
  CASE(name) {                                          \
    const int fd = Open();                              \
    struct type told;                                   \
    SUCCEEDS(name(fd, &told) == 0 && told.f_bsize > 0); \
    EACH_OF_NOBODYS(name(nobodys, &told) == -1);        \
  }
TELLS_OF_A_FILE(fstatfs, statfs)
TELLS_OF_A_FILE(fstatfs64, statfs64)
TELLS_OF_A_FILE(fstatvfs, statvfs)
TELLS_OF_A_FILE(fstatvfs64, statvfs64)

CASE(isatty) {
  const int fd = Open();
  FAILS(ENOTTY, isatty(fd) == 0);
  EACH_OF_NOBODYS(isatty(nobodys) == 0);
}
CASE(tcgetattr) {
  const int fd = Open();
  struct termios told;
  FAILS(ENOTTY, tcgetattr(fd, &told) == -1);
  EACH_OF_NOBODYS(tcgetattr(nobodys, &told) == -1);
}

static void TryFdopen(FILE* (*f)(int, const char*)) {
  FILE* const stream = f(Open(), "r+");
  CHECK(stream != NULL && fgetc(stream) != EOF && fclose(stream) == 0);
  EACH_OF_NOBODYS(f(nobodys, "r") == NULL);
}
CASE(fdopen) { TryFdopen(fdopen); }
FILE* _IO_fdopen(int fd, const char* mode);
CASE(_IO_fdopen) { TryFdopen(_IO_fdopen); }

// ---- New ones, which are the lowest that are free

#define MAKES_ONE(name, call)                 \
  CASE(name) {                                \
    const int lowest = dup(STDIN_FILENO);     \
    CHECK(lowest >= 0 && close(lowest) == 0); \
    SUCCEEDS(call == lowest);                 \
    CHECK(close(lowest) == 0);                \
  }

MAKES_ONE(socket, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
MAKES_ONE(epoll_create, epoll_create(1))
MAKES_ONE(epoll_create1, epoll_create1(EPOLL_CLOEXEC))
MAKES_ONE(eventfd, eventfd(0, EFD_CLOEXEC))
MAKES_ONE(inotify_init, inotify_init())
MAKES_ONE(inotify_init1, inotify_init1(IN_CLOEXEC))
MAKES_ONE(memfd_create, memfd_create("m", MFD_CLOEXEC))
CASE(signalfd) {
  sigset_t none;
  sigemptyset(&none);
  const int lowest = dup(STDIN_FILENO);
  CHECK(lowest >= 0 && close(lowest) == 0);
  SUCCEEDS(signalfd(-1, &none, SFD_CLOEXEC) == lowest);
  SUCCEEDS(signalfd(lowest, &none, 0) == lowest);
  for (size_t i = 1; i < sizeof(kNobodys) / sizeof(int); ++i) {
    FAILS(EBADF, signalfd(kNobodys[i], &none, 0) == -1);
  }
}
MAKES_ONE(timerfd_create, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC))

CASE(pidfd_open) {
  int (*f)(pid_t, unsigned) =
      (int (*)(pid_t, unsigned))dlsym(RTLD_DEFAULT, "pidfd_open");
  if (f == NULL) return;
  const int fd = f(getpid(), 0);
  CHECK(fd >= 0 || errno == ENOSYS || errno == EPERM);
}

#define MAKES_TWO(name, call)                                        \
  CASE(name) {                                                       \
    const int lowest = dup(STDIN_FILENO);                            \
    CHECK(lowest >= 0 && close(lowest) == 0);                        \
    int fds[2];                                                      \
    SUCCEEDS(call == 0 && fds[0] == lowest && fds[1] == lowest + 1); \
    CHECK(write(fds[1], "x", 1) == 1);                               \
    char c;                                                          \
    CHECK(read(fds[0], &c, 1) == 1 && c == 'x');                     \
  }
MAKES_TWO(pipe, pipe(fds))
int __pipe(int fds[2]);
MAKES_TWO(__pipe, __pipe(fds))
MAKES_TWO(pipe2, pipe2(fds, O_CLOEXEC))
MAKES_TWO(socketpair, socketpair(AF_UNIX, SOCK_STREAM, 0, fds))

static void TryAccept(int (*f)(int, struct sockaddr*, socklen_t*)) {
  // An address that the kernel chooses.
  struct sockaddr address = {.sa_family = AF_UNIX};
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(bind(listener, &address, sizeof(sa_family_t)) == 0);
  CHECK(listen(listener, 1) == 0);
  struct sockaddr_storage name;
  socklen_t size = sizeof(name);
  CHECK(getsockname(listener, (struct sockaddr*)&name, &size) == 0);
  const int client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(connect(client, (struct sockaddr*)&name, size) == 0);
  SUCCEEDS(f(listener, NULL, NULL) == client + 1);
  EACH_OF_NOBODYS(f(nobodys, NULL, NULL) == -1);
}
static int Accept4(int fd, struct sockaddr* address, socklen_t* size) {
  return accept4(fd, address, size, SOCK_CLOEXEC);
}
CASE(accept) { TryAccept(accept); }
CASE(accept4) { TryAccept(Accept4); }

CASE(epoll_ctl) {
  const int epoll = epoll_create1(0);
  int fds[2];
  CHECK(epoll >= 0 && pipe(fds) == 0);
  struct epoll_event event = {.events = EPOLLIN};
  SUCCEEDS(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event) == 0);
  EACH_OF_NOBODYS(epoll_ctl(epoll, EPOLL_CTL_ADD, nobodys, &event) == -1);
}

// ---- Lists of descriptors, and what they lead to

// A number for the name of a descriptor, -1 for "." and "..".
static int Number(const char* name) { return name[0] == '.' ? -1 : atoi(name); }

static void ExpectOurs(const char* name) {
  const int fd = Number(name);
  if (fd >= 0) CHECK(fcntl(fd, F_GETFD) >= 0);
}

#define LISTS(name, entry)                                     \
  CASE(name) {                                                 \
    DIR* const dir = opendir("/proc/self/fd");                 \
    CHECK(dir != NULL);                                        \
    int found = 0;                                             \
    for (struct entry * e; (e = name(dir)) != NULL; ++found) { \
      ExpectOurs(e->d_name);                                   \
    }                                                          \
    CHECK(found >= 5);                                         \
  }
LISTS(readdir, dirent)
LISTS(readdir64, dirent64)

#define LISTS_R(name, entry)                          \
  CASE(name) {                                        \
    DIR* const dir = opendir("/proc/self/fd");        \
    CHECK(dir != NULL);                               \
    int found = 0;                                    \
    struct entry e, *got;                             \
    while (name(dir, &e, &got) == 0 && got != NULL) { \
      ExpectOurs(e.d_name);                           \
      ++found;                                        \
    }                                                 \
    CHECK(found >= 5);                                \
  }
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
LISTS_R(readdir_r, dirent)
LISTS_R(readdir64_r, dirent64)

CASE(getdents64) {
  const int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
  char buffer[4096];
  const ssize_t size = getdents64(dir, buffer, sizeof(buffer));
  CHECK(size > 0);
  for (ssize_t at = 0; at < size;) {
    const struct dirent64* const e = (const struct dirent64*)(buffer + at);
    ExpectOurs(e->d_name);
    at += e->d_reclen;
  }
}

ssize_t __readlink_chk(const char* path, char* buffer, size_t size,
                       size_t room);
ssize_t __readlinkat_chk(int dir, const char* path, char* buffer, size_t size,
                         size_t room);
#define READS_LINKS(name, call)                            \
  CASE(name) {                                             \
    CHECK(symlink("target", "link") == 0);                 \
    char text[64];                                         \
    const char* path = "link";                             \
    SUCCEEDS(call == 6 && memcmp(text, "target", 6) == 0); \
    path = "/proc/self/fd/0";                              \
    SUCCEEDS(call > 0);                                    \
    path = "/proc/self/fd/999";                            \
    FAILS(ENOENT, call == -1);                             \
    path = "/proc/self/fd/1000";                           \
    FAILS(ENOENT, call == -1);                             \
  }
READS_LINKS(readlink, readlink(path, text, sizeof(text)))
READS_LINKS(readlinkat, readlinkat(AT_FDCWD, path, text, sizeof(text)))
READS_LINKS(__readlink_chk,
            __readlink_chk(path, text, sizeof(text), sizeof(text)))
READS_LINKS(__readlinkat_chk,
            __readlinkat_chk(AT_FDCWD, path, text, sizeof(text), sizeof(text)))

// ---- The limit of their numbers

static void ExpectLimit(rlim_t wanted) {
  int last = -1, fd;
  while ((fd = dup(STDIN_FILENO)) >= 0) last = fd;
  CHECK(errno == EMFILE);
  CHECK(last == (int)wanted - 1);
  CHECK(open("a", O_RDONLY) == -1);
  for (fd = 3; fd <= last; ++fd) close(fd);
  CHECK(open("a", O_RDONLY) >= 0);
}

#define SETS_THE_LIMIT(name, type, call)                          \
  CASE(name) {                                                    \
    MakeFile("a");                                                \
    struct type limit;                                            \
    CHECK(getrlimit(RLIMIT_NOFILE, (struct rlimit*)&limit) == 0); \
    limit.rlim_cur = 100;                                         \
    SUCCEEDS(call == 0);                                          \
    ExpectLimit(100);                                             \
    limit.rlim_cur = 200;                                         \
    SUCCEEDS(call == 0);                                          \
    ExpectLimit(200);                                             \
  }
SETS_THE_LIMIT(setrlimit, rlimit, setrlimit(RLIMIT_NOFILE, &limit))
SETS_THE_LIMIT(setrlimit64, rlimit64, setrlimit64(RLIMIT_NOFILE, &limit))
SETS_THE_LIMIT(prlimit, rlimit, prlimit(0, RLIMIT_NOFILE, &limit, NULL))
SETS_THE_LIMIT(prlimit64, rlimit64, prlimit64(0, RLIMIT_NOFILE, &limit, NULL))
