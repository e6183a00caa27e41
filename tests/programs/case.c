#include "tests/programs/case.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kMaxCases = 512 };

static struct {
  const char* name;
  void (*run)(void);
} cases[kMaxCases];
static int case_count;

void AddCase(const char* name, void (*run)(void)) {
  if (case_count == kMaxCases) abort();
  cases[case_count].name = name;
  cases[case_count++].run = run;
}

_Noreturn void Fail(const char* file, int line, const char* what) {
  const int error = errno;
  dprintf(2, "%s:%d: not so: %s (errno %d, %s)\n", file, line, what, error,
          strerror(error));
  _exit(1);
}

void Need(long system_call, const char* name) {
  if (syscall(system_call, 0, 0, -1, 0) != -1 || errno != ENOSYS) return;
  dprintf(2, "the kernel refuses %s\n", name);
  _exit(kSkipped);
}

void MakeFile(const char* name) { MakeScript(name, "some bytes\n"); }

void MakeScript(const char* name, const char* text) {
  const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  CHECK(fd >= 0);
  CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  CHECK(close(fd) == 0);
}

int MakeDirectory(const char* name) {
  CHECK(mkdir(name, 0755) == 0 || errno == EEXIST);
  const int fd = open(name, O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  return fd;
}

bool Exists(const char* name) {
  struct stat status;
  return lstat(name, &status) == 0;
}

void ExpectExit(int pid, int status) {
  int end;
  CHECK(pid > 0);
  CHECK(waitpid(pid, &end, 0) == pid);
  CHECK(WIFEXITED(end));
  CHECK(WEXITSTATUS(end) == status);
}

void ExpectSignal(int pid, int signal) {
  int end;
  CHECK(pid > 0);
  CHECK(waitpid(pid, &end, 0) == pid);
  CHECK(WIFSIGNALED(end));
  CHECK(WTERMSIG(end) == signal);
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--list") == 0) {
    for (int i = 0; i < case_count; ++i) puts(cases[i].name);
    return 0;
  }
  for (int i = 0; argc == 2 && i < case_count; ++i) {
    if (strcmp(cases[i].name, argv[1]) != 0) continue;
    cases[i].run();
    return 0;
  }
  fprintf(stderr, "usage: calls --list | NAME\n");
  return 2;
}
