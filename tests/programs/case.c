#define _GNU_SOURCE
#include "tests/programs/case.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

static void (*chosen)(void);

static void* RunInThread(void* data) {
  chosen();
  return data;
}

static void InSmallThread(void) {
  // Of which the C library takes some for itself.
  enum { kSmallest = 16384 };
  pthread_attr_t attributes;
  pthread_t thread;
  CHECK(pthread_attr_init(&attributes) == 0);
  CHECK(pthread_attr_setstacksize(&attributes, kSmallest) == 0);
  CHECK(pthread_create(&thread, &attributes, RunInThread, NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
}

static void RunInHandler(int signal) {
  CHECK(signal == SIGURG);
  chosen();
}

void UseSmallSignalStack(void) {
  enum { kSize = 8192, kGuard = 65536 };
  char* const memory =
      mmap(NULL, kGuard + kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  CHECK(mprotect(memory + kGuard, kSize, PROT_READ | PROT_WRITE) == 0);
  const stack_t stack = {.ss_sp = memory + kGuard, .ss_size = kSize};
  CHECK(sigaltstack(&stack, NULL) == 0);
}

static void OnSignalStack(void) {
  UseSmallSignalStack();
  const struct sigaction action = {.sa_handler = RunInHandler,
                                   .sa_flags = SA_ONSTACK};
  CHECK(sigaction(SIGURG, &action, NULL) == 0);
  CHECK(raise(SIGURG) == 0);
}

static bool Choose(const char* name) {
  for (int i = 0; i < case_count; ++i) {
    if (strcmp(cases[i].name, name) == 0) chosen = cases[i].run;
  }
  return chosen != NULL;
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--list") == 0) {
    for (int i = 0; i < case_count; ++i) puts(cases[i].name);
    return 0;
  }
  void (*how)(void) = NULL;
  if (argc == 3 && strcmp(argv[1], "--in-small-thread") == 0) {
    how = InSmallThread;
  } else if (argc == 3 && strcmp(argv[1], "--on-signal-stack") == 0) {
    how = OnSignalStack;
  }
  if ((argc == 2 || how != NULL) && Choose(argv[argc - 1])) {
    (how != NULL ? how : chosen)();
    return 0;
  }
  fprintf(stderr,
          "usage: calls --list | [--in-small-thread | --on-signal-stack] "
          "NAME\n");
  return 2;
}
