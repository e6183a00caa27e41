// Programs whose signal handlers come at the worst of times.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

static void Touch(const char* name) {
  const int fd = open(name, O_WRONLY | O_CREAT, 0666);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

static void Handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  CHECK(sigaction(signal, &action, NULL) == 0);
}

static void Storm(long microseconds) {
  const struct itimerval timer = {{0, microseconds}, {0, microseconds}};
  CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static volatile sig_atomic_t handled;

// How often each file was opened, as names that the log must agree with.
static void Total(const char* what, long count) {
  char name[64];
  snprintf(name, sizeof(name), "total-%s-%ld", what, count);
  Touch(name);
}

static void OpenInHandler(int signal) {
  const int error = errno;
  const int fd = open("in-handler", O_WRONLY | O_CREAT, 0666);
  if (fd < 0 || close(fd) != 0) abort();
  ++handled;
  errno = error;
  (void)signal;
}

CASE(storm_of_opens) {
  Handle(SIGALRM, OpenInHandler, SA_RESTART);
  Storm(200);
  long count = 0;
  for (; handled < 1000; ++count) {
    const int fd = open("in-main", O_WRONLY | O_CREAT, 0666);
    CHECK(fd >= 0);
    SUCCEEDS(close(fd) == 0);
    FAILS(ENOENT, open("nowhere/file", O_RDONLY) == -1);
  }
  Storm(0);
  Total("in-main", count);
  Total("in-handler", handled);
}

// Streams, directories, renames: what takes locks and buffers in libc.
CASE(storm_of_streams) {
  Handle(SIGALRM, OpenInHandler, SA_RESTART);
  Storm(200);
  long count = 0;
  for (; handled < 500; ++count) {
    FILE* const file = fopen("in-main", "w");
    CHECK(file != NULL);
    CHECK(fputs("text", file) >= 0);
    CHECK(fclose(file) == 0);
    CHECK(rename("in-main", "renamed") == 0);
    CHECK(unlink("renamed") == 0);
  }
  Storm(0);
  Total("in-main", count);
  Total("in-handler", handled);
}

CASE(storm_of_children) {
  Handle(SIGALRM, OpenInHandler, SA_RESTART);
  Storm(2000);
  long count = 0;
  while (handled < 20 || count < 10) {
    const pid_t pid = fork();
    if (pid == 0) {
      Storm(0);
      Touch("in-main");
      execl("/bin/true", "true", (char*)NULL);
      _exit(1);
    }
    ExpectExit(pid, 0);
    ++count;
  }
  Storm(0);
  Total("in-main", count);
}

static void ForkInHandler(int signal) {
  (void)signal;
  const pid_t pid = fork();
  if (pid == 0) {
    Touch("seen-child");
    execl("/bin/sh", "sh", "-c", ": > seen-exec", (char*)NULL);
    _exit(1);
  }
  int status;
  if (waitpid(pid, &status, 0) != pid || status != 0) abort();
  Touch("seen-handler");
}
CASE(fork_and_exec_in_a_handler) {
  Handle(SIGUSR1, ForkInHandler, 0);
  CHECK(raise(SIGUSR1) == 0);
  Touch("seen-after");
}
static void VforkInHandler(int signal) {
  (void)signal;
  const pid_t pid = vfork();
  if (pid == 0) {
    execl("/bin/sh", "sh", "-c", ": > seen-exec", (char*)NULL);
    _exit(1);
  }
  int status;
  if (waitpid(pid, &status, 0) != pid || status != 0) abort();
  Touch("seen-handler");
}
CASE(vfork_and_exec_in_a_handler) {
  Handle(SIGUSR1, VforkInHandler, 0);
  CHECK(raise(SIGUSR1) == 0);
  Touch("seen-after");
}
static void ExecInHandler(int signal) {
  (void)signal;
  execl("/bin/sh", "sh", "-c", ": > seen-exec", (char*)NULL);
  _exit(1);
}
CASE(exec_in_a_handler) {
  Handle(SIGALRM, ExecInHandler, 0);
  Storm(5000);
  for (;;) Touch("other");
}
static void ExitInHandler(int signal) {
  (void)signal;
  Touch("seen-handler");
  exit(0);
}
CASE(exit_in_a_handler) {
  Handle(SIGUSR1, ExitInHandler, 0);
  raise(SIGUSR1);
}

static void TouchInVforkChild(int signal) {
  (void)signal;
  Touch("seen-handler");
}
CASE(signal_in_a_vfork_child) {
  Handle(SIGUSR1, TouchInVforkChild, 0);
  const pid_t pid = vfork();
  if (pid == 0) {
    kill(getpid(), SIGUSR1);
    execl("/bin/sh", "sh", "-c", ": > seen-exec", (char*)NULL);
    _exit(1);
  }
  ExpectExit(pid, 0);
  Touch("seen-after");
}
CASE(storm_in_vfork_children) {
  Handle(SIGALRM, OpenInHandler, SA_RESTART);
  Storm(500);
  for (int i = 0; i < 100; ++i) {
    const pid_t pid = vfork();
    if (pid == 0) {
      for (int n = 0; n < 20; ++n) kill(getpid(), SIGALRM);
      _exit(7);
    }
    ExpectExit(pid, 7);
  }
  Storm(0);
  // The children counted in this memory, too.
  CHECK(handled >= 2000);
  Total("in-handler", handled);
}
// Killed before it could exec or say anything more.
CASE(vfork_child_killed) {
  const pid_t pid = vfork();
  if (pid == 0) {
    Touch("seen-child");
    kill(getpid(), SIGKILL);
  }
  ExpectSignal(pid, SIGKILL);
  Touch("seen-after");
}

static sigjmp_buf back;
static void JumpInHandler(int signal) {
  (void)signal;
  ++handled;
  siglongjmp(back, 1);
}
CASE(siglongjmp_out_of_calls) {
  char long_name[PATH_MAX];
  memset(long_name, '/', sizeof(long_name));
  strcpy(long_name + sizeof(long_name) - 8, "in-main");
  memcpy(long_name, "./", 2);
  memset(long_name + 1, '/', sizeof(long_name) - 9);
  Handle(SIGALRM, JumpInHandler, 0);
  Touch("a");
  CHECK(sigsetjmp(back, 1) == 0 || handled > 0);
  if (handled < 1000) {
    Storm(100 + handled % 50);
    for (;;) {
      const int fd = open(long_name, O_WRONLY | O_CREAT, 0666);
      if (fd >= 0) close(fd);
      rename("a", "b");
      rename("b", "a");
      unlink("in-main");
    }
  }
  Storm(0);
  closefrom(3);
  Touch("seen-after");
  CHECK(system(": > seen-shell") == 0);
}

// ---- What we must not change -----------------------------------------------

static void PrintSignals(const char* who) {
  FILE* const status = fopen("/proc/self/status", "r");
  CHECK(status != NULL);
  char line[256];
  while (fgets(line, sizeof(line), status) != NULL) {
    if (strncmp(line, "Sig", 3) == 0 && strncmp(line, "SigQ", 4) != 0) {
      printf("%s %s", who, line);
    }
  }
  CHECK(fclose(status) == 0);
  fflush(stdout);
}
static void Nothing(int signal) { (void)signal; }
CASE(show_signals) { PrintSignals("image"); }
CASE(masks_and_actions) {
  PrintSignals("start");
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigaddset(&set, SIGRTMIN + 3);
  CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
  Handle(SIGUSR1, Nothing, 0);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  Touch("seen-1");
  CHECK(system("grep ^Sig[BI] /proc/self/status") == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    PrintSignals("child");
    execl("/proc/self/exe", "show", "show_signals", (char*)NULL);
    _exit(1);
  }
  ExpectExit(pid, 0);
  PrintSignals("end");
}

// Sends `signal` to a process that is asleep in the kernel.
static void SignalSleeper(pid_t pid, int signal) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  for (;;) {
    char text[512] = "";
    const int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    CHECK(read(fd, text, sizeof(text) - 1) > 0);
    CHECK(close(fd) == 0);
    const char* const state = strrchr(text, ')');
    if (state != NULL && state[2] == 'S') break;
    sched_yield();
  }
  CHECK(kill(pid, signal) == 0);
}

// open() of a FIFO waits for the other side.
static pid_t StartSignaller(int opens) {
  const pid_t waiter = getpid();
  CHECK(mkfifo("seen-fifo", 0666) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    SignalSleeper(waiter, SIGUSR1);
    if (opens) {
      // Asleep again: the call has been restarted.
      SignalSleeper(waiter, SIGUSR1);
      CHECK(open("seen-fifo", O_WRONLY) >= 0);
    }
    _exit(0);
  }
  return pid;
}
static void Count(int signal) {
  (void)signal;
  ++handled;
}
CASE(open_is_interrupted) {
  Handle(SIGUSR1, Count, 0);
  const pid_t pid = StartSignaller(0);
  FAILS(EINTR, open("seen-fifo", O_RDONLY) == -1);
  ExpectExit(pid, 0);
  CHECK(handled == 1);
}
CASE(open_is_restarted) {
  Handle(SIGUSR1, Count, SA_RESTART);
  const pid_t pid = StartSignaller(1);
  SUCCEEDS(open("seen-fifo", O_RDONLY) >= 0);
  ExpectExit(pid, 0);
  CHECK(handled == 2);
}

// A handler's stack of the size that <signal.h> once promised to be enough.
static void WorkInHandler(int signal) {
  (void)signal;
  const int directory = open(".", O_RDONLY | O_DIRECTORY);
  const int fd = open("seen-1", O_WRONLY | O_CREAT, 0666);
  if (directory < 0 || fd < 0) abort();
  if (close(openat(directory, "seen-2", O_WRONLY | O_CREAT, 0666)) != 0) {
    abort();
  }
  if (rename("seen-1", "seen-3") != 0) abort();
  if (renameat(directory, "seen-3", directory, "seen-4") != 0) abort();
  if (linkat(directory, "seen-4", directory, "seen-5", 0) != 0) abort();
  if (symlinkat("seen-4", directory, "seen-6") != 0) abort();
  if (unlinkat(directory, "seen-6", 0) != 0) abort();
  if (unlink("seen-4") != 0) abort();
  if (chdir("/") != 0 || fchdir(directory) != 0) abort();
  const pid_t pid = fork();
  if (pid == 0) {
    execl("/bin/sh", "sh", "-c", ": > seen-exec", (char*)NULL);
    _exit(1);
  }
  int status;
  if (waitpid(pid, &status, 0) != pid || status != 0) abort();
}
CASE(small_signal_stack) {
  UseSmallSignalStack();
  Handle(SIGUSR1, WorkInHandler, SA_ONSTACK);
  CHECK(raise(SIGUSR1) == 0);
  Touch("seen-after");
}
