// Calls by number, through syscall(2).
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

CASE(syscall) {
  SUCCEEDS(syscall(SYS_getpid) == getpid());
  FAILS(ENOSYS, syscall(100000, 1, 2, 3, 4, 5, 6) == -1);
  // All six arguments.
  void* const page = (void*)syscall(SYS_mmap, NULL, 4096, PROT_READ,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
}

CASE(syscall_open) {
  MakeFile("a");
  SUCCEEDS(syscall(SYS_open, "a", O_RDONLY) >= 0);
  SUCCEEDS(syscall(SYS_open, "b", O_RDWR | O_CREAT, 0600) >= 0);
  SUCCEEDS(syscall(SYS_creat, "c", 0600) >= 0);
  FAILS(ENOENT, syscall(SYS_open, "absent", O_RDONLY) == -1);
  const int dir = MakeDirectory("dir");
  SUCCEEDS(syscall(SYS_openat, dir, "d", O_WRONLY | O_CREAT, 0600) >= 0);
  SUCCEEDS(syscall(SYS_openat, AT_FDCWD, "a", O_RDONLY) >= 0);
  FAILS(ENOENT, syscall(SYS_openat, dir, "absent", O_RDONLY) == -1);
}
CASE(syscall_openat2) {
  NEEDS(SYS_openat2);
  const int dir = MakeDirectory("dir");
  MakeFile("dir/a");
  struct open_how how = {.flags = O_RDWR, .resolve = RESOLVE_BENEATH};
  SUCCEEDS(syscall(SYS_openat2, dir, "a", &how, sizeof(how)) >= 0);
  FAILS(EXDEV, syscall(SYS_openat2, dir, "../dir/a", &how, sizeof(how)) == -1);
  how = (struct open_how){.flags = O_PATH};
  SUCCEEDS(syscall(SYS_openat2, dir, "a", &how, sizeof(how)) >= 0);
}
CASE(syscall_names) {
  MakeFile("a");
  const int dir = MakeDirectory("dir");
  SUCCEEDS(syscall(SYS_rename, "a", "b") == 0);
  SUCCEEDS(syscall(SYS_renameat, AT_FDCWD, "b", dir, "c") == 0);
  SUCCEEDS(syscall(SYS_renameat2, dir, "c", AT_FDCWD, "d", 0) == 0);
  SUCCEEDS(syscall(SYS_link, "d", "e") == 0);
  SUCCEEDS(syscall(SYS_linkat, AT_FDCWD, "d", dir, "f", 0) == 0);
  SUCCEEDS(syscall(SYS_symlink, "x", "s") == 0);
  SUCCEEDS(syscall(SYS_symlinkat, "y", dir, "s") == 0);
  SUCCEEDS(syscall(SYS_unlink, "d") == 0);
  SUCCEEDS(syscall(SYS_unlinkat, dir, "f", 0) == 0);
  CHECK(mkdir("empty", 0755) == 0);
  SUCCEEDS(syscall(SYS_rmdir, "empty") == 0);
  FAILS(ENOENT, syscall(SYS_unlink, "d") == -1);
  SUCCEEDS(syscall(SYS_renameat2, AT_FDCWD, "e", AT_FDCWD, "s",
                   RENAME_EXCHANGE) == 0);
}
CASE(syscall_cwd) {
  const int dir = MakeDirectory("dir");
  MakeFile("dir/a");
  SUCCEEDS(syscall(SYS_chdir, "dir") == 0);
  CHECK(open("a", O_RDONLY) >= 0);
  SUCCEEDS(syscall(SYS_chdir, "..") == 0);
  SUCCEEDS(syscall(SYS_fchdir, dir) == 0);
  FAILS(ENOENT, syscall(SYS_chdir, "absent") == -1);
}
CASE(syscall_fork) {
  pid_t pid = syscall(SYS_fork);
  if (pid == 0) {
    CHECK(open("/dev/null", O_RDONLY) >= 0);
    syscall(SYS_exit_group, 3);
  }
  ExpectExit(pid, 3);
  pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
  if (pid == 0) {
    CHECK(open("/dev/null", O_RDONLY) >= 0);
    syscall(SYS_exit, 4);
  }
  ExpectExit(pid, 4);
}
CASE(syscall_clone3) {
  NEEDS(SYS_clone3);
  struct clone_args arguments = {.exit_signal = SIGCHLD};
  const pid_t pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid == 0) {
    CHECK(open("/dev/null", O_RDONLY) >= 0);
    syscall(SYS_exit_group, 5);
  }
  ExpectExit(pid, 5);
  // As programs ask whether there is such a call.
  void* const nowhere = (void*)1;
  FAILS(EINVAL, syscall(SYS_clone3, NULL, 0) == -1);
  FAILS(EFAULT, syscall(SYS_clone3, nowhere, sizeof(arguments)) == -1);
}
CASE(syscall_exec) {
  MakeFile("a");
  char* cat[] = {"cat", "a", NULL};
  char* none[] = {NULL};
  pid_t pid = fork();
  if (pid == 0) {
    FAILS(ENOENT, syscall(SYS_execve, "absent", cat, environ) == -1);
    syscall(SYS_execve, "/bin/cat", cat, none);
    _exit(99);
  }
  ExpectExit(pid, 0);
  pid = fork();
  if (pid == 0) {
    syscall(SYS_execveat, AT_FDCWD, "/bin/cat", cat, environ, 0);
    _exit(99);
  }
  ExpectExit(pid, 0);
}
CASE(syscall_descriptors) {
  NEEDS(SYS_close_range);
  MakeFile("a");
  for (int fd = 3; fd < 1024; ++fd) syscall(SYS_close, fd);
  CHECK(open("a", O_RDONLY) == 3);
  for (int fd = 4; fd < 1024; ++fd) {
    SUCCEEDS(syscall(SYS_dup2, 3, fd) == fd);
  }
  CHECK(open("a", O_WRONLY) == -1 && errno == EMFILE);
  SUCCEEDS(syscall(SYS_close_range, 3, ~0U, 0) == 0);
  CHECK(open("a", O_RDWR) == 3);
  SUCCEEDS(syscall(SYS_dup3, 3, 1000, O_CLOEXEC) == 1000);
  CHECK(open("a", O_RDONLY) == 4);
}

CASE(syscall_open_by_handle_at) {
  struct {
    struct file_handle head;
    char bytes[128];
  } handle = {.head = {.handle_bytes = sizeof(handle.bytes)}};
  int mount;
  MakeFile("victim");
  const int here = open(".", O_RDONLY);
  if (name_to_handle_at(AT_FDCWD, "victim", &handle.head, &mount, 0) != 0) {
    exit(kSkipped);
  }
  const int fd =
      (int)syscall(SYS_open_by_handle_at, here, &handle.head, O_RDWR);
  if (fd < 0 && errno == EPERM) exit(kSkipped);
  CHECK(fd >= 0);
}
CASE(syscall_wait) {
  int status;
  siginfo_t info;
  const pid_t child = fork();
  if (child == 0) _exit(3);
  SUCCEEDS(syscall(SYS_wait4, child, &status, 0, NULL) == child);
  CHECK(WEXITSTATUS(status) == 3);
  const pid_t other = fork();
  if (other == 0) _exit(4);
  SUCCEEDS(syscall(SYS_waitid, P_PID, other, &info, WEXITED, NULL) == 0);
  CHECK(info.si_status == 4);
  FAILS(ECHILD, syscall(SYS_wait4, -1, NULL, 0, NULL) == -1);
}
