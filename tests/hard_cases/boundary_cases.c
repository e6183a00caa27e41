// Programs that go where the collector is not.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

static void See(const char* name) {
  const int fd = open(name, O_WRONLY | O_CREAT, 0666);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

// ---- Other pid namespaces ---------------------------------------------------

static void LeavePidNamespace(void) {
  CHECK(unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0 ||
        unshare(CLONE_NEWPID) == 0);
}

static char* shell[] = {"sh", "-c", ": > 'seen in the shell'; exit 3", NULL};

CASE(forks_into_a_namespace) {
  LeavePidNamespace();
  const pid_t child = fork();
  if (child == 0) {
    See("seen by the first");
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      See("seen by the second");
      _exit(4);
    }
    ExpectExit(grandchild, 4);
    _exit(5);
  }
  ExpectExit(child, 5);
}
CASE(vforks_into_a_namespace) {
  LeavePidNamespace();
  const pid_t child = vfork();
  if (child == 0) {
    See("seen before the exec");
    execv("/bin/sh", shell);
    _exit(1);
  }
  ExpectExit(child, 3);
}
CASE(spawns_into_a_namespace) {
  LeavePidNamespace();
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  CHECK(posix_spawn_file_actions_addopen(&actions, 5, "seen by an action",
                                         O_WRONLY | O_CREAT, 0666) == 0);
  pid_t child;
  CHECK(posix_spawn(&child, "/bin/sh", &actions, NULL, shell, environ) == 0);
  ExpectExit(child, 3);
}
static int SeeInClone(void* unused) {
  (void)unused;
  See("seen by the clone");
  return 6;
}
CASE(clones_into_a_namespace) {
  static char stack[1 << 16] __attribute__((aligned(16)));
  int child = clone(SeeInClone, stack + sizeof(stack),
                    CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, NULL);
  if (child < 0) {
    child =
        clone(SeeInClone, stack + sizeof(stack), CLONE_NEWPID | SIGCHLD, NULL);
  }
  ExpectExit(child, 6);
}
CASE(syscalls_into_a_namespace) {
  long child =
      syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
  if (child < 0) {
    child = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
  }
  if (child == 0) {
    See("seen by the clone");
    _exit(7);
  }
  ExpectExit((pid_t)child, 7);
}
// The first process ends and takes the second with it.
CASE(leaves_one_behind_in_a_namespace) {
  LeavePidNamespace();
  const pid_t child = fork();
  if (child == 0) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      See("seen by the second");
      CHECK(write(ends[1], "", 1) == 1);
      for (;;) pause();
    }
    char byte;
    CHECK(read(ends[0], &byte, 1) == 1);
    _exit(8);
  }
  ExpectExit(child, 8);
}

// ---- Other roots ------------------------------------------------------------

// What "root", a folder prepared by the test, has: this program as "/program",
// a static one.
CASE(execs_after_chroot) {
  CHECK(chroot("root") == 0);
  CHECK(chdir("/") == 0);
  execl("/program", "program", "show", (char*)NULL);
}
CASE(spawns_after_chroot) {
  CHECK(chroot("root") == 0);
  char* command[] = {"program", "show", NULL};
  pid_t child;
  CHECK(posix_spawn(&child, "/program", NULL, NULL, command, environ) == 0);
  ExpectExit(child, 0);
}
// An environment without us, and no descriptor of ours: 0, 1, 2, and what the
// test itself left open in both runs.
CASE(show) {
  CHECK(getenv("LD_PRELOAD") == NULL);
  CHECK(getenv("FILEMON_SESSION") == NULL);
  for (int fd = 3; fd < 1024; ++fd) {
    struct stat status;
    if (fstat(fd, &status) == 0) printf("%d is open\n", fd);
  }
  puts("shown");
}
