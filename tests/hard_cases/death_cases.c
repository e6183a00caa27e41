// The ways in which a process ends, or becomes another.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

static void See(const char* name) {
  const int fd = open(name, O_WRONLY | O_CREAT, 0666);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

CASE(killed) {
  See("seen");
  kill(getpid(), SIGKILL);
}
CASE(aborts) {
  See("seen");
  abort();
}
CASE(segfaults) {
  See("seen");
  *(volatile int*)8 = 1;
}
CASE(traps) {
  See("seen");
  __builtin_trap();
}
CASE(returns) { See("seen"); }
CASE(raw_exit_group) {
  See("seen");
  long ignored;
  __asm__ volatile("syscall"
                   : "=a"(ignored)
                   : "a"(SYS_exit_group), "D"(12)
                   : "rcx", "r11", "memory");
}
// Only this thread ends, and with it, as the last one, the process.
CASE(syscall_exit) {
  See("seen");
  syscall(SYS_exit, 13);
}

static void SeeAtExit(void) { See("seen at exit"); }
static void SeeAtQuickExit(void) { See("seen at quick exit"); }
CASE(quick_exits) {
  atexit(SeeAtExit);
  at_quick_exit(SeeAtQuickExit);
  quick_exit(9);
}
CASE(underscore_exits) {
  atexit(SeeAtExit);
  See("seen");
  _exit(10);
}

static void ExitInHandler(int signal) {
  (void)signal;
  See("seen in handler");
  exit(7);
}
CASE(exits_in_a_handler) {
  atexit(SeeAtExit);
  signal(SIGUSR1, ExitInHandler);
  raise(SIGUSR1);
}

// ---- The stack's end --------------------------------------------------------

static volatile int bottom = -1;
static int Deeper(int depth) {
  volatile char frame[4096];
  frame[0] = (char)depth;
  return depth == bottom ? 0 : Deeper(depth + 1) + frame[0];
}
CASE(overflows_the_stack) {
  See("seen");
  Deeper(0);
}

static void SeeOnTheOtherStack(int signal) {
  (void)signal;
  See("seen on the other stack");
  _exit(8);
}
// What the old constant SIGSTKSZ was, on a page of its own.
CASE(overflows_the_stack_with_another) {
  enum { kSize = 8192 };
  char* const pages =
      mmap(NULL, 2 * kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(mprotect(pages + kSize, kSize, PROT_READ | PROT_WRITE) == 0);
  const stack_t stack = {.ss_sp = pages + kSize, .ss_size = kSize};
  CHECK(sigaltstack(&stack, NULL) == 0);
  struct sigaction action = {.sa_handler = SeeOnTheOtherStack,
                             .sa_flags = SA_ONSTACK};
  CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
  Deeper(0);
}

// ---- Threads ----------------------------------------------------------------

enum { kThreads = 8 };
static sem_t opened;

static void* OpenForEver(void* unused) {
  See("seen by a thread");
  sem_post(&opened);
  for (;;) {
    const int fd = open("/dev/null", O_RDONLY);
    if (fd >= 0) close(fd);
  }
  return unused;
}
static void StartPool(void) {
  sem_init(&opened, 0, 0);
  for (int i = 0; i < kThreads; ++i) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, OpenForEver, NULL) == 0);
  }
  for (int i = 0; i < kThreads; ++i) CHECK(sem_wait(&opened) == 0);
}
CASE(execs_over_a_thread_pool) {
  StartPool();
  execl("/bin/sh", "sh", "-c", ": > 'seen after the exec'; exit 11",
        (char*)NULL);
}
CASE(exits_over_a_thread_pool) {
  StartPool();
  exit(14);
}
static void* ExecInThread(void* unused) {
  execl("/bin/sh", "sh", "-c", ": > 'seen after the exec'; exit 15",
        (char*)NULL);
  return unused;
}
CASE(execs_in_a_thread) {
  StartPool();
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, ExecInThread, NULL) == 0);
  for (;;) pause();
}
static void* ExitInThread(void* unused) {
  exit(16);
  return unused;
}
CASE(exits_in_a_thread) {
  See("seen");
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, ExitInThread, NULL) == 0);
  pthread_exit(NULL);
}

// ---- Orphans and zombies ----------------------------------------------------

// The child goes on when its parent is gone: reading the pipe says so.
CASE(orphan) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    close(ends[1]);
    char byte;
    CHECK(read(ends[0], &byte, 1) == 0);
    See("seen by the orphan");
    _exit(17);
  }
}
// Its parent ends by a signal, at the worst moment that there is: libc's fork()
// has returned in the kernel, and the parent has not said so.
CASE(orphan_of_a_killed_process) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  const pid_t middle = fork();
  CHECK(middle >= 0);
  if (middle == 0) {
    long child;
    __asm__ volatile("syscall"
                     : "=a"(child)
                     : "a"(SYS_fork)
                     : "rcx", "r11", "memory");
    if (child != 0) {
      __asm__ volatile("syscall"
                       : "=a"(child)
                       : "a"(SYS_kill), "D"(getpid()), "S"(SIGKILL)
                       : "rcx", "r11", "memory");
    }
    close(ends[1]);
    char byte;
    CHECK(read(ends[0], &byte, 1) == 0);
    See("seen by the orphan");
    _exit(18);
  }
  close(ends[0]);
  ExpectSignal(middle, SIGKILL);
}
CASE(ignores_its_children) {
  signal(SIGCHLD, SIG_IGN);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    See("seen");
    _exit(19);
  }
  FAILS(ECHILD, waitpid(child, NULL, 0) == -1);
}
