// A signal may come between any two instructions of ours, and its handler may
// do whatever is async-signal-safe, and jump away.
//
// `interrupted_cases step CALL ACTION FIRST STRIDE` runs `interrupted_cases run
// CALL ACTION RECORDS` again and again under ptrace(2), steps through the call
// and sends it a signal before its FIRST-th instruction in libfilemon.so, the
// next time STRIDE later, until there is none so late. RECORDS is how many
// records the process makes before, which is what decides how the call's is
// sent. Each run must end well.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static void Check(bool right, const char* what) {
  if (right) return;
  dprintf(2, "not so: %s (errno %d)\n", what, errno);
  _exit(1);
}
#define CHECK(condition) Check(condition, #condition)

static void Open(const char* name) {
  const int fd = open(name, O_RDONLY);
  CHECK(fd >= 0 && close(fd) == 0);
}

// ---- What the handler does
// -----------------------------------------------------

static volatile sig_atomic_t handled;
static volatile sig_atomic_t in_child;
static sigjmp_buf jump;

static void Reap(pid_t child) {
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

static void DoOpen(void) { Open("handler"); }
static void DoJump(void) { siglongjmp(jump, 1); }
static void DoFork(void) {
  const pid_t child = fork();
  if (child == 0) {
    Open("child");
    _exit(0);
  }
  Reap(child);
}
// The child goes on with the call.
static void DoForkAndReturn(void) {
  const pid_t child = fork();
  if (child == 0) {
    in_child = 1;
  } else {
    Reap(child);
  }
}
static void DoExec(void) {
  const pid_t child = vfork();
  if (child == 0) {
    execl("/bin/true", "true", (char*)NULL);
    _exit(1);
  }
  Reap(child);
}

static const struct Action {
  const char* name;
  void (*run)(void);
} actions[] = {
    {"open", DoOpen}, {"jump", DoJump},
    {"fork", DoFork}, {"fork_and_return", DoForkAndReturn},
    {"exec", DoExec},
};
static void (*action)(void);

static void Handle(int signal) {
  (void)signal;
  const int error = errno;
  handled = 1;
  action();
  errno = error;
}

// ---- What is interrupted
// -------------------------------------------------------

static volatile long result;

#ifdef __x86_64__
static void Mark(void) { __asm__ volatile("int3" ::: "memory"); }
#else
static void Mark(void) {}
#endif

#define INTERRUPTED(call)              \
  do {                                 \
    Mark();                            \
    if (sigsetjmp(jump, 1) == 0) call; \
    if (in_child) {                    \
      Open("child");                   \
      _exit(0);                        \
    }                                  \
    Mark();                            \
  } while (0)

// What was jumped out of has no result.
static bool Ended(void) { return !(handled && action == DoJump); }

static void CallOpen(void) {
  INTERRUPTED(result = open("in", O_RDONLY));
  CHECK(!Ended() || close((int)result) == 0);
}
static void CallOpenat(void) {
  const int folder = open(".", O_RDONLY | O_DIRECTORY);
  INTERRUPTED(result = openat(folder, "in", O_RDONLY));
  CHECK(!Ended() || close((int)result) == 0);
}
static void CallFopen(void) {
  FILE* volatile stream;
  // A jump out of fopen() is not safe without us either.
  Mark();
  stream = fopen("in", "r");
  if (in_child) {
    Open("child");
    _exit(0);
  }
  Mark();
  CHECK(stream != NULL && fclose(stream) == 0);
}
static void CallClose(void) {
  const int fd = open("in", O_RDONLY);
  INTERRUPTED(result = close(fd));
  CHECK(!Ended() || result == 0);
}
static void CallUnlink(void) {
  CHECK(close(open("gone", O_WRONLY | O_CREAT, 0600)) == 0);
  INTERRUPTED(result = unlink("gone"));
  CHECK(!Ended() || in_child || access("gone", F_OK) != 0);
}
static void CallRename(void) {
  CHECK(close(open("old", O_WRONLY | O_CREAT, 0600)) == 0);
  INTERRUPTED(result = rename("old", "gone"));
  CHECK(!Ended() || access("gone", F_OK) == 0);
}
static void CallChdir(void) {
  INTERRUPTED(result = chdir("."));
  CHECK(!Ended() || result == 0);
}
static void CallDup2(void) {
  INTERRUPTED(result = dup2(0, 60));
  CHECK(!Ended() || result == 60);
}
static void CallFork(void) {
  INTERRUPTED({
    const pid_t child = fork();
    if (child == 0 && !in_child) _exit(0);
    result = child;
  });
  if (Ended()) Reap((pid_t)result);
}
static void CallVfork(void) {
  INTERRUPTED({
    const pid_t child = vfork();
    if (child == 0) _exit(0);
    result = child;
  });
  if (Ended()) Reap((pid_t)result);
}
// One that the kernel refuses in the end.
static void CallExec(void) {
  INTERRUPTED(result = execl("./no_program", "no_program", (char*)NULL));
  CHECK(!Ended() || result == -1);
}
static void CallWaitpid(void) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info;
  CHECK(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
  INTERRUPTED(result = waitpid(child, NULL, 0));
  CHECK(!Ended() || result == child);
}

static const struct Interrupted {
  const char* name;
  void (*run)(void);
} calls[] = {
    {"open", CallOpen},   {"openat", CallOpenat}, {"fopen", CallFopen},
    {"close", CallClose}, {"unlink", CallUnlink}, {"rename", CallRename},
    {"chdir", CallChdir}, {"dup2", CallDup2},     {"fork", CallFork},
    {"vfork", CallVfork}, {"exec", CallExec},     {"waitpid", CallWaitpid},
};

static int Run(const char* call, const char* what, int records) {
  for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); ++i) {
    if (strcmp(actions[i].name, what) == 0) action = actions[i].run;
  }
  CHECK(action != NULL);
  // Whose addresses libc and we look up once.
  Open("handler");
  const struct sigaction handle = {.sa_handler = Handle};
  CHECK(sigaction(SIGUSR1, &handle, NULL) == 0);
  for (int i = 0; i < records; ++i) Open("before");
  for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); ++i) {
    if (strcmp(calls[i].name, call) != 0) continue;
    calls[i].run();
    Open("after");
    return 0;
  }
  return 2;
}

// ---- Stepping
// -------------------------------------------------------------------

#ifdef __x86_64__

// The code of the program itself, and that of libfilemon.so, empty if it is not
// there.
struct Range {
  uintptr_t begin, end;
};

static struct Range CodeOf(pid_t pid, const char* file) {
  char name[64], line[PATH_MAX + 128];
  snprintf(name, sizeof(name), "/proc/%d/maps", pid);
  FILE* const maps = fopen(name, "r");
  struct Range found = {0, 0};
  while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
    struct Range range;
    char rights[5];
    const char* const slash = strrchr(line, '/');
    if (slash == NULL || strncmp(slash + 1, file, strlen(file)) != 0) continue;
    if (sscanf(line, "%lx-%lx %4s", &range.begin, &range.end, rights) != 3) {
      continue;
    }
    if (rights[2] == 'x') found = range;
  }
  if (maps != NULL) fclose(maps);
  return found;
}

static bool Holds(struct Range range, uintptr_t address) {
  return address >= range.begin && address < range.end;
}

static uintptr_t Here(pid_t pid) {
  return (uintptr_t)ptrace(PTRACE_PEEKUSER, pid,
                           offsetof(struct user_regs_struct, rip), NULL);
}

// Goes on until the program stops for another reason than a signal, which it
// gets; false if it has ended, with `status`.
static bool Go(pid_t pid, enum __ptrace_request how, int signal, int* status) {
  for (;;) {
    ptrace(how, pid, NULL, signal);
    CHECK(waitpid(pid, status, 0) == pid);
    if (!WIFSTOPPED(*status)) return false;
    signal = WSTOPSIG(*status);
    if (signal == SIGTRAP) return true;
  }
}

// One run, with a signal before the `n`-th instruction of libfilemon.so. False
// if there is none so late.
static bool StepTo(char** arguments, long n) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(77);
    execv(arguments[0], arguments);
    _exit(1);
  }
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) exit(77);
  ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL);
  // To the first mark.
  CHECK(Go(pid, PTRACE_CONT, 0, &status));
  const struct Range library = CodeOf(pid, "libfilemon.so");
  const struct Range program = CodeOf(pid, "interrupted_cases");
  bool sent = false;
  uintptr_t where = 0;
  for (long count = 0; !sent && library.end != 0;) {
    const uintptr_t here = Here(pid);
    if (Holds(library, here) && count++ == n) {
      where = here;
      sent = true;
      break;
    }
    const bool mark = Holds(program, here) &&
                      (ptrace(PTRACE_PEEKTEXT, pid, here, NULL) & 0xff) == 0xcc;
    CHECK(Go(pid, mark ? PTRACE_CONT : PTRACE_SINGLESTEP, 0, &status));
    if (mark) break;
  }
  // Over the second mark, if it is not passed, to the end.
  bool runs = Go(pid, PTRACE_CONT, sent ? SIGUSR1 : 0, &status);
  if (runs) runs = Go(pid, PTRACE_CONT, 0, &status);
  if (runs || status != 0) {
    dprintf(2, "%s %s, %s records: status %x after a signal at %#lx\n",
            arguments[2], arguments[3], arguments[4], status,
            where - library.begin);
    if (runs) kill(pid, SIGKILL);
    exit(1);
  }
  return sent;
}

// Which makes stepping quick.
static void ShareOneProcessor(void) {
  cpu_set_t one;
  CPU_ZERO(&one);
  const int here = sched_getcpu();
  CPU_SET(here < 0 ? 0 : here, &one);
  sched_setaffinity(0, sizeof(one), &one);
}

static int Step(char** words) {
  ShareOneProcessor();
  char self[PATH_MAX] = "";
  CHECK(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  for (const char** name = (const char*[]){"in", "handler", "child", "before",
                                           "after", "no_program", NULL};
       *name != NULL; ++name) {
    close(open(*name, O_WRONLY | O_CREAT, 0755));
  }
  const long first = atol(words[2]);
  const long stride = atol(words[3]);
  for (long n = first;; n += stride) {
    // A process's first records go another way than its later ones; in between
    // is what it does only once.
    char records[20];
    snprintf(records, sizeof(records), "%ld", n * 7 % 50);
    char* arguments[] = {self, "run", words[0], words[1], records, NULL};
    if (!StepTo(arguments, n)) break;
  }
  puts("ok");
  return 0;
}

#else

static int Step(char** words) {
  (void)words;
  fputs("where to stop is known for x86-64 only\n", stderr);
  return 77;
}

#endif

int main(int argc, char** argv) {
  if (argc == 6 && strcmp(argv[1], "step") == 0) return Step(argv + 2);
  if (argc == 5 && strcmp(argv[1], "run") == 0) {
    return Run(argv[2], argv[3], atoi(argv[4]));
  }
  return 2;
}
