// calls NAME: makes one call of libc between two marks, kTimes times, after it
// has made it often enough to know that the wrapper has done what it does only
// once. In the current directory there is a `file`.
//
// Whatever the compiler puts between the marks beside the call is there with
// and without the wrapper.
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/instructions/mark.h"

enum { kWarmUp = 200, kTimes = 25 };

extern char** environ;

static volatile bool counting;

#define COUNTED(call)     \
  do {                    \
    if (counting) Mark(); \
    call;                 \
    if (counting) Mark(); \
  } while (0)

static void Check(bool right) {
  if (!right) {
    perror("calls");
    _exit(1);
  }
}

static void Reap(pid_t pid) {
  int status;
  Check(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void Open(void) {
  int fd;
  COUNTED(fd = open("file", O_RDONLY));
  Check(fd >= 0 && close(fd) == 0);
}

static void Close(void) {
  const int fd = open("file", O_RDONLY);
  int result;
  COUNTED(result = close(fd));
  Check(result == 0);
}

// The directory's name is as long everywhere. It is remembered for some
// milliseconds, and stepping through one call may take longer.
static void Openat(void) {
  static int etc = -1;
  if (etc < 0) etc = open("/etc", O_RDONLY | O_DIRECTORY);
  int fd = openat(etc, "passwd", O_RDONLY);
  Check(fd >= 0 && close(fd) == 0);
  COUNTED(fd = openat(etc, "passwd", O_RDONLY));
  Check(fd >= 0 && close(fd) == 0);
}

static void Fopen(void) {
  FILE* file;
  COUNTED(file = fopen("file", "r"));
  Check(file != NULL && fclose(file) == 0);
}

static void Fclose(void) {
  FILE* const file = fopen("file", "r");
  int result;
  COUNTED(result = fclose(file));
  Check(result == 0);
}

static void Stat(void) {
  struct stat st;
  int result;
  COUNTED(result = stat("file", &st));
  Check(result == 0);
}

static void Read(void) {
  static int fd = -1;
  if (fd < 0) fd = open("/dev/zero", O_RDONLY);
  char c;
  ssize_t n;
  COUNTED(n = read(fd, &c, 1));
  Check(n == 1);
}

static void Write(void) {
  static int fd = -1;
  if (fd < 0) fd = open("/dev/null", O_WRONLY);
  ssize_t n;
  COUNTED(n = write(fd, "", 1));
  Check(n == 1);
}

static void Dup2(void) {
  static int fd = -1;
  if (fd < 0) fd = open("/dev/null", O_WRONLY);
  int result;
  COUNTED(result = dup2(fd, 50));
  Check(result == 50);
}

static void Unlink(void) {
  const int fd = open("new", O_WRONLY | O_CREAT, 0666);
  int result;
  COUNTED(result = unlink("new"));
  Check(result == 0 && close(fd) == 0);
}

static void Rename(void) {
  int result;
  COUNTED(result = rename("file", "renamed"));
  Check(result == 0 && rename("renamed", "file") == 0);
}

static void Chdir(void) {
  int result;
  COUNTED(result = chdir("/etc"));
  Check(result == 0);
}

// The parent's half of each.

static void Fork(void) {
  pid_t pid;
  COUNTED(pid = fork(); if (pid == 0) _exit(0));
  Reap(pid);
}

static char* const true_arguments[] = {"true", NULL};

static void Vfork(void) {
  pid_t pid;
  COUNTED(pid = vfork(); if (pid == 0) {
    execv("/bin/true", true_arguments);
    _exit(127);
  });
  Reap(pid);
}

static void Spawn(void) {
  pid_t pid;
  COUNTED(Check(posix_spawn(&pid, "/bin/true", NULL, NULL, true_arguments,
                            environ) == 0));
  Reap(pid);
}

static void Waitpid(void) {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  int status;
  COUNTED(waitpid(pid, &status, 0));
}

static const struct {
  const char* name;
  void (*make)(void);
} calls[] = {
    {"open", Open},       {"close", Close},   {"openat", Openat},
    {"fopen", Fopen},     {"fclose", Fclose}, {"stat", Stat},
    {"read", Read},       {"write", Write},   {"dup2", Dup2},
    {"unlink", Unlink},   {"rename", Rename}, {"chdir", Chdir},
    {"fork", Fork},       {"vfork", Vfork},   {"posix_spawn", Spawn},
    {"waitpid", Waitpid},
};

int main(int argc, char** argv) {
  for (size_t i = 0; argc == 2 && i < sizeof(calls) / sizeof(*calls); ++i) {
    if (strcmp(argv[1], calls[i].name) != 0) continue;
    for (int n = 0; n < kWarmUp; ++n) calls[i].make();
    counting = true;
    for (int n = 0; n < kTimes; ++n) calls[i].make();
    return 0;
  }
  fputs("usage: calls NAME\n", stderr);
  return 2;
}
