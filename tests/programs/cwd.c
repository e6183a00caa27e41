// The current directory.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

CASE(chdir) {
  close(MakeDirectory("dir"));
  close(MakeDirectory("dir/sub"));
  MakeFile("dir/sub/a");
  CHECK(symlink("dir/sub", "s") == 0);
  SUCCEEDS(chdir("dir") == 0);
  SUCCEEDS(chdir("sub") == 0);
  CHECK(open("a", O_RDONLY) >= 0);
  SUCCEEDS(chdir("../..") == 0);
  SUCCEEDS(chdir("s") == 0);
  CHECK(open("a", O_RDONLY) >= 0);
  SUCCEEDS(chdir("..") == 0);
  CHECK(open("sub/a", O_RDONLY) >= 0);
  SUCCEEDS(chdir(".") == 0);
  FAILS(ENOENT, chdir("absent") == -1);
  FAILS(ENOTDIR, chdir("sub/a") == -1);
  CHECK(open("sub/a", O_RDONLY) >= 0);
}
CASE(fchdir) {
  const int dir = MakeDirectory("dir");
  MakeFile("dir/a");
  SUCCEEDS(fchdir(dir) == 0);
  CHECK(open("a", O_RDONLY) >= 0);
  FAILS(EBADF, fchdir(-1) == -1);
  FAILS(ENOTDIR, fchdir(open("a", O_RDONLY)) == -1);
}
CASE(chdir_in_a_child) {
  close(MakeDirectory("dir"));
  MakeFile("dir/a");
  MakeFile("a");
  const pid_t pid = fork();
  if (pid == 0) {
    CHECK(chdir("dir") == 0);
    CHECK(open("a", O_RDONLY) >= 0);
    execl("/bin/cat", "cat", "a", (char*)NULL);
    _exit(1);
  }
  ExpectExit(pid, 0);
  CHECK(open("a", O_RDONLY) >= 0);
}
CASE(chdir_deep) {
  char name[251];
  memset(name, 'd', 250);
  name[250] = '\0';
  // Deeper than PATH_MAX: getcwd() has no name for it any more.
  for (int i = 0; i < 20; ++i) {
    CHECK(mkdir(name, 0755) == 0);
    CHECK(chdir(name) == 0);
  }
  for (int i = 0; i < 20; ++i) {
    CHECK(chdir("..") == 0);
    CHECK(rmdir(name) == 0);
  }
}

// ---- A directory that gets another name -------------------------------------

static void OpenHere(const char* name) {
  const int fd = open(name, O_RDONLY | O_CREAT, 0644);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

CASE(renamed_directory) {
  close(MakeDirectory("s"));
  close(MakeDirectory("s/below"));
  CHECK(chdir("s/below") == 0);
  OpenHere("1");
  CHECK(rename("../../s", "../../t") == 0);
  OpenHere("2");
  CHECK(unlink("../below/1") == 0);
  CHECK(chdir("..") == 0);
  CHECK(rename("../t", "../u") == 0);
  OpenHere("0");
  CHECK(link("below/2", "3") == 0);
  CHECK(rename("3", "../4") == 0);
}
CASE(renamed_directory_exchanged) {
  close(MakeDirectory("s"));
  close(MakeDirectory("t"));
  CHECK(chdir("s") == 0);
  OpenHere("1");
  CHECK(renameat2(AT_FDCWD, "../s", AT_FDCWD, "../t", RENAME_EXCHANGE) == 0);
  OpenHere("2");
}
CASE(renamed_directory_through_a_link) {
  close(MakeDirectory("d"));
  close(MakeDirectory("d/s"));
  CHECK(symlink("d", "l") == 0);
  CHECK(chdir("l/s") == 0);
  CHECK(rename("../../l/s", "../../l/t") == 0);
  OpenHere("1");
}

// A child that renames what its parent is in says so through a pipe, and lives
// on: the parent has not learnt its end when it goes on.
static int told[2], may_end[2];
static void Tell(const int* ends) { CHECK(write(ends[1], "", 1) == 1); }
static void Hear(const int* ends) {
  char byte;
  CHECK(read(ends[0], &byte, 1) == 1);
}
static int RenameAndTell(void* unused) {
  (void)unused;
  CHECK(rename("../s", "../t") == 0);
  Tell(told);
  Hear(may_end);
  _exit(0);
}
CASE(renamed_by_another) {
  close(MakeDirectory("s"));
  CHECK(chdir("s") == 0);
  CHECK(pipe(told) == 0 && pipe(may_end) == 0);
  OpenHere("1");
  const pid_t child = fork();
  if (child == 0) RenameAndTell(NULL);
  Hear(told);
  OpenHere("2");
  Tell(may_end);
  ExpectExit(child, 0);
  OpenHere("3");
}
// In a process that is not seen: by its end its parent learns it.
CASE(renamed_by_a_system_call) {
  close(MakeDirectory("s"));
  CHECK(chdir("s") == 0);
  OpenHere("1");
  const pid_t child = fork();
  if (child == 0) {
#if defined(__x86_64__)
    // Past libc.
    long result = SYS_rename;
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"("../s"), "S"("../t")
                     : "rcx", "r11", "memory");
    _exit(result != 0);
#else
    _exit(syscall(SYS_rename, "../s", "../t") != 0);
#endif
  }
  ExpectExit(child, 0);
  OpenHere("2");
}

// ---- One that is two processes', or a thread's own --------------------------

static int ChangeDirectory(void* unused) {
  (void)unused;
  CHECK(chdir("sub") == 0);
  OpenHere("1");
  return 0;
}
static void ShareDirectory(int flags) {
  static char stack[65536] __attribute__((aligned(16)));
  close(MakeDirectory("sub"));
  OpenHere("0");
  const pid_t child =
      clone(ChangeDirectory, stack + sizeof(stack), flags | SIGCHLD, NULL);
  ExpectExit(child, 0);
  OpenHere("2");
  CHECK(unlink("1") == 0);
  CHECK(chdir("..") == 0);
  OpenHere("3");
}
CASE(clone_with_directory) { ShareDirectory(CLONE_FS); }
CASE(clone_with_directory_and_memory) { ShareDirectory(CLONE_FS | CLONE_VM); }
CASE(clone_with_directory_by_number) {
  close(MakeDirectory("sub"));
  const pid_t child =
      (pid_t)syscall(SYS_clone, CLONE_FS | SIGCHLD, NULL, NULL, NULL, NULL);
  if (child == 0) _exit(ChangeDirectory(NULL));
  ExpectExit(child, 0);
  OpenHere("2");
}

static void* GoElsewhere(void* unused) {
  CHECK(unshare(CLONE_FS) == 0);
  CHECK(chdir("sub") == 0);
  OpenHere("1");
  return unused;
}
CASE(unshare_directory_in_a_thread) {
  close(MakeDirectory("sub"));
  OpenHere("0");
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, GoElsewhere, NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  OpenHere("2");
}

// ---- One that is gone -------------------------------------------------------

CASE(removed_directory) {
  MakeFile("f");
  const int odd = MakeDirectory("d (deleted)");
  CHECK(openat(odd, "x", O_RDONLY | O_CREAT, 0644) >= 0);
  const int gone = MakeDirectory("gone");
  CHECK(rmdir("gone") == 0);
  SUCCEEDS(openat(gone, "../f", O_RDONLY) >= 0);
  SUCCEEDS(fchdir(gone) == 0);
  SUCCEEDS(open("..", O_RDONLY) >= 0);
  SUCCEEDS(open("../f", O_RDONLY) >= 0);
  SUCCEEDS(fchdir(odd) == 0);
  SUCCEEDS(open("x", O_RDONLY) >= 0);
}
