// How processes end.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

#define ENDS(expect, value, ...) \
  do {                           \
    const pid_t pid_ = fork();   \
    if (pid_ == 0) {             \
      __VA_ARGS__;               \
      _exit(99);                 \
    }                            \
    expect(pid_, value);         \
  } while (0)

static void OpenNull(void) { CHECK(open("/dev/null", O_RDONLY) >= 0); }

CASE(_exit) {
  ENDS(ExpectExit, 0, _exit(0));
  ENDS(ExpectExit, 3, _exit(3));
  ENDS(ExpectExit, 255, _exit(-1));
  ENDS(ExpectExit, 1, _exit(257));
}
CASE(_Exit) {
  ENDS(ExpectExit, 0, _Exit(0));
  ENDS(ExpectExit, 4, _Exit(4));
}
CASE(exit) {
  ENDS(ExpectExit, 0, exit(0));
  ENDS(ExpectExit, 5, exit(5));
  ENDS(ExpectExit, 5, atexit(OpenNull); exit(5));
}
static void ExitNine(void) { _exit(9); }
static void ExitAgain(void) { exit(8); }
CASE(exit_handlers) {
  ENDS(ExpectExit, 9, atexit(ExitNine); exit(5));
  ENDS(ExpectExit, 8, atexit(ExitAgain); exit(5));
}
CASE(quick_exit) {
  ENDS(ExpectExit, 6, quick_exit(6));
  ENDS(ExpectExit, 6, at_quick_exit(OpenNull); quick_exit(6));
  ENDS(ExpectExit, 9, at_quick_exit(ExitNine); quick_exit(6));
}
static void NoCore(void) {
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}
CASE(abort) { ENDS(ExpectSignal, SIGABRT, NoCore(); OpenNull(); abort()); }
CASE(killed) {
  static const int kSignals[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP,
                                 SIGPIPE, SIGUSR1, 40};
  for (size_t i = 0; i < sizeof(kSignals) / sizeof(*kSignals); ++i) {
    ENDS(ExpectSignal, kSignals[i], NoCore(); signal(kSignals[i], SIG_DFL);
         OpenNull(); kill(getpid(), kSignals[i]); pause());
  }
}
CASE(crashed) {
  ENDS(ExpectSignal, SIGSEGV, NoCore(); OpenNull(); *(volatile int*)8 = 1);
  ENDS(ExpectSignal, SIGTRAP, NoCore(); OpenNull(); raise(SIGTRAP));
  ENDS(ExpectSignal, SIGILL, NoCore(); OpenNull(); __builtin_trap());
}

static void* ExitLater(void* leader) {
  CHECK(pthread_join(*(pthread_t*)leader, NULL) == 0);
  OpenNull();
  exit(7);
}
CASE(exit_of_the_last_thread) {
  static pthread_t leader;
  leader = pthread_self();
  pthread_t thread;
  ENDS(ExpectExit, 7, leader = pthread_self();
       CHECK(pthread_create(&thread, NULL, ExitLater, &leader) == 0);
       pthread_exit(NULL));
  ENDS(ExpectExit, 0, pthread_exit(NULL));
}

// What gcc -pg links into a program: the profile is written at the end.
void monstartup(unsigned long low, unsigned long high);
void _mcleanup(void);
CASE(_mcleanup) {
  const unsigned long here = (unsigned long)&ExitLater;
  monstartup(here, here + 4096);
  _mcleanup();
  CHECK(Exists("gmon.out"));
}

CASE(wait) {
  pid_t pid = fork();
  if (pid == 0) _exit(3);
  int status;
  SUCCEEDS(wait(&status) == pid);
  CHECK(WEXITSTATUS(status) == 3);
  pid = fork();
  if (pid == 0) pause();
  CHECK(kill(pid, SIGKILL) == 0);
  SUCCEEDS(wait(&status) == pid);
  CHECK(WTERMSIG(status) == SIGKILL);
  FAILS(ECHILD, wait(&status) == -1);
  pid = fork();
  if (pid == 0) _exit(4);
  SUCCEEDS(wait(NULL) == pid);
}
pid_t __wait(int*);
CASE(__wait) {
  const pid_t pid = fork();
  if (pid == 0) _exit(3);
  int status;
  SUCCEEDS(__wait(&status) == pid);
  CHECK(WEXITSTATUS(status) == 3);
}

static void TryWaitpid(pid_t (*f)(pid_t, int*, int)) {
  int go[2], status;
  CHECK(pipe(go) == 0);
  const pid_t pid = fork();
  char byte;
  if (pid == 0) _exit(read(go[0], &byte, 1) == 1 ? 3 : 1);
  SUCCEEDS(f(pid, &status, WNOHANG) == 0);
  CHECK(kill(pid, SIGSTOP) == 0);
  SUCCEEDS(f(pid, &status, WUNTRACED) == pid);
  CHECK(WIFSTOPPED(status));
  CHECK(kill(pid, SIGCONT) == 0);
  SUCCEEDS(f(pid, &status, WCONTINUED) == pid);
  CHECK(WIFCONTINUED(status));
  CHECK(write(go[1], "x", 1) == 1);
  SUCCEEDS(f(-1, &status, 0) == pid);
  CHECK(WEXITSTATUS(status) == 3);
  FAILS(ECHILD, f(pid, &status, 0) == -1);
}
pid_t __waitpid(pid_t, int*, int);
CASE(waitpid) { TryWaitpid(waitpid); }
CASE(__waitpid) { TryWaitpid(__waitpid); }

CASE(wait3) {
  const pid_t pid = fork();
  if (pid == 0) _exit(3);
  int status;
  struct rusage usage;
  SUCCEEDS(wait3(&status, 0, &usage) == pid);
  CHECK(WEXITSTATUS(status) == 3);
  FAILS(ECHILD, wait3(&status, 0, NULL) == -1);
}
CASE(wait4) {
  const pid_t pid = fork();
  if (pid == 0) _exit(3);
  int status;
  SUCCEEDS(wait4(pid, &status, 0, NULL) == pid);
  CHECK(WEXITSTATUS(status) == 3);
  FAILS(ECHILD, wait4(pid, NULL, 0, NULL) == -1);
}
CASE(waitid) {
  pid_t pid = fork();
  if (pid == 0) _exit(3);
  siginfo_t info;
  SUCCEEDS(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
  CHECK(info.si_code == CLD_EXITED && info.si_status == 3);
  SUCCEEDS(waitid(P_ALL, 0, &info, WEXITED) == 0);
  CHECK(info.si_pid == pid);
  pid = fork();
  if (pid == 0) pause();
  CHECK(kill(pid, SIGKILL) == 0);
  SUCCEEDS(waitid(P_PID, pid, NULL, WEXITED) == 0);
  FAILS(ECHILD, waitid(P_PID, pid, &info, WEXITED) == -1);
}
CASE(ptrace) {
  const pid_t pid = fork();
  if (pid == 0) {
    // Under strace the child has its tracer already.
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
      _exit(errno == EPERM ? 3 : 1);
    }
    raise(SIGSTOP);
    _exit(3);
  }
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
  if (WIFSTOPPED(status)) {
    CHECK(ptrace(PTRACE_CONT, pid, NULL, NULL) == 0);
    CHECK(waitpid(pid, &status, 0) == pid);
  }
  CHECK(WEXITSTATUS(status) == 3);
  FAILS(ESRCH, ptrace(PTRACE_CONT, pid, NULL, NULL) == -1);
}
// Nobody waits: the children are the session's to reap.
CASE(never_waited_for) {
  for (int i = 0; i < 5; ++i) {
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
      OpenNull();
      _exit(i);
    }
  }
}
