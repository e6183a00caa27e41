// Programs that start others with an environment of their own making. Each case
// ends in `show`, which opens "seen" and prints the environment that it got.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

#include "tests/programs/case.h"

static char self[PATH_MAX];
static char* show[] = {self, "show", NULL};
static char* empty[] = {NULL};
static char* own[] = {"COLOR=blue", "PATH=/nowhere", "EMPTY=", NULL};

__attribute__((constructor)) static void FindSelf(void) {
  const ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
  if (size > 0) self[size] = '\0';
}

// An LD_PRELOAD without filemon's part of it.
static void PrintPreload(const char* value) {
  char list[2 * PATH_MAX];
  snprintf(list, sizeof(list), "%s", value);
  for (char* entry = strtok(list, ": "); entry != NULL;
       entry = strtok(NULL, ": ")) {
    if (strstr(entry, "libfilemon.so") == NULL) printf("preload %s\n", entry);
  }
}

static int ByText(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

// Sorted: the order of an environment is nobody's promise.
CASE(show) {
  CHECK(open("seen", O_WRONLY | O_CREAT, 0666) >= 0);
  size_t count = 0;
  while (environ != NULL && environ[count] != NULL) ++count;
  qsort(environ, count, sizeof(char*), ByText);
  for (char** entry = environ; entry != NULL && *entry != NULL; ++entry) {
    if (strncmp(*entry, "FILEMON_SESSION=", 16) == 0) continue;
    if (strncmp(*entry, "LD_PRELOAD=", 11) == 0) {
      PrintPreload(*entry + 11);
    } else {
      puts(*entry);
    }
  }
}

CASE(execve_null) { execve(self, show, NULL); }
CASE(execve_empty) { execve(self, show, empty); }
CASE(execve_own) { execve(self, show, own); }
CASE(execle_empty) { execle(self, self, "show", (char*)NULL, empty); }
CASE(execvpe_own) { execvpe(self, show, own); }
CASE(fexecve_empty) { fexecve(open(self, O_RDONLY), show, empty); }
CASE(execveat_own) { execveat(open("/", O_PATH), self + 1, show, own, 0); }
CASE(syscall_execve) { syscall(SYS_execve, self, show, own); }
CASE(execv_after_clearenv) {
  CHECK(clearenv() == 0);
  execv(self, show);
}
CASE(execv_without_environ) {
  environ = NULL;
  execv(self, show);
}
CASE(execl_after_unsetenv) {
  unsetenv("LD_PRELOAD");
  unsetenv("FILEMON_SESSION");
  execl(self, self, "show", (char*)NULL);
}
// Which of two counts is the dynamic linker's business: the last.
CASE(execve_twice_preload) {
  char* twice[] = {"LD_PRELOAD=libfilemon.so", "A=1", "LD_PRELOAD=", NULL};
  execve(self, show, twice);
}
CASE(execve_foreign_session) {
  char* foreign[] = {"FILEMON_SESSION=2:5:1:5:77:88", "A=1",
                     "FILEMON_SESSION=nonsense", NULL};
  execve(self, show, foreign);
}
// As setproctitle() does it.
CASE(execv_after_overwriting) {
  for (char** entry = environ; *entry != NULL; ++entry) {
    memset(*entry, 'x', strlen(*entry));
  }
  execve(self, show, own);
}
// A large environment must fit as it does without filemon.
CASE(execve_large) {
  enum { kEntries = 2000, kSize = 500 };
  static char* large[kEntries + 1];
  for (int i = 0; i < kEntries; ++i) {
    large[i] = malloc(kSize);
    memset(large[i], 'a' + i % 26, kSize - 1);
    large[i][kSize / 2] = '=';
    large[i][kSize - 1] = '\0';
  }
  execve(self, show, large);
}

static pid_t spawned;
CASE(posix_spawn_null) {
  CHECK(posix_spawn(&spawned, self, NULL, NULL, show, NULL) == 0);
  ExpectExit(spawned, 0);
}
CASE(posix_spawn_own) {
  CHECK(posix_spawn(&spawned, self, NULL, NULL, show, own) == 0);
  ExpectExit(spawned, 0);
}
CASE(posix_spawnp_empty) {
  CHECK(posix_spawnp(&spawned, self, NULL, NULL, show, empty) == 0);
  ExpectExit(spawned, 0);
}
CASE(vfork_empty) {
  const pid_t pid = vfork();
  if (pid == 0) {
    execve(self, show, empty);
    _exit(1);
  }
  ExpectExit(pid, 0);
}

static const char* ShowCommand(void) {
  static char command[PATH_MAX + 16];
  snprintf(command, sizeof(command), "'%s' show", self);
  return command;
}
static void StillClear(void) {
  CHECK(getenv("LD_PRELOAD") == NULL);
  CHECK(getenv("FILEMON_SESSION") == NULL);
  CHECK(environ == NULL || environ[0] == NULL);
}
CASE(system_after_clearenv) {
  CHECK(clearenv() == 0);
  CHECK(system(ShowCommand()) == 0);
  StillClear();
}
CASE(popen_after_clearenv) {
  CHECK(clearenv() == 0);
  FILE* const shell = popen(ShowCommand(), "r");
  CHECK(shell != NULL);
  StillClear();
  for (int c; (c = fgetc(shell)) != EOF;) putchar(c);
  CHECK(pclose(shell) == 0);
  StillClear();
}
CASE(wordexp_after_clearenv) {
  char words[PATH_MAX + 16];
  snprintf(words, sizeof(words), "$(%s)", ShowCommand());
  CHECK(clearenv() == 0);
  wordexp_t result;
  CHECK(wordexp(words, &result, 0) == 0);
  for (size_t i = 0; i < result.we_wordc; ++i) puts(result.we_wordv[i]);
  StillClear();
}
