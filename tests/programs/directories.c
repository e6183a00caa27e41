// Directory descriptors whose number comes to stand for another directory, or
// whose directory gets another name. libfilemon.so remembers the names of
// directories by descriptor: each case uses one name, lets it change, and uses
// it again.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

int __close(int);
int _IO_fclose(FILE*);
extern char** environ;

// Directories with a file each; the descriptors a and b are of the first two.
static int a, b;
static void MakeDirectories(void) {
  static const char* const kNames[] = {"a", "b", "c"};
  for (int i = 0; i < 3; ++i) {
    close(MakeDirectory(kNames[i]));
    char file[8];
    snprintf(file, sizeof(file), "%s/x", kNames[i]);
    MakeFile(file);
  }
  a = open("a", O_RDONLY | O_DIRECTORY);
  b = open("b", O_RDONLY | O_DIRECTORY);
  CHECK(a >= 0 && a < b);
}

// Uses the name of `directory`.
static void Use(int directory) {
  const int fd = openat(directory, "x", O_RDONLY);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

// ---- The number is given away ----------------------------------------------

// Makes the number `a` stand for the directory b by a call that is not wrapped.
static int ends[2];
static void Send(int fd) {
  char byte = 0;
  struct iovec data = {&byte, 1};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr message = {.msg_iov = &data,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};
  struct cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  CHECK(sendmsg(ends[0], &message, 0) == 1);
}
static int Receive(void) {
  char byte;
  struct iovec data = {&byte, 1};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  struct msghdr message = {.msg_iov = &data,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};
  CHECK(recvmsg(ends[1], &message, 0) == 1);
  int fd;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
  return fd;
}

// Each closes the descriptor a.
static void MustClose(long result) {
  if (result != 0 && errno == ENOSYS) _exit(kSkipped);
  CHECK(result == 0);
}
static void CloseByRange(void) {
  MustClose(close_range((unsigned)a, (unsigned)a, 0));
}
static void CloseRangeByNumber(void) {
  MustClose(syscall(SYS_close_range, a, a, 0));
}
static void CloseFrom(void) { closefrom(a); }
static void CloseByUnderscores(void) { CHECK(__close(a) == 0); }
static void CloseByNumber(void) { CHECK(syscall(SYS_close, a) == 0); }
static void CloseStream(void) {
  FILE* const stream = fdopen(a, "r");
  CHECK(stream != NULL && fclose(stream) == 0);
}
static void CloseOldStream(void) {
  FILE* const stream = fdopen(a, "r");
  CHECK(stream != NULL && _IO_fclose(stream) == 0);
}
static void CloseByReopening(void) {
  FILE* const stream = fdopen(a, "r");
  CHECK(stream != NULL && freopen("absent", "r", stream) == NULL);
}
static void CloseDirectory(void) {
  DIR* const stream = fdopendir(a);
  CHECK(stream != NULL && closedir(stream) == 0);
}
static void CloseInThread(void) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL,
                       (void* (*)(void*))(void (*)(void))CloseByUnderscores,
                       NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
}
static void TryClosing(void (*close_a)(void)) {
  CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  MakeDirectories();
  Send(b);
  Use(a);
  close_a();
  CHECK(Receive() == a);
  Use(a);
}
CASE(directory_closed_by_range) { TryClosing(CloseByRange); }
CASE(directory_closed_range_by_number) { TryClosing(CloseRangeByNumber); }
CASE(directory_closed_from) { TryClosing(CloseFrom); }
CASE(directory_closed_by_underscores) { TryClosing(CloseByUnderscores); }
CASE(directory_closed_by_number) { TryClosing(CloseByNumber); }
CASE(directory_closed_with_stream) { TryClosing(CloseStream); }
CASE(directory_closed_with_old_stream) { TryClosing(CloseOldStream); }
CASE(directory_closed_by_reopening) { TryClosing(CloseByReopening); }
CASE(closedir) { TryClosing(CloseDirectory); }
CASE(directory_closed_in_a_thread) { TryClosing(CloseInThread); }

// ---- The number is given anew ----------------------------------------------

static void CloseUnseen(int fd) {
  long result;
#if defined(__x86_64__)
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(SYS_close), "D"((long)fd)
                   : "rcx", "r11", "memory");
#elif defined(__i386__)
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(SYS_close), "b"(fd)
                   : "memory");
#else
  result = syscall(SYS_close, fd);
#endif
  CHECK(result == 0);
}

CASE(directory_number_opened) {
  MakeDirectories();
  for (int i = 0; i < 3; ++i) {
    Use(a);
    CloseUnseen(a);
    CHECK(open(i % 2 == 0 ? "b" : "a", O_RDONLY | O_DIRECTORY) == a);
  }
  CloseUnseen(a);
  CHECK(openat(b, "../c", O_RDONLY) == a);
  Use(a);
  CloseUnseen(a);
  CHECK(syscall(SYS_openat, b, ".", O_RDONLY) == a);
  Use(a);
}
CASE(directory_number_of_dir) {
  MakeDirectories();
  Use(a);
  CloseUnseen(a);
  DIR* const directory = opendir("b");
  CHECK(directory != NULL && dirfd(directory) == a);
  Use(a);
}
CASE(directory_number_of_stream) {
  MakeDirectories();
  Use(a);
  CloseUnseen(a);
  FILE* stream = fopen("b", "r");
  CHECK(stream != NULL && fileno(stream) == a);
  Use(a);
  CHECK((stream = freopen("c", "r", stream)) != NULL && fileno(stream) == a);
  Use(a);
}
CASE(directory_number_copied) {
  MakeDirectories();
  Use(a);
  CloseUnseen(a);
  CHECK(dup(b) == a);
  Use(a);
  const int c = open("c", O_RDONLY);
  CHECK(dup2(c, a) == a);
  Use(a);
  CHECK(dup3(b, a, O_CLOEXEC) == a);
  Use(a);
  CloseUnseen(a);
  CHECK(fcntl(c, F_DUPFD, 0) == a);
  Use(a);
  CloseUnseen(a);
  CHECK(fcntl(b, F_DUPFD_CLOEXEC, 0) == a);
  Use(a);
  CHECK(syscall(SYS_dup3, c, a, 0) == a);
  Use(a);
  CloseUnseen(a);
  CHECK(syscall(SYS_dup, b) == a);
  Use(a);
  CloseUnseen(a);
  CHECK(syscall(SYS_fcntl, c, F_DUPFD, 0) == a);
  Use(a);
}

// ---- Other processes with the same memory or descriptors
// ---------------------

CASE(directory_replaced_in_a_fork) {
  MakeDirectories();
  Use(a);
  const pid_t pid = fork();
  if (pid == 0) {
    Use(a);
    close(a);
    CHECK(open("b", O_RDONLY) == a);
    Use(a);
    _exit(0);
  }
  Use(a);
  ExpectExit(pid, 0);
  Use(a);
}
CASE(directory_replaced_in_a_vfork) {
  MakeDirectories();
  for (int i = 0; i < 2; ++i) {
    if (i == 1) Use(a);
    const pid_t pid = vfork();
    if (pid == 0) {
      dup2(b, a);
      Use(a);
      _exit(0);
    }
    Use(a);
    ExpectExit(pid, 0);
  }
}
static int replaced[2], seen[2];
static int ReplaceInClone(void* waits) {
  CHECK(dup2(b, a) == a);
  Use(a);
  char byte = 0;
  CHECK(write(replaced[1], &byte, 1) == 1);
  if (waits != NULL) CHECK(read(seen[0], &byte, 1) == 1);
  return 0;
}
// In the parent, before it knows of the child's end.
static void UseReplaced(void) {
  char byte;
  CHECK(read(replaced[0], &byte, 1) == 1);
  Use(a);
  CHECK(write(seen[1], &byte, 1) == 1);
}
static void TryClone(int flags) {
  MakeDirectories();
  CHECK(pipe(replaced) == 0 && pipe(seen) == 0);
  Use(a);
  char* const stack = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(stack != MAP_FAILED);
  void* const waits = (flags & CLONE_VFORK) == 0 ? &a : NULL;
  const pid_t pid = clone(ReplaceInClone, stack + (1 << 20), flags, waits);
  CHECK(pid > 0);
  UseReplaced();
  ExpectExit(pid, 0);
  Use(a);
}
CASE(directory_replaced_in_a_clone) { TryClone(SIGCHLD); }
CASE(directory_replaced_in_a_clone_with_vm) {
  TryClone(CLONE_VM | CLONE_VFORK | SIGCHLD);
}
CASE(directory_replaced_in_a_clone_with_files) {
  TryClone(CLONE_FILES | SIGCHLD);
}
CASE(directory_replaced_in_a_clone_with_both) {
  TryClone(CLONE_VM | CLONE_FILES | SIGCHLD);
}
static long Clone(void) {
  return syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
}
static long Clone3(void) {
  const struct clone_args arguments = {.flags = CLONE_FILES,
                                       .exit_signal = SIGCHLD};
  return syscall(SYS_clone3, &arguments, sizeof(arguments));
}
static void TryCloneByNumber(long (*make)(void)) {
  MakeDirectories();
  CHECK(pipe(replaced) == 0 && pipe(seen) == 0);
  Use(a);
  const pid_t pid = (pid_t)make();
  if (pid == 0) _exit(ReplaceInClone(&a));
  CHECK(pid > 0);
  UseReplaced();
  ExpectExit(pid, 0);
  Use(a);
}
CASE(directory_replaced_in_a_clone_by_number) { TryCloneByNumber(Clone); }
CASE(directory_replaced_in_a_clone3_by_number) {
  NEEDS(SYS_clone3);
  TryCloneByNumber(Clone3);
}
CASE(directory_replaced_in_a_spawn) {
  MakeDirectories();
  Use(a);
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  CHECK(posix_spawn_file_actions_adddup2(&actions, b, a) == 0);
  char* const arguments[] = {"true", NULL};
  pid_t pid;
  CHECK(posix_spawn(&pid, "/bin/true", &actions, NULL, arguments, environ) ==
        0);
  Use(a);
  ExpectExit(pid, 0);
  Use(a);
}

// A thread may have descriptors of its own.
static void* ReplaceInUnshared(void* unshare_files) {
  ((void (*)(void))unshare_files)();
  Use(a);
  CHECK(dup2(b, a) == a);
  Use(a);
  return NULL;
}
static void UnshareFiles(void) { CHECK(unshare(CLONE_FILES) == 0); }
static void UnshareFilesByNumber(void) {
  CHECK(syscall(SYS_unshare, CLONE_FILES) == 0);
}
static void UnshareByRange(void) {
  MustClose(close_range(900, 900, CLOSE_RANGE_UNSHARE));
}
static void TryUnshare(void (*unshare_files)(void)) {
  MakeDirectories();
  Use(a);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, ReplaceInUnshared,
                       (void*)unshare_files) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  Use(a);
}
CASE(unshare) { TryUnshare(UnshareFiles); }
CASE(unshare_by_number) { TryUnshare(UnshareFilesByNumber); }
CASE(unshare_by_close_range) { TryUnshare(UnshareByRange); }

// ---- Threads and signal handlers
// ---------------------------------------------

static void UseInTurn(int turns) {
  static const char* const kNames[] = {"a", "b", "c"};
  for (int i = 0; i < turns; ++i) {
    const int directory = open(kNames[i % 3], O_RDONLY | O_DIRECTORY);
    CHECK(directory >= 0);
    Use(directory);
    Use(directory);
    CHECK(close(directory) == 0);
  }
}
static void* UseInThread(void* argument) {
  (void)argument;
  UseInTurn(60);
  return NULL;
}
CASE(directories_in_threads) {
  MakeDirectories();
  pthread_t threads[8];
  for (int i = 0; i < 8; ++i) {
    CHECK(pthread_create(&threads[i], NULL, UseInThread, NULL) == 0);
  }
  for (int i = 0; i < 8; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
}

static volatile sig_atomic_t alarms;
static void UseInHandler(int signal) {
  (void)signal;
  const int error = errno;
  UseInTurn(2);
  ++alarms;
  errno = error;
}
CASE(directories_in_a_signal_handler) {
  MakeDirectories();
  CHECK(signal(SIGALRM, UseInHandler) != SIG_ERR);
  const struct itimerval often = {{0, 2000}, {0, 2000}};
  CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
  while (alarms < 20) UseInTurn(3);
  const struct itimerval never = {{0, 0}, {0, 0}};
  CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
}

// ---- The directory gets another name, or none
// --------------------------------

CASE(directory_renamed) {
  MakeDirectories();
  close(MakeDirectory("top"));
  Use(a);
  CHECK(rename("a", "top/a") == 0);
  Use(a);
  CHECK(renameat(AT_FDCWD, "top", AT_FDCWD, "top2") == 0);
  Use(a);
  CHECK(syscall(SYS_renameat2, AT_FDCWD, "top2", AT_FDCWD, "b",
                RENAME_EXCHANGE) == 0 ||
        errno == EINVAL);
  Use(a);
  Use(b);
}
// What a child has done before its end is known when it has been waited for.
CASE(directory_renamed_by_a_child) {
  MakeDirectories();
  Use(a);
  pid_t pid = fork();
  if (pid == 0) _exit(rename("a", "a2"));
  ExpectExit(pid, 0);
  Use(a);
  CHECK(system("mv a2 a3") == 0);
  Use(a);
  FILE* const command = popen("mv a3 a4", "r");
  CHECK(command != NULL && pclose(command) == 0);
  Use(a);
  pid = fork();
  if (pid == 0) _exit(rename("a4", "a5"));
  siginfo_t info;
  CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
  Use(a);
  ExpectExit(pid, 0);
}

// ---- Many, far up and long
// ---------------------------------------------------

CASE(hundred_directories) {
  int directories[100];
  for (int i = 0; i < 100; ++i) {
    char name[16];
    snprintf(name, sizeof(name), "d%d", i);
    directories[i] = MakeDirectory(name);
    snprintf(name, sizeof(name), "d%d/x", i);
    MakeFile(name);
  }
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) Use(directories[i]);
  }
  // Others of the same place in the table go; these stay.
  for (int i = 0; i < 100; i += 2) CHECK(close(directories[i]) == 0);
  for (int i = 1; i < 100; i += 2) Use(directories[i]);
}
CASE(directories_far_up) {
  MakeDirectories();
  const int up = fcntl(a, F_DUPFD, 200);
  const int down = up - 32 * 5;
  CHECK(dup2(b, down) == down);
  for (int i = 0; i < 3; ++i) {
    Use(up);
    Use(down);
  }
  CHECK(close(down) == 0);
  Use(up);
}
CASE(directories_of_long_names) {
  char name[201];
  memset(name, 'n', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  int directory = open(".", O_RDONLY);
  for (int i = 0; i < 17; ++i) {
    CHECK(mkdirat(directory, name, 0755) == 0);
    const int next = openat(directory, name, O_RDONLY);
    CHECK(next >= 0);
    const int fd = openat(next, "x", O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && close(fd) == 0);
    Use(next);
    Use(next);
    CHECK(close(directory) == 0);
    directory = next;
  }
}
