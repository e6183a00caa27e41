// Images that replace one another.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

// Runs a block in a child, which must end with `status`.
#define IN_CHILD(status, ...)  \
  do {                         \
    const pid_t pid_ = fork(); \
    if (pid_ == 0) {           \
      __VA_ARGS__;             \
      _exit(99);               \
    }                          \
    ExpectExit(pid_, status);  \
  } while (0)

static char* kTrue[] = {"true", NULL};
static char* kCatA[] = {"cat", "a", NULL};
static char* kEmpty[] = {NULL};

CASE(execve) {
  MakeFile("a");
  IN_CHILD(0, execve("/bin/cat", kCatA, environ));
  IN_CHILD(0, FAILS(ENOENT, execve("absent", kTrue, environ) == -1); _exit(0));
  IN_CHILD(0, FAILS(EACCES, execve(".", kTrue, environ) == -1); _exit(0));
  MakeScript("text", "exit 0\n");
  IN_CHILD(0, FAILS(ENOEXEC, execve("text", kTrue, environ) == -1);
           CHECK(open("a", O_RDONLY) >= 0);
           execve("/bin/true", kTrue, environ));
}
CASE(execve_empty_environment) {
  MakeFile("a");
  IN_CHILD(0, execve("/bin/cat", kCatA, kEmpty));
  IN_CHILD(0, execve("/bin/cat", kCatA, NULL));
}
CASE(execve_without_preload) {
  MakeFile("a");
  IN_CHILD(0, unsetenv("LD_PRELOAD"); execve("/bin/cat", kCatA, environ));
  IN_CHILD(0, clearenv(); execv("/bin/cat", kCatA));
  IN_CHILD(0, execl("/usr/bin/env", "env", "-i", "/bin/cat", "a", NULL));
  char* other[] = {"LD_PRELOAD=", "A=b", NULL};
  IN_CHILD(0, execve("/bin/cat", kCatA, other));
}
// The environment that a program passes is the one that the next one sees, but
// for what filemon needs.
CASE(execve_keeps_the_environment) {
  MakeScript("show", "#!/bin/sh\ntest \"$A\" = 'b c' && test \"$E\" = ''\n");
  char* passed[] = {"A=b c", "E=", NULL};
  IN_CHILD(0, execve("./show", kTrue, passed));
}
CASE(execv) {
  MakeFile("a");
  IN_CHILD(0, execv("/bin/cat", kCatA));
  IN_CHILD(0, FAILS(ENOENT, execv("absent", kTrue) == -1); _exit(0));
}
CASE(execvp) {
  MakeFile("a");
  IN_CHILD(0, execvp("cat", kCatA));
  IN_CHILD(0, execvp("/bin/cat", kCatA));
  IN_CHILD(0, FAILS(ENOENT, execvp("absent-program", kTrue) == -1); _exit(0));
  // Without #!, execvp() lets the shell try.
  MakeScript("text", "exit 7\n");
  IN_CHILD(7, setenv("PATH", ".:/bin", 1); execvp("text", kTrue));
  IN_CHILD(7, execvp("./text", kTrue));
  IN_CHILD(0, setenv("PATH", "/absent::/bin:/usr/bin", 1);
           execvp("cat", kCatA));
}
CASE(execvpe) {
  MakeFile("a");
  IN_CHILD(0, execvpe("cat", kCatA, kEmpty));
  IN_CHILD(0, FAILS(ENOENT, execvpe("absent-program", kTrue, environ) == -1);
           _exit(0));
  MakeScript("text", "exit 7\n");
  IN_CHILD(7, execvpe("./text", kTrue, environ));
}
CASE(execl) {
  MakeFile("a");
  IN_CHILD(0, execl("/bin/cat", "cat", "a", "a", (char*)NULL));
  IN_CHILD(0, FAILS(ENOENT, execl("absent", "x", (char*)NULL) == -1); _exit(0));
}
CASE(execlp) {
  MakeFile("a");
  IN_CHILD(0, execlp("cat", "cat", "a", (char*)NULL));
  IN_CHILD(0, FAILS(ENOENT, execlp("absent-program", "x", (char*)NULL) == -1);
           _exit(0));
}
CASE(execle) {
  MakeFile("a");
  IN_CHILD(0, execle("/bin/cat", "cat", "a", (char*)NULL, kEmpty));
  IN_CHILD(0, FAILS(ENOENT, execle("absent", "x", (char*)NULL, kEmpty) == -1);
           _exit(0));
}
CASE(fexecve) {
  MakeFile("a");
  const int fd = open("/bin/cat", O_RDONLY | O_CLOEXEC);
  IN_CHILD(0, fexecve(fd, kCatA, environ));
  IN_CHILD(0, fexecve(open("/bin/cat", O_PATH), kCatA, kEmpty));
  IN_CHILD(0, CHECK(fexecve(-1, kTrue, environ) == -1); _exit(0));
}
CASE(execveat) {
  MakeFile("a");
  const int bin = open("/bin", O_PATH);
  IN_CHILD(0, execveat(bin, "cat", kCatA, environ, 0));
  IN_CHILD(0, execveat(AT_FDCWD, "/bin/cat", kCatA, kEmpty, 0));
  IN_CHILD(0, execveat(open("/bin/cat", O_RDONLY), "", kCatA, environ,
                       AT_EMPTY_PATH));
  IN_CHILD(0, FAILS(ENOENT, execveat(bin, "absent", kTrue, environ, 0) == -1);
           _exit(0));
}

CASE(exec_scripts) {
  MakeFile("a");
  MakeScript("one", "#!/bin/sh\ncat a\n");
  MakeScript("two", "#!./one\n");
  MakeScript("three", "#! /bin/sh -e\ncat a\n");
  MakeScript("env", "#!/usr/bin/env sh\ncat a\n");
  MakeScript("bad", "#!/absent/interpreter\n");
  IN_CHILD(0, execl("./one", "one", NULL));
  IN_CHILD(0, execl("./two", "two", NULL));
  IN_CHILD(0, execl("three", "three", NULL));
  IN_CHILD(0, execl("././env", "env", NULL));
  IN_CHILD(0, FAILS(ENOENT, execl("./bad", "bad", NULL) == -1); _exit(0));
}
CASE(exec_relative) {
  MakeFile("a");
  close(MakeDirectory("dir"));
  CHECK(symlink("/bin/cat", "dir/tac") == 0);
  IN_CHILD(0, execl("dir/tac", "cat", "a", NULL));
  IN_CHILD(0, execl("./dir/../dir/tac", "cat", "a", NULL));
  IN_CHILD(0, CHECK(chdir("dir") == 0); execl("./tac", "cat", "../a", NULL));
}
CASE(exec_many) {
  MakeScript("chain",
             "#!/bin/sh\nn=$1\ntest $n -gt 0 || exit 5\n"
             "exec ./chain $((n - 1))\n");
  IN_CHILD(5, execl("./chain", "chain", "20", NULL));
}
// A list of arguments and an environment of almost what the kernel takes.
CASE(exec_large) {
  enum { kCount = 2000 };
  static char* arguments[kCount + 2];
  static char* variables[kCount + 1];
  static char text[400];
  memset(text, 'x', sizeof(text) - 1);
  text[1] = '=';
  for (int i = 0; i < kCount; ++i) arguments[i + 1] = variables[i] = text;
  arguments[0] = "true";
  IN_CHILD(0, execve("/bin/true", arguments, variables));
  IN_CHILD(0, execvpe("true", arguments, variables));
}
CASE(exec_of_a_removed_program) {
  CHECK(system("cp /bin/true gone") == 0);
  const int fd = open("gone", O_RDONLY | O_CLOEXEC);
  CHECK(unlink("gone") == 0);
  char* const arguments[] = {"gone", NULL};
  fexecve(fd, arguments, environ);
  _exit(1);
}
CASE(exec_of_a_memfd) {
  const int in = open("/bin/true", O_RDONLY);
  const int out = memfd_create("image", MFD_CLOEXEC);
  CHECK(in >= 0 && out >= 0);
  char buffer[1 << 16];
  ssize_t got;
  while ((got = read(in, buffer, sizeof(buffer))) > 0) {
    CHECK(write(out, buffer, got) == got);
  }
  IN_CHILD(0, fexecve(out, kTrue, environ));
}
