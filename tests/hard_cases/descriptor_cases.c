// Programs that take hold of descriptors that are not theirs. Each opens
// "seen-before", does its worst, checks that its own files hold nothing but its
// own bytes, and opens "seen-after".
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

// A system call that no library sees.
static long Inline(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}

static void Touch(const char* name) {
  const int fd = open(name, O_WRONLY | O_CREAT, 0666);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

static int Limit(void) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  return (int)limit.rlim_cur;
}

static void SetLimit(rlim_t now, rlim_t most) {
  const struct rlimit limit = {now, most};
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

// The highest descriptor: filemon's, where there is one. Asked in a way that
// does not drive it away.
static int Highest(void) {
  const int end = Limit() < 5000 ? 5000 : Limit();
  for (int fd = end - 1; fd > 10; --fd) {
    if (Inline(SYS_fcntl, fd, F_GETFD, 0) >= 0) return fd;
  }
  return Limit() - 1000 > 10 ? 1000 : Limit() - 1;
}

enum { kFiles = 40 };
static int files[kFiles];

static void FileName(char* name, int i) { sprintf(name, "file-%d", i); }

// Files on whatever numbers the program gets.
static void OpenFiles(void) {
  for (int i = 0; i < kFiles; ++i) {
    char name[16];
    FileName(name, i);
    files[i] = open(name, O_WRONLY | O_CREAT, 0666);
    CHECK(files[i] >= 0);
  }
}

static void CheckFile(const char* name, const char* text) {
  char bytes[4096] = "";
  const int fd = open(name, O_RDONLY);
  CHECK(fd >= 0);
  const ssize_t size = read(fd, bytes, sizeof(bytes));
  CHECK(size == (ssize_t)strlen(text));
  CHECK(memcmp(bytes, text, (size_t)size) == 0);
  CHECK(close(fd) == 0);
}

// Writes to each file; reports are on their way meanwhile.
static void CheckFiles(void) {
  for (int i = 0; i < kFiles; ++i) {
    CHECK(write(files[i], "text", 4) == 4);
    Touch("other");
  }
  for (int i = 0; i < kFiles; ++i) {
    char name[16];
    FileName(name, i);
    CHECK(close(files[i]) == 0);
    CheckFile(name, "text");
  }
}

static void Before(void) { Touch("seen-before"); }
static void After(void) {
  OpenFiles();
  CheckFiles();
  Touch("seen-after");
  CHECK(system(": > seen-shell") == 0);
}

static void CloseUpTo(int end) {
  Before();
  for (int fd = 3; fd < end; ++fd) FAILS(EBADF, close(fd) == -1);
  After();
}
CASE(close_to_1023) { CloseUpTo(1024); }
CASE(close_to_limit) { CloseUpTo(Limit()); }
CASE(closefrom) {
  // Without close_range() libc needs /proc, and ends a program that has
  // neither.
  if (access("/proc/self/fd", R_OK) != 0) NEEDS(SYS_close_range);
  Before();
  closefrom(3);
  After();
}
static void CloseRange(unsigned flags) {
  NEEDS(SYS_close_range);
  Before();
  CHECK(close_range(3, ~0U, (int)flags) == 0);
  After();
}
CASE(close_range) { CloseRange(0); }
CASE(close_range_cloexec) { CloseRange(CLOSE_RANGE_CLOEXEC); }
CASE(close_range_unshare) { CloseRange(CLOSE_RANGE_UNSHARE); }
CASE(close_range_unshare_cloexec) {
  CloseRange(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC);
}
CASE(syscall_close_range) {
  NEEDS(SYS_close_range);
  Before();
  CHECK(syscall(SYS_close_range, 3, ~0U, 0) == 0);
  After();
}

// A thread with a table of its own.
static void* Unshare(void* data) {
  CHECK(unshare(CLONE_FILES) == 0);
  CHECK(close_range(3, ~0U, 0) == 0);
  Touch("seen-thread");
  return data;
}
CASE(unshare_in_a_thread) {
  NEEDS(SYS_close_range);
  pthread_t thread;
  Before();
  CHECK(pthread_create(&thread, NULL, Unshare, NULL) == 0);
  pthread_join(thread, NULL);
  After();
}

// Whoever has the number now must find its own file there.
static void Overwrite(int (*duplicate)(int, int)) {
  Before();
  const int number = Highest();
  const int fd = open("mine", O_WRONLY | O_CREAT | O_APPEND, 0666);
  SUCCEEDS(duplicate(fd, number) == number);
  CHECK(write(number, "one", 3) == 3);
  Touch("seen-between");
  CHECK(write(number, "two", 3) == 3);
  // Where it went to is as little the program's.
  const int other = Highest();
  if (other != number) {
    SUCCEEDS(duplicate(fd, other) == other);
    CHECK(write(other, "three", 5) == 5);
    Touch("seen-again");
    CHECK(close(other) == 0);
  } else {
    Touch("seen-again");
  }
  CHECK(close(number) == 0);
  CHECK(close(fd) == 0);
  After();
}
static int Dup3(int from, int to) { return dup3(from, to, O_CLOEXEC); }
static int SyscallDup2(int from, int to) {
  return (int)syscall(SYS_dup2, from, to);
}
CASE(dup2) { Overwrite(dup2); }
CASE(dup3) { Overwrite(Dup3); }
CASE(syscall_dup2) { Overwrite(SyscallDup2); }

// Takes all numbers.
CASE(every_number) {
  SetLimit(1024, 20000);
  Before();
  const int fd = open("mine", O_WRONLY | O_CREAT | O_APPEND, 0666);
  for (int to = fd + 1; to < 1024; ++to) CHECK(dup2(fd, to) == to);
  FAILS(EMFILE, open("mine", O_RDONLY) == -1);
  CHECK(close(700) == 0);
  const int again = open("seen-one", O_WRONLY | O_CREAT, 0666);
  CHECK(again == 700);
  CHECK(close(again) == 0);
  for (int to = fd + 1; to < 1024; ++to) {
    if (to != 700) CHECK(write(to, "x", 1) == 1);
  }
  struct stat status;
  CHECK(fstat(fd, &status) == 0);
  CHECK(status.st_size == 1024 - fd - 2);
  for (int to = fd; to < 1024; ++to) {
    if (to != 700) CHECK(close(to) == 0);
  }
  After();
}

CASE(fcntl_near_it) {
  Before();
  const int number = Highest();
  const int fd = open("mine", O_WRONLY | O_CREAT | O_APPEND, 0666);
  for (int i = 0; i < 5; ++i) {
    const int copy = fcntl(fd, F_DUPFD, number - 2);
    CHECK(copy >= number - 2);
    CHECK(write(copy, "x", 1) == 1);
    Touch("other");
  }
  FAILS(EBADF, fcntl(-1, F_DUPFD, number) == -1);
  CheckFile("mine", "xxxxx");
  closefrom(3);
  After();
}

// /proc/self/fd names what there is.
static void CloseListed(long (*close_one)(int)) {
  Before();
  int found[64];
  int count = 0;
  DIR* const directory = opendir("/proc/self/fd");
  CHECK(directory != NULL);
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    const int fd = atoi(entry->d_name);
    if (fd <= 2 || fd == dirfd(directory)) continue;
    CHECK(count < 64);
    found[count++] = fd;
  }
  CHECK(closedir(directory) == 0);
  // Who closes what was found is to succeed.
  for (int i = 0; i < count; ++i) CHECK(close_one(found[i]) == 0);
  After();
}
static long Close(int fd) { return close(fd); }
static long InlineClose(int fd) { return Inline(SYS_close, fd, 0, 0); }
CASE(close_listed) { CloseListed(Close); }
CASE(inline_close_listed) { CloseListed(InlineClose); }

CASE(inline_close) {
  Before();
  for (int fd = 3; fd < 1024; ++fd) InlineClose(fd);
  After();
}
CASE(inline_close_range) {
  Before();
  Inline(SYS_close_range, 3, ~0U, 0);
  After();
}
CASE(inline_cloexec) {
  Before();
  Inline(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
  After();
}
// The number is free for the taking before anything is reported.
static void TakeFreed(int (*take)(int from, int number)) {
  Before();
  const int number = Highest();
  const int fd = open("mine", O_WRONLY | O_CREAT | O_APPEND, 0666);
  InlineClose(number);
  CHECK(take(fd, number) == number);
  Touch("seen-between");
  CHECK(write(number, "mine", 4) == 4);
  CheckFile("mine", "mine");
  CHECK(close(number) == 0);
  CHECK(close(fd) == 0);
  After();
}
static int TakeByFcntl(int from, int number) {
  return fcntl(from, F_DUPFD, number);
}
static int TakeByFcntlSyscall(int from, int number) {
  return (int)syscall(SYS_fcntl, from, F_DUPFD_CLOEXEC, number);
}
CASE(inline_close_then_dup2) { TakeFreed(dup2); }
CASE(inline_close_then_dup3) { TakeFreed(Dup3); }
CASE(inline_close_then_fcntl) { TakeFreed(TakeByFcntl); }
CASE(inline_close_then_syscall_fcntl) { TakeFreed(TakeByFcntlSyscall); }
CASE(inline_close_then_syscall_dup2) { TakeFreed(SyscallDup2); }

// The number is the lowest free one.
static void TakeLowest(int (*take)(int from)) {
  Before();
  const int number = Highest();
  const int fd = open("mine", O_WRONLY | O_CREAT | O_APPEND, 0666);
  const int keep = dup(fd);
  for (int copy = 0; copy < number - 1;) {
    copy = dup(fd);
    CHECK(copy > 0);
  }
  InlineClose(number);
  const int taken = take(fd);
  CHECK(taken == number);
  CHECK(close(keep) == 0);
  Touch("seen-between");
  CHECK(write(taken, "mine", 4) == 4);
  CheckFile("mine", "mine");
  closefrom(3);
  After();
}
static int TakeByOpen(int from) {
  (void)from;
  return open("mine", O_WRONLY | O_CREAT | O_TRUNC, 0666);
}
static int TakeByFopen(int from) {
  (void)from;
  FILE* const file = fopen("mine", "w");
  CHECK(file != NULL);
  return fileno(file);
}
CASE(inline_close_then_open) { TakeLowest(TakeByOpen); }
CASE(inline_close_then_fopen) { TakeLowest(TakeByFopen); }
CASE(inline_close_then_dup) { TakeLowest(dup); }

static pid_t Spawn(const posix_spawn_file_actions_t* actions) {
  static char* arguments[] = {"sh", "-c", ": > seen-spawned", NULL};
  pid_t pid;
  CHECK(posix_spawn(&pid, "/bin/sh", actions, NULL, arguments, environ) == 0);
  return pid;
}
CASE(spawn_closing) {
  Before();
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  for (int fd = 3; fd < 1024 && fd < Limit(); ++fd) {
    CHECK(posix_spawn_file_actions_addclose(&actions, fd) == 0);
  }
  ExpectExit(Spawn(&actions), 0);
  CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
  After();
}
CASE(spawn_closefrom) {
  Before();
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  CHECK(posix_spawn_file_actions_addclosefrom_np(&actions, 3) == 0);
  ExpectExit(Spawn(&actions), 0);
  CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
  After();
}
CASE(spawn_overwriting) {
  Before();
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  for (int fd = 3; fd < 1024 && fd < Limit(); ++fd) {
    CHECK(posix_spawn_file_actions_adddup2(&actions, 1, fd) == 0);
  }
  ExpectExit(Spawn(&actions), 0);
  CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
  After();
}

static int CountDescriptors(void) {
  DIR* const directory = opendir("/proc/self/fd");
  CHECK(directory != NULL);
  int count = 0;
  while (readdir(directory) != NULL) ++count;
  CHECK(closedir(directory) == 0);
  return count;
}

// What a vfork child does to its descriptors is nothing to its parent, though
// both have the same memory.
CASE(vfork_dup2) {
  Before();
  const int number = Highest();
  const int fd = open("mine", O_WRONLY | O_CREAT | O_APPEND, 0666);
  const int count = CountDescriptors();
  const pid_t pid = vfork();
  if (pid == 0) {
    if (dup2(fd, number) != number) _exit(1);
    execl("/bin/sh", "sh", "-c", ": > seen-spawned", (char*)NULL);
    _exit(2);
  }
  ExpectExit(pid, 0);
  Touch("seen-between");
  CHECK(CountDescriptors() == count);
  CHECK(close(fd) == 0);
  CheckFile("mine", "");
  for (int i = 3; i < Limit(); ++i) {
    FAILS(EBADF, fcntl(i, F_GETFD) == -1);
    close(i);
  }
  After();
}

// What a test for leaked descriptors sees: by name, and by trying.
CASE(leaked) {
  DIR* const directory = opendir("/proc/self/fd");
  CHECK(directory != NULL);
  int low = 0;
  int all = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    ++all;
    if (atoi(entry->d_name) < 256) ++low;
  }
  CHECK(closedir(directory) == 0);
  CHECK(low == 4);
  CHECK(all == 4);
  for (int fd = 3; fd < 20000; ++fd) {
    FAILS(EBADF, fcntl(fd, F_GETFD) == -1);
    FAILS(EBADF, dup(fd) == -1);
  }
}

CASE(limit_lowered) {
  Before();
  SetLimit(64, 64);
  After();
}
CASE(limit_lowered_then_close_range) {
  NEEDS(SYS_close_range);
  Before();
  SetLimit(64, 64);
  CHECK(close_range(3, ~0U, 0) == 0);
  After();
}
CASE(limit_lowered_then_inline_close) {
  Before();
  SetLimit(64, 64);
  Inline(SYS_close_range, 3, ~0U, 0);
  After();
}
// Nothing left to open, and nothing of ours that could be in the way.
CASE(limit_of_three) {
  Before();
  SetLimit(3, 3);
  FAILS(EMFILE, open("mine", O_WRONLY | O_CREAT, 0666) == -1);
  CHECK(rename("seen-before", "seen-after") == 0);
  CHECK(unlink("seen-after") == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    CHECK(close(0) == 0);
    Touch("seen-child");
    execl("/bin/true", "true", (char*)NULL);
    _exit(1);
  }
  CHECK(pid > 0);
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
  printf("%x\n", (unsigned)status);
}
CASE(out_of_descriptors) {
  Before();
  for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;) {
    CHECK(fd < 20000);
  }
  CHECK(errno == EMFILE);
  FAILS(EMFILE, fopen("mine", "w") == NULL);
  FAILS(EMFILE, opendir(".") == NULL);
  CHECK(rename("seen-before", "seen-moved") == 0);
  CHECK(close(17) == 0);
  Touch("seen-between");
  CHECK(system("exit 3") >= 0);
  closefrom(3);
  After();
}

// Nothing is under any number up to the limit, for calls that no library sees.
static void NothingUpToLimit(void) {
  char byte;
  for (int fd = 3; fd < Limit(); ++fd) {
    CHECK(Inline(SYS_read, fd, (long)&byte, 0) == -EBADF);
  }
}
CASE(nothing_up_to_limit) {
  Before();
  NothingUpToLimit();
  After();
}
CASE(limit_raised) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  Before();
  SetLimit(2 * limit.rlim_cur, limit.rlim_max);
  NothingUpToLimit();
  struct rlimit more = {3 * limit.rlim_cur, limit.rlim_max};
  CHECK(prlimit(0, RLIMIT_NOFILE, &more, NULL) == 0);
  NothingUpToLimit();
  more.rlim_cur = 4 * limit.rlim_cur;
  CHECK(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &more, NULL) == 0);
  NothingUpToLimit();
  After();
}

// Once a call that is seen has asked for the number, it is free for others.
static long Fstat(int fd) {
  struct stat status;
  return fstat(fd, &status);
}
static long FstatatEmpty(int fd) {
  struct stat status;
  return fstatat(fd, "", &status, AT_EMPTY_PATH);
}
static long Statx(int fd) {
  struct statx status;
  return statx(fd, "", AT_EMPTY_PATH, STATX_MODE, &status);
}
static long Fstatfs(int fd) {
  struct statfs status;
  return fstatfs(fd, &status);
}
static long Fcntl(int fd) { return fcntl(fd, F_GETFL); }
static long Dup(int fd) { return dup(fd); }
static long Lseek(int fd) { return (long)lseek(fd, 0, SEEK_CUR); }
static long Fchmod(int fd) { return fchmod(fd, 0600); }
static long Fsync(int fd) { return fsync(fd); }
static long Flock(int fd) { return flock(fd, LOCK_SH | LOCK_NB); }
static long Ioctl(int fd) {
  int bytes;
  return ioctl(fd, FIONREAD, &bytes);
}
static long Openat(int fd) { return openat(fd, "x", O_RDONLY); }
static long Fchdir(int fd) { return fchdir(fd); }
static long Getdents(int fd) {
  char entries[256];
  return (long)getdents64(fd, entries, sizeof(entries));
}
static long SyscallRead(int fd) {
  char byte;
  return syscall(SYS_read, fd, &byte, 0);
}
static long EpollAdd(int fd) {
  const int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  const long result = epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  const int error = errno;
  close(poll);
  errno = error;
  return result;
}
CASE(every_call_of_every_number) {
  static long (*const calls[])(int) = {
      Fstat,  FstatatEmpty, Statx, Fstatfs,     Fcntl,    Dup,
      Lseek,  Fchmod,       Fsync, Flock,       Ioctl,    Openat,
      Fchdir, Getdents,     Close, SyscallRead, EpollAdd,
  };
  Before();
  for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); ++i) {
    for (int fd = 3; fd < Limit() && fd < 5000; ++fd) {
      if (calls[i] == EpollAdd && fd == 3) continue;
      FAILS(EBADF, calls[i](fd) == -1);
      char byte;
      CHECK(Inline(SYS_read, fd, (long)&byte, 0) == -EBADF);
    }
  }
  After();
}

// The program gets each number that it may have, in order, and reports go on.
static int Pipe(void) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  CHECK(ends[1] == ends[0] + 1);
  return ends[1];
}
static int Socket(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }
static int OpenNull(void) { return open("/dev/null", O_RDONLY); }
static int FopenNull(void) {
  FILE* const stream = fopen("/dev/null", "r");
  return stream != NULL ? fileno(stream) : -1;
}
static int DupInput(void) { return dup(0); }
static int DupAbove(void) { return fcntl(0, F_DUPFD, 3); }
static int SyscallDup(void) { return (int)syscall(SYS_dup, 0); }
CASE(all_numbers) {
  static int (*const calls[])(void) = {
      Pipe, Socket, OpenNull, FopenNull, DupInput, DupAbove, SyscallDup,
  };
  Before();
  for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); ++i) {
    const int each = calls[i] == Pipe ? 2 : 1;
    int next = 3;
    for (int fd; (fd = calls[i]()) >= 0; next += each) {
      CHECK(fd == next + each - 1);
    }
    CHECK(errno == EMFILE);
    if (each == 2 && next < Limit()) CHECK(dup(0) == next++);
    CHECK(next == Limit());
    CHECK(rename("seen-before", "seen-moved") == 0);
    CHECK(rename("seen-moved", "seen-before") == 0);
    CHECK(close(7) == 0);
    CHECK(dup(0) == 7);
    closefrom(3);
  }
  After();
}

// The lists of descriptors, and the names in them, by whatever way.
static int Number(const char* name) { return name[0] == '.' ? -1 : atoi(name); }
static void ListStream(DIR* directory) {
  CHECK(directory != NULL);
  int sum = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    if (Number(entry->d_name) > 2) sum += Number(entry->d_name);
  }
  printf("%d\n", sum - dirfd(directory));
  CHECK(closedir(directory) == 0);
}
static void ListDescriptor(int fd, long (*get)(int, char*, size_t)) {
  char entries[100];
  int sum = 0;
  long size;
  while ((size = get(fd, entries, sizeof(entries))) > 0) {
    for (long at = 0; at < size;) {
      struct dirent64* const entry = (struct dirent64*)(entries + at);
      if (Number(entry->d_name) > 2) sum += Number(entry->d_name);
      at += entry->d_reclen;
    }
  }
  CHECK(size == 0);
  printf("%d\n", sum - fd);
  CHECK(close(fd) == 0);
}
static long GetEntries(int fd, char* entries, size_t size) {
  return (long)getdents64(fd, entries, size);
}
static long SyscallGetEntries(int fd, char* entries, size_t size) {
  return syscall(SYS_getdents64, fd, entries, size);
}
int __open_2(const char*, int);
CASE(lists) {
  static const char* const lists[] = {
      "/proc/self/fd", "/dev/fd", "/proc/thread-self/fd", "/proc/self/fdinfo"};
  const int flags = O_RDONLY | O_DIRECTORY;
  Before();
  for (int i = 0; i < 4; ++i) {
    ListStream(opendir(lists[i]));
    ListStream(fdopendir(open(lists[i], flags)));
    ListDescriptor(__open_2(lists[i], flags), GetEntries);
    ListDescriptor((int)syscall(SYS_openat, AT_FDCWD, lists[i], flags),
                   SyscallGetEntries);
    struct dirent** entries;
    const int count = scandir(lists[i], &entries, NULL, alphasort);
    printf("%d\n", count);
    glob_t found;
    char pattern[64];
    sprintf(pattern, "%s/*", lists[i]);
    CHECK(glob(pattern, 0, NULL, &found) == 0);
    printf("%d\n", (int)found.gl_pathc);
  }
  const int self = open("/proc/self", flags);
  ListDescriptor(openat(self, "fd", flags), GetEntries);
  CHECK(close(self) == 0);
  const int number = Highest();
  char name[64];
  char link[64];
  struct stat status;
  sprintf(name, "/proc/self/fd/%d", number);
  FAILS(ENOENT, readlink(name, link, sizeof(link)) == -1);
  FAILS(ENOENT, open(name, O_RDONLY | O_NONBLOCK) == -1);
  FAILS(ENOENT, stat(name, &status) == -1);
  FAILS(ENOENT, lstat(name, &status) == -1);
  FAILS(ENOENT, access(name, F_OK) == -1);
  CHECK(Highest() == number);
  After();
}

// While a thread reports, another one gets the lowest free number each time: no
// descriptor of ours comes between, be it for a moment.
static volatile int done;
static void* Rename(void* data) {
  for (int i = 0; i < 100; ++i) {
    CHECK(rename("here", "there") == 0);
    CHECK(rename("there", "here") == 0);
  }
  done = 1;
  return data;
}
CASE(lowest_beside_a_thread) {
  Before();
  Touch("here");
  for (int round = 0; round < 40; ++round) {
    const pid_t pid = fork();
    if (pid == 0) {
      pthread_t thread;
      CHECK(pthread_create(&thread, NULL, Rename, NULL) == 0);
      while (!done) {
        const int fd = dup(0);
        CHECK(fd == 3);
        CHECK(close(fd) == 0);
      }
      pthread_join(thread, NULL);
      _exit(0);
    }
    ExpectExit(pid, 0);
  }
  After();
}
