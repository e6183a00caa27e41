// Programs of many threads, and the odd ways of making a process.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

pid_t _Fork(void);

static void Touch(const char* name) {
  const int fd = open(name, O_WRONLY | O_CREAT, 0666);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

// How often each file was opened, as names that the log must agree with.
static void Total(const char* what, long count) {
  char name[64];
  snprintf(name, sizeof(name), "total-%s-%ld", what, count);
  Touch(name);
}

enum { kMaxThreads = 64 };
static pthread_t threads[kMaxThreads];

static void Start(int count, size_t stack, void* (*body)(void*)) {
  pthread_attr_t attributes;
  CHECK(pthread_attr_init(&attributes) == 0);
  if (stack != 0) CHECK(pthread_attr_setstacksize(&attributes, stack) == 0);
  for (long i = 0; i < count; ++i) {
    CHECK(pthread_create(&threads[i], &attributes, body, (void*)i) == 0);
  }
}
static void Join(int count) {
  for (int i = 0; i < count; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
}

static void* OpenOften(void* data) {
  char name[32];
  snprintf(name, sizeof(name), "in-thread-%ld", (long)data);
  for (int i = 0; i < 200; ++i) {
    errno = SENTINEL;
    const int fd = open(name, O_WRONLY | O_CREAT, 0666);
    CHECK(fd >= 0);
    CHECK(errno == SENTINEL);
    CHECK(close(fd) == 0);
    FAILS(ENOENT, open("nowhere/file", O_RDONLY) == -1);
  }
  return NULL;
}
CASE(many_threads) {
  Start(kMaxThreads, 0, OpenOften);
  Join(kMaxThreads);
  for (int i = 0; i < kMaxThreads; ++i) {
    char what[32];
    snprintf(what, sizeof(what), "in-thread-%d", i);
    Total(what, 200);
  }
}

static void* UseFile(void* data) {
  FILE* const file = fopen("in-file", "w");
  CHECK(file != NULL);
  CHECK(fclose(file) == 0);
  return data;
}

// The stack of a thread may be as small as 16 KiB.
static void* UseLittleStack(void* data) {
  const int directory = open(".", O_RDONLY | O_DIRECTORY);
  CHECK(close(openat(directory, "in-dir", O_WRONLY | O_CREAT, 0666)) == 0);
  CHECK(renameat(directory, "in-dir", directory, "renamed") == 0);
  CHECK(unlinkat(directory, "renamed", 0) == 0);
  CHECK(fchdir(directory) == 0);
  CHECK(close(directory) == 0);
  UseFile(NULL);
  pid_t pid;
  char* arguments[] = {"true", NULL};
  CHECK(posix_spawnp(&pid, "true", NULL, NULL, arguments, environ) == 0);
  ExpectExit(pid, 0);
  return data;
}
CASE(smallest_stack) {
  for (int i = 0; i < 3; ++i) {
    Start(1, PTHREAD_STACK_MIN, UseLittleStack);
    Join(1);
  }
  Total("in-file", 3);
}

static volatile int stop;
static long opened[kMaxThreads];
static void* OpenUntilStopped(void* data) {
  const long i = (long)data;
  while (!stop) {
    const int fd = open("in-thread", O_WRONLY | O_CREAT, 0666);
    CHECK(fd >= 0);
    CHECK(close(fd) == 0);
    ++opened[i];
  }
  return NULL;
}
// Runs `body` while four threads open files.
static void Meanwhile(void (*body)(void)) {
  Start(4, 0, OpenUntilStopped);
  body();
  stop = 1;
  Join(4);
  long total = 0;
  for (int i = 0; i < 4; ++i) total += opened[i];
  Total("in-thread", total);
}

enum { kChildren = 40 };
static char* open_in_shell[] = {"sh", "-c", ": > in-shell", NULL};

static void Fork(void) {
  for (int i = 0; i < kChildren; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      Touch("in-child");
      _exit(i);
    }
    ExpectExit(pid, i);
  }
  Total("in-child", kChildren);
}
CASE(fork_meanwhile) { Meanwhile(Fork); }
static void BareFork(void) {
  for (int i = 0; i < kChildren; ++i) {
    const pid_t pid = _Fork();
    if (pid == 0) {
      Touch("in-child");
      _exit(i);
    }
    ExpectExit(pid, i);
  }
  Total("in-child", kChildren);
}
CASE(_Fork_meanwhile) { Meanwhile(BareFork); }
static void Vfork(void) {
  for (int i = 0; i < kChildren; ++i) {
    const pid_t pid = vfork();
    if (pid == 0) {
      const int fd = open("in-child", O_WRONLY | O_CREAT, 0666);
      close(fd);
      if (i % 10 == 0) execv("/bin/sh", open_in_shell);
      _exit(i);
    }
    ExpectExit(pid, i % 10 == 0 ? 0 : i);
  }
  Total("in-child", kChildren);
  Total("in-shell", kChildren / 10);
}
CASE(vfork_meanwhile) { Meanwhile(Vfork); }
static void Spawn(void) {
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  CHECK(posix_spawn_file_actions_addopen(&actions, 0, "in-action",
                                         O_RDWR | O_CREAT, 0666) == 0);
  for (int i = 0; i < 20; ++i) {
    pid_t pid;
    CHECK(posix_spawn(&pid, "/bin/sh", i % 2 == 0 ? &actions : NULL, NULL,
                      open_in_shell, environ) == 0);
    ExpectExit(pid, 0);
  }
  CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
  Total("in-action", 10);
  Total("in-shell", 20);
}
CASE(posix_spawn_meanwhile) { Meanwhile(Spawn); }

// Shells of many threads at once: each gets its own output and status.
static void* UseShells(void* data) {
  const int n = (int)(long)data;
  for (int i = 0; i < 5; ++i) {
    char command[64];
    snprintf(command, sizeof(command), ": > in-shell; exit %d", n + i);
    CHECK(WEXITSTATUS(system(command)) == n + i);
    snprintf(command, sizeof(command), "echo %d; : > in-shell; exit %d", n, i);
    FILE* const shell = popen(command, "r");
    CHECK(shell != NULL);
    int printed = -1;
    CHECK(fscanf(shell, "%d", &printed) == 1);
    CHECK(printed == n);
    CHECK(WEXITSTATUS(pclose(shell)) == i);
  }
  return NULL;
}
CASE(shells_of_threads) {
  Start(8, 0, UseShells);
  Join(8);
  Total("in-shell", 80);
}
// The same where the program has thrown our variables away: other threads look
// at the environment meanwhile.
static void* ReadEnvironment(void* data) {
  while (!stop) {
    CHECK(getenv("NOT_THERE") == NULL);
    const char* const value = getenv("THERE");
    CHECK(value != NULL && strcmp(value, "yes") == 0);
  }
  return data;
}
CASE(shells_of_threads_after_clearenv) {
  CHECK(clearenv() == 0);
  CHECK(setenv("THERE", "yes", 1) == 0);
  Start(6, 0, UseShells);
  pthread_t reader;
  CHECK(pthread_create(&reader, NULL, ReadEnvironment, NULL) == 0);
  Join(6);
  stop = 1;
  CHECK(pthread_join(reader, NULL) == 0);
  CHECK(getenv("LD_PRELOAD") == NULL);
  CHECK(getenv("FILEMON_SESSION") == NULL);
  Total("in-shell", 60);
}

// ---- Cancellation -----------------------------------------------------------

// The frames above the cancelled call are unwound, through the wrapper's.
static int cleaned;
static void Clean(int* count) { cleaned += *count; }

static volatile pid_t sleeper;  // the thread that is to be cancelled

#define CANCELLED_THREAD(name, call)                 \
  static void* name(void* data) {                    \
    __attribute__((cleanup(Clean))) int one = 1;     \
    sleeper = gettid();                              \
    const long result = call;                        \
    CHECK(result == -1 && one == 0 && data == NULL); \
    return NULL;                                     \
  }
CANCELLED_THREAD(Open, open("fifo", O_RDONLY))
CANCELLED_THREAD(Openat, openat(AT_FDCWD, "fifo", O_RDONLY))
CANCELLED_THREAD(Creat, creat("fifo", 0666))
CANCELLED_THREAD(Waitpid, waitpid(-1, NULL, 0))
CANCELLED_THREAD(System, system("exec cat fifo"))

static void AwaitSleep(pid_t thread) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
  for (;;) {
    char text[512] = "";
    const int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    CHECK(read(fd, text, sizeof(text) - 1) > 0);
    CHECK(close(fd) == 0);
    const char* const state = strrchr(text, ')');
    if (state != NULL && state[2] == 'S') return;
    sched_yield();
  }
}

static void Cancel(void* (*body)(void*)) {
  CHECK(mkfifo("fifo", 0666) == 0);
  CHECK(pthread_create(&threads[0], NULL, body, NULL) == 0);
  if (body == System) {
    // Waits for `cat`.
    CHECK(open("fifo", O_WRONLY) >= 0);
  } else {
    while (sleeper == 0) sched_yield();
    AwaitSleep(sleeper);
  }
  CHECK(pthread_cancel(threads[0]) == 0);
  void* result;
  CHECK(pthread_join(threads[0], &result) == 0);
  CHECK(result == PTHREAD_CANCELED);
  CHECK(cleaned == 1);
  Touch("seen-after");
  CHECK(system(": > seen-shell") == 0);
}
CASE(cancel_open) { Cancel(Open); }
CASE(cancel_openat) { Cancel(Openat); }
CASE(cancel_creat) { Cancel(Creat); }
CASE(cancel_waitpid) {
  const pid_t pid = fork();
  if (pid == 0) {
    // Not to be left over, with the test's output open, if a check fails.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) pause();
    _exit(1);
  }
  Cancel(Waitpid);
  CHECK(kill(pid, SIGKILL) == 0);
  ExpectSignal(pid, SIGKILL);
}
CASE(cancel_system) { Cancel(System); }
CASE(cancel_system_after_clearenv) {
  CHECK(clearenv() == 0);
  Cancel(System);
  CHECK(setenv("A", "1", 1) == 0);
  CHECK(strcmp(getenv("A"), "1") == 0);
  CHECK(system("test $A = 1 && : > seen-again") == 0);
}

// ---- Ends ------------------------------------------------------------------

// The first thread ends; the process goes on until the last one does.
static void* OutliveMain(void* data) {
  CHECK(pthread_join(*(pthread_t*)data, NULL) == 0);
  Touch("seen-after");
  CHECK(system(": > seen-shell") == 0);
  return NULL;
}
CASE(main_thread_ends) {
  static pthread_t self;
  self = pthread_self();
  pthread_t other;
  CHECK(pthread_create(&other, NULL, OutliveMain, &self) == 0);
  pthread_exit(NULL);
}
CASE(threads_come_and_go) {
  for (int round = 0; round < 50; ++round) {
    Start(8, 0, UseFile);
    Join(8);
  }
  Total("in-file", 400);
}
CASE(exit_while_threads_open) {
  Start(8, 0, OpenUntilStopped);
  while (opened[0] < 100 || opened[7] < 100) sched_yield();
  Touch("seen-after");
  exit(0);
}
static void* ExecInThread(void* data) {
  (void)data;
  execl("/bin/sh", "sh", "-c", ": > seen-exec", (char*)NULL);
  return NULL;
}
CASE(exec_in_a_thread) {
  Start(8, 0, OpenUntilStopped);
  while (opened[0] < 100 || opened[7] < 100) sched_yield();
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, ExecInThread, NULL) == 0);
  pthread_join(thread, NULL);
  _exit(1);
}

// ---- Processes made in odd ways ---------------------------------------------

static void InChild(pid_t pid) {
  CHECK(pid >= 0);
  if (pid == 0) {
    Touch("seen-child");
    execl("/bin/sh", "sh", "-c", ": > seen-exec; exit 3", (char*)NULL);
    _exit(1);
  }
  ExpectExit(pid, 3);
  Touch("seen-after");
}
CASE(syscall_fork) { InChild((pid_t)syscall(SYS_fork)); }
CASE(syscall_clone) {
  InChild((pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}
CASE(syscall_clone3) {
  NEEDS(SYS_clone3);
  struct clone_args arguments = {.exit_signal = SIGCHLD};
  InChild((pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments)));
}
static long InlineFork(void) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(SYS_fork)
                   : "rcx", "r11", "memory");
  return result;
}
CASE(inline_fork) { InChild((pid_t)InlineFork()); }
CASE(bare_fork) { InChild(_Fork()); }

static int ChildMain(void* data) {
  Touch(data);
  execl("/bin/sh", "sh", "-c", ": > seen-exec; exit 3", (char*)NULL);
  return 1;
}
static char child_stack[1 << 16] __attribute__((aligned(16)));
static void Clone(int flags) {
  const pid_t pid = clone(ChildMain, child_stack + sizeof(child_stack),
                          flags | SIGCHLD, "seen-child");
  ExpectExit(pid, 3);
  Touch("seen-after");
}
CASE(clone_copy) { Clone(0); }
CASE(clone_vm) { Clone(CLONE_VM); }
CASE(clone_vfork) { Clone(CLONE_VM | CLONE_VFORK); }
CASE(clone_files) { Clone(CLONE_VM | CLONE_FILES | CLONE_FS); }

// Waits for all who hold the writing end: they have ended, or become daemons
// that are done.
static void AwaitEnd(int ends[2]) {
  CHECK(close(ends[1]) == 0);
  char byte;
  CHECK(read(ends[0], &byte, 1) == 0);
  Touch("seen-after");
}
CASE(daemon) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    CHECK(daemon(1, 0) == 0);
    Touch("seen-daemon");
    exit(7);
  }
  ExpectExit(pid, 0);
  AwaitEnd(ends);
}
CASE(double_fork) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    CHECK(setsid() > 0);
    if (fork() != 0) _exit(2);
    Touch("seen-daemon");
    execl("/bin/sh", "sh", "-c", ": > seen-exec; exit 5", (char*)NULL);
    _exit(1);
  }
  ExpectExit(pid, 2);
  AwaitEnd(ends);
}
