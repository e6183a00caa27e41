// New processes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

pid_t __fork(void);
pid_t __vfork(void);
int __clone(int (*)(void*), void*, int, void*, ...);

static void TryFork(pid_t (*f)(void)) {
  MakeFile("a");
  errno = SENTINEL;
  const pid_t pid = f();
  CHECK(errno == SENTINEL);
  if (pid == 0) {
    CHECK(open("a", O_RDONLY) >= 0);
    // A grandchild as well.
    const pid_t next = f();
    if (next == 0) {
      CHECK(open("a", O_RDWR) >= 0);
      _exit(4);
    }
    ExpectExit(next, 4);
    _exit(3);
  }
  CHECK(open("a", O_WRONLY) >= 0);
  ExpectExit(pid, 3);
}
CASE(fork) { TryFork(fork); }
CASE(__fork) { TryFork(__fork); }
CASE(_Fork) { TryFork(_Fork); }

// A vfork child shares its parent's memory, and its parent waits for it.
#define TRY_VFORK(f)                            \
  MakeFile("a");                                \
  volatile int touched = 0;                     \
  const pid_t pid = f();                        \
  if (pid == 0) {                               \
    touched = 1;                                \
    if (open("a", O_RDONLY) < 0) _exit(1);      \
    _exit(3);                                   \
  }                                             \
  CHECK(touched == 1);                          \
  CHECK(open("a", O_WRONLY) >= 0);              \
  ExpectExit(pid, 3);                           \
  const pid_t next = f();                       \
  if (next == 0) {                              \
    execl("/bin/cat", "cat", "a", (char*)NULL); \
    _exit(1);                                   \
  }                                             \
  ExpectExit(next, 0);                          \
  const pid_t failed = f();                     \
  if (failed == 0) {                            \
    execl("absent", "absent", (char*)NULL);     \
    _exit(errno == ENOENT ? 5 : 1);             \
  }                                             \
  ExpectExit(failed, 5);                        \
  CHECK(open("a", O_RDWR) >= 0)
CASE(vfork) { TRY_VFORK(vfork); }
CASE(__vfork) { TRY_VFORK(__vfork); }

// What CPython's subprocess does: close everything, then exec.
CASE(vfork_close_range_exec) {
  MakeFile("a");
  const pid_t pid = vfork();
  if (pid == 0) {
    close_range(3, ~0U, 0);
    char* argv[] = {"cat", "a", NULL};
    char* none[] = {NULL};
    execve("/bin/cat", argv, none);
    _exit(1);
  }
  ExpectExit(pid, 0);
  CHECK(open("a", O_RDONLY) >= 0);
}

static char stack[1 << 16] __attribute__((aligned(16)));
static int InClone(void* argument) {
  return open(argument, O_RDONLY) >= 0 ? 3 : 1;
}
static void TryClone(int (*f)(int (*)(void*), void*, int, void*, ...)) {
  MakeFile("a");
  void* const top = stack + sizeof(stack);
  pid_t pid;
  CHECK((pid = f(InClone, top, SIGCHLD, "a")) > 0);
  ExpectExit(pid, 3);
  CHECK((pid = f(InClone, top, CLONE_VM | CLONE_VFORK | SIGCHLD, "a")) > 0);
  ExpectExit(pid, 3);
  pid_t tid = 0;
  CHECK((pid = f(InClone, top, CLONE_PARENT_SETTID | SIGCHLD, "a", &tid)) > 0);
  CHECK(tid == pid);
  ExpectExit(pid, 3);
  FAILS(EINVAL, f(NULL, top, SIGCHLD, NULL) == -1);
  CHECK(open("a", O_WRONLY) >= 0);
}
CASE(clone) { TryClone(clone); }
CASE(__clone) { TryClone(__clone); }

CASE(daemon) {
  MakeFile("a");
  int ready[2];
  CHECK(pipe(ready) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    CHECK(daemon(1, 0) == 0);
    CHECK(open("a", O_RDONLY) >= 0);
    CHECK(daemon(0, 1) == 0);
    CHECK(open("/dev/zero", O_RDONLY) >= 0);
    _exit(write(ready[1], "x", 1) == 1 ? 6 : 1);
  }
  ExpectExit(pid, 0);
  char byte;
  CHECK(read(ready[0], &byte, 1) == 1);
}

CASE(forkpty) {
  int master;
  const pid_t pid = forkpty(&master, NULL, NULL, NULL);
  CHECK(pid >= 0);
  if (pid == 0) {
    CHECK(open("/dev/zero", O_RDONLY) >= 0);
    execl("/bin/true", "true", (char*)NULL);
    _exit(1);
  }
  ExpectExit(pid, 0);
}
CASE(openpty) {
  int master, slave;
  CHECK(openpty(&master, &slave, NULL, NULL, NULL) == 0);
  CHECK(isatty(slave));
}
CASE(posix_openpt) {
  int fd;
  SUCCEEDS((fd = posix_openpt(O_RDWR | O_NOCTTY)) >= 0);
}
CASE(getpt) {
  int fd;
  SUCCEEDS((fd = getpt()) >= 0);
}

CASE(fork_tree) {
  for (int depth = 0; depth < 5; ++depth) {
    const pid_t a = fork(), b = fork();
    if (a != 0 && b != 0) {
      ExpectExit(a, 0);
      ExpectExit(b, 0);
    } else if (a != 0) {
      _exit(0);
    } else if (b != 0) {
      ExpectExit(b, 0);
      _exit(0);
    } else {
      _exit(0);
    }
  }
}
// The child is gone before its parent says so, many times over.
CASE(fork_and_gone) {
  for (int i = 0; i < 50; ++i) {
    const pid_t pid = fork();
    if (pid == 0) _exit(i);
    ExpectExit(pid, i);
  }
}
CASE(fork_unreaped) {
  CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
  for (int i = 0; i < 20; ++i) {
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
      open("/dev/null", O_RDONLY);
      _exit(i);
    }
  }
  while (wait(NULL) > 0) {
  }
  CHECK(errno == ECHILD);
}
CASE(orphans) {
  int gone[2];
  CHECK(pipe(gone) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    for (int i = 1; i <= 3; ++i) {
      if (fork() != 0) continue;
      // Until the parent is gone.
      char byte;
      close(gone[1]);
      CHECK(read(gone[0], &byte, 1) == 0);
      CHECK(open("/dev/null", O_RDONLY) >= 0);
      if (i == 3) abort();
      _exit(i);
    }
    _exit(0);
  }
  ExpectExit(pid, 0);
}
