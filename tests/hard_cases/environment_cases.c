// Programs that start others with an environment of their own making. Each case
// ends in `show`, which opens "seen" and prints the environment that it got.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
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

// ---- What other threads see
// --------------------------------------------------

// A shell that says through the pipe `begun` that it runs, and ends when the
// pipe `end` is closed. Both are inherited.
static int begun[2];
static int end[2];
static const char* WaitingCommand(void) {
  static char command[PATH_MAX + 128];
  CHECK(pipe(begun) == 0 && pipe(end) == 0);
  snprintf(command, sizeof(command),
           "echo >&%d; exec %d>&-; read x <&%d; '%s' show >/dev/null", begun[1],
           end[1], end[0], self);
  return command;
}
static void AwaitShell(void) {
  char c;
  CHECK(read(begun[0], &c, 1) == 1);
}
static void EndShell(void) { CHECK(close(end[1]) == 0); }

static void DropOurs(void) {
  unsetenv("LD_PRELOAD");
  unsetenv("FILEMON_SESSION");
  setenv("FOO", "old", 1);
  setenv("GONE", "x", 1);
}
static void Change(void) {
  CHECK(getenv("LD_PRELOAD") == NULL && getenv("FILEMON_SESSION") == NULL);
  setenv("FOO", "new", 1);
  setenv("ADDED", "1", 1);
  unsetenv("GONE");
}
static void CheckChanged(void) {
  CHECK(strcmp(getenv("FOO"), "new") == 0);
  CHECK(strcmp(getenv("ADDED"), "1") == 0);
  CHECK(getenv("GONE") == NULL);
  CHECK(getenv("LD_PRELOAD") == NULL && getenv("FILEMON_SESSION") == NULL);
}

static void* RunSystem(void* command) {
  CHECK(system(command) == 0);
  return NULL;
}
static void* RunPopen(void* command) {
  FILE* const shell = popen(command, "r");
  CHECK(shell != NULL && fgetc(shell) == EOF && pclose(shell) == 0);
  return NULL;
}
static void* RunWordexp(void* command) {
  char words[PATH_MAX + 160];
  snprintf(words, sizeof(words), "$(%s)", (char*)command);
  wordexp_t result;
  CHECK(wordexp(words, &result, 0) == 0);
  return NULL;
}

static void ChangeDuring(void* (*run)(void*)) {
  DropOurs();
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, run, (void*)WaitingCommand()) == 0);
  AwaitShell();
  Change();
  CheckChanged();
  EndShell();
  CHECK(pthread_join(thread, NULL) == 0);
  CheckChanged();
}
CASE(change_during_system) { ChangeDuring(RunSystem); }
CASE(change_during_popen) { ChangeDuring(RunPopen); }
// glibc hands `environ` itself to the shell: what is lent shows meanwhile.
CASE(change_during_wordexp) {
  DropOurs();
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, RunWordexp, (void*)WaitingCommand()) ==
        0);
  AwaitShell();
  setenv("FOO", "new", 1);
  setenv("ADDED", "1", 1);
  unsetenv("GONE");
  EndShell();
  CHECK(pthread_join(thread, NULL) == 0);
  CheckChanged();
}
// A cancelled thread ends its shell, and leaves everything as it was.
CASE(cancel_during_system) {
  DropOurs();
  struct sigaction before, after;
  CHECK(sigaction(SIGINT, NULL, &before) == 0);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, RunSystem, (void*)WaitingCommand()) == 0);
  AwaitShell();
  CHECK(pthread_cancel(thread) == 0);
  void* result;
  CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
  CHECK(sigaction(SIGINT, NULL, &after) == 0);
  CHECK(before.sa_handler == after.sa_handler);
  CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
  Change();
  CheckChanged();
  CHECK(system(ShowCommand()) == 0);
}

// ---- What system() and popen() do
// ---------------------------------------------

static volatile sig_atomic_t ints, chlds;
static void Count(int signal) { ++*(signal == SIGINT ? &ints : &chlds); }
static void Handle(int signal) {
  struct sigaction action = {.sa_handler = Count};
  CHECK(sigaction(signal, &action, NULL) == 0);
}

CASE(system_signals) {
  DropOurs();
  Handle(SIGINT);
  Handle(SIGCHLD);
  // The caller ignores SIGINT, the shell does not; SIGCHLD is held back.
  CHECK(system("kill -INT $PPID") == 0 && ints == 0);
  CHECK(chlds == 0 || chlds == 1);
  const int status = system("kill -INT $$");
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT && ints == 0);
  CHECK(raise(SIGINT) == 0 && ints == 1);
  CHECK(signal(SIGQUIT, SIG_IGN) == SIG_DFL);
  CHECK(system("kill -QUIT $$; exit 4") == 4 << 8);
  CHECK(signal(SIGQUIT, SIG_DFL) == SIG_IGN);
  // The shell has the caller's mask.
  sigset_t mask, empty;
  sigemptyset(&empty);
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  CHECK(sigprocmask(SIG_SETMASK, &mask, NULL) == 0);
  CHECK(system("grep SigBlk /proc/self/status") == 0);
  sigset_t after;
  CHECK(sigprocmask(SIG_SETMASK, &empty, &after) == 0);
  CHECK(sigismember(&after, SIGUSR1) == 1 && sigismember(&after, SIGCHLD) == 0);
  CHECK(system(ShowCommand()) == 0);
}
CASE(system_statuses) {
  DropOurs();
  SUCCEEDS(system("exit 3") == 3 << 8);
  SUCCEEDS(system("/nosuch 2>/dev/null") == 127 << 8);
  SUCCEEDS(system("") == 0);
  CHECK(system(NULL) != 0);
  CHECK(signal(SIGCHLD, SIG_IGN) == SIG_DFL);
  FAILS(ECHILD, system("true") == -1);
  CHECK(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
  CHECK(system(ShowCommand()) == 0);
}
// The one that ends last puts the signals back.
CASE(system_in_two_threads) {
  DropOurs();
  Handle(SIGINT);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, RunSystem, (void*)WaitingCommand()) == 0);
  AwaitShell();
  CHECK(system("exit 5") == 5 << 8);
  CHECK(raise(SIGINT) == 0 && ints == 0);
  EndShell();
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(raise(SIGINT) == 0 && ints == 1);
}

CASE(popen_streams) {
  DropOurs();
  enum { kStreams = 40 };
  static FILE* shells[kStreams];
  for (int i = 0; i < kStreams; ++i) {
    CHECK((shells[i] = popen("cat", "w")) != NULL);
    CHECK(fcntl(fileno(shells[i]), F_GETFD) == 0);
  }
  // None is in the others' children, or it would not end.
  for (int i = 0; i < kStreams; ++i) SUCCEEDS(pclose(shells[i]) == 0);
  FILE* shell = popen("exit 7", "re");
  CHECK(shell != NULL && fcntl(fileno(shell), F_GETFD) == FD_CLOEXEC);
  CHECK(pclose(shell) == 7 << 8);
  // In glibc.
  static int (*volatile close_stream)(FILE*) = fclose;
  CHECK((shell = popen("exit 6", "r")) != NULL);
  CHECK(close_stream(shell) == 6 << 8);
  CHECK((shell = popen("cat", "w")) != NULL);
  CHECK(fputs("through a pipe\n", shell) > 0 && pclose(shell) == 0);
  FAILS(EINVAL, popen("true", "x") == NULL);
  FAILS(EINVAL, popen("true", "rw") == NULL);
  CHECK((shell = popen("exit 5", "r")) != NULL && wait(NULL) > 0);
  FAILS(ECHILD, pclose(shell) == -1);
  CHECK(system(ShowCommand()) == 0);
}
// Standard input and output may be closed in the caller.
CASE(popen_without_standard_streams) {
  DropOurs();
  const int out = dup(1);
  close(0);
  close(1);
  FILE* shell = popen("echo a", "r");
  CHECK(shell != NULL && fgetc(shell) == 'a' && pclose(shell) == 0);
  CHECK((shell = popen("read x && test $x = b", "w")) != NULL);
  CHECK(fputs("b\n", shell) > 0 && pclose(shell) == 0);
  CHECK(dup2(out, 1) == 1);
  CHECK(system(ShowCommand()) == 0);
}

// ---- Stacks
// ---------------------------------------------------------------------

static char** many;
static char** ManyStrings(int count) {
  char** const strings = calloc((size_t)count + 1, sizeof(char*));
  CHECK(strings != NULL);
  for (int i = 0; i < count; ++i) {
    strings[i] = malloc(16);
    snprintf(strings[i], 16, "V%d=1", i);
  }
  return strings;
}
static void* VforkLarge(void* unused) {
  (void)unused;
  const pid_t pid = vfork();
  if (pid == 0) {
    execve("/bin/true", (char*[]){"true", NULL}, many);
    _exit(9);
  }
  ExpectExit(pid, 0);
  return NULL;
}
static void* SpawnLarge(void* unused) {
  (void)unused;
  pid_t pid;
  CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, (char*[]){"true", NULL},
                    many) == 0);
  ExpectExit(pid, 0);
  return NULL;
}
static void* SystemLarge(void* unused) {
  (void)unused;
  CHECK(system("true") == 0);
  return NULL;
}
// libc needs no more of the stack, however large the environment is.
static void OnSmallStacks(void* (*run)(void*)) {
  static const int sizes[] = {100, 500, 2000, 16000};
  for (int i = 0; i < 4; ++i) {
    many = ManyStrings(sizes[i]);
    if (run == SystemLarge) environ = many;
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, 16384) == 0);
    CHECK(pthread_create(&thread, &attributes, run, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
  }
}
CASE(vfork_large) {
  OnSmallStacks(VforkLarge);
  CHECK(system(ShowCommand()) == 0);
}
CASE(spawn_large) {
  OnSmallStacks(SpawnLarge);
  CHECK(system(ShowCommand()) == 0);
}
CASE(system_large) {
  char** const own = environ;
  OnSmallStacks(SystemLarge);
  environ = own;
  CHECK(system(ShowCommand()) == 0);
}
// A process that spawns often keeps nothing.
static long MemoryInUse(void) {
  FILE* const file = fopen("/proc/self/statm", "r");
  long pages;
  CHECK(file != NULL && fscanf(file, "%ld", &pages) == 1);
  CHECK(fclose(file) == 0);
  return pages;
}
CASE(vfork_large_often) {
  many = ManyStrings(5000);
  for (int i = 0; i < 50; ++i) VforkLarge(NULL);
  const long before = MemoryInUse();
  for (int i = 0; i < 50; ++i) VforkLarge(NULL);
  CHECK(MemoryInUse() == before);
  CHECK(system(ShowCommand()) == 0);
}
