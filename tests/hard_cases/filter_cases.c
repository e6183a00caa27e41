// A program that forbids itself system calls (seccomp(2)), or the processor's
// clock, and lives with what is left.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

enum { kMost = 64 };

// What a case's own calls come to on any architecture that has them.
static const int kAlways[] = {SYS_openat,      SYS_close, SYS_read,
                              SYS_write,       SYS_exit,  SYS_exit_group,
                              SYS_rt_sigreturn};

struct Filter {
  struct sock_filter code[4 * kMost];
  unsigned short size;
};

static void Add(struct Filter* filter, struct sock_filter code) {
  filter->code[filter->size++] = code;
}

static void Let(struct Filter* filter, int number) {
  Add(filter,
      (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
  Add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

// Those of kAlways and of the list, which ends in -1, pass; for the rest, this.
static void Make(struct Filter* filter, unsigned action, const int* list) {
  filter->size = 0;
  Add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                           offsetof(struct seccomp_data, nr)));
  for (size_t i = 0; i < sizeof(kAlways) / sizeof(kAlways[0]); ++i) {
    Let(filter, kAlways[i]);
  }
  for (; *list >= 0; ++list) Let(filter, *list);
  Add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void Install(const struct Filter* filter) {
  const struct sock_fprog program = {filter->size,
                                     (struct sock_filter*)filter->code};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    _exit(kSkipped);
  }
}

static void Forbid(unsigned action, const int* list) {
  struct Filter filter;
  Make(&filter, action, list);
  Install(&filter);
}

#define LET(...) ((const int[]){__VA_ARGS__, -1})
#define FORBID_ALL_BUT(...) Forbid(SECCOMP_RET_KILL_PROCESS, LET(__VA_ARGS__))

static void Open(const char* name) {
  const int fd = open(name, O_CREAT | O_WRONLY, 0666);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

CASE(exits) {
  FORBID_ALL_BUT(SYS_exit_group);
  exit(0);
}

CASE(exits_at_once) {
  FORBID_ALL_BUT(SYS_exit_group);
  _exit(0);
}

CASE(opens) {
  FORBID_ALL_BUT(SYS_exit_group);
  for (int i = 0; i < 1000; ++i) Open("seen");
  _exit(0);
}

// After many, of which the first went another way.
CASE(opens_before_and_after) {
  for (int i = 0; i < 100; ++i) Open("seen1");
  FORBID_ALL_BUT(SYS_exit_group);
  for (int i = 0; i < 3000; ++i) Open("seen2");
  _exit(0);
}

CASE(by_number) {
  struct Filter filter;
  Make(&filter, SECCOMP_RET_KILL_PROCESS, LET(SYS_exit_group));
  const struct sock_fprog program = {filter.size, filter.code};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    _exit(kSkipped);
  }
  for (int i = 0; i < 100; ++i) Open("seen");
  _exit(0);
}

// One that writes to standard output and error alone.
CASE(writes_to_few) {
  struct Filter filter = {.size = 0};
  Add(&filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                            offsetof(struct seccomp_data, nr)));
  Add(&filter,
      (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 4));
  Add(&filter,
      (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                   offsetof(struct seccomp_data, args[0])));
  Add(&filter, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff));
  Add(&filter,
      (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2, 0, 1));
  Add(&filter,
      (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  struct Filter rest;
  Make(&rest, SECCOMP_RET_KILL_PROCESS, LET(SYS_getpid));
  for (int i = 0; i < rest.size; ++i) Add(&filter, rest.code[i]);
  Install(&filter);
  for (int i = 0; i < 100; ++i) Open("seen");
  CHECK(write(1, "said\n", 5) == 5);
  _exit(0);
}

// A second filter takes away what the first has left.
CASE(twice) {
  FORBID_ALL_BUT(SYS_prctl, SYS_getpid, SYS_getppid, SYS_seccomp);
  FORBID_ALL_BUT(SYS_exit_group);
  for (int i = 0; i < 100; ++i) Open("seen");
  _exit(0);
}

CASE(directories) {
  const int before = MakeDirectory("before");
  CHECK(mkdir("after", 0777) == 0);
  CHECK(mkdir("after/below", 0777) == 0);
  FORBID_ALL_BUT(SYS_dup, SYS_dup2);
  CHECK(close(openat(before, "seen1", O_CREAT | O_WRONLY, 0666)) == 0);
  const int after = open("after", O_RDONLY | O_DIRECTORY);
  CHECK(close(openat(after, "seen2", O_CREAT | O_WRONLY, 0666)) == 0);
  const int below = openat(after, "below", O_RDONLY | O_DIRECTORY);
  CHECK(close(openat(below, "seen3", O_CREAT | O_WRONLY, 0666)) == 0);
  // The number is another directory's now.
  CHECK(close(after) == 0);
  CHECK(open("before", O_RDONLY | O_DIRECTORY) == after);
  CHECK(close(openat(after, "seen4", O_CREAT | O_WRONLY, 0666)) == 0);
  _exit(0);
}

CASE(changes_directory) {
  CHECK(mkdir("a", 0777) == 0);
  CHECK(mkdir("a/b", 0777) == 0);
  FORBID_ALL_BUT(SYS_chdir);
  CHECK(chdir("a") == 0);
  Open("seen1");
  CHECK(chdir("b") == 0);
  Open("seen2");
  _exit(0);
}

#define FORKS                                                              \
  SYS_clone, SYS_wait4, SYS_set_robust_list, SYS_rt_sigprocmask, SYS_rseq, \
      SYS_gettid

static void Fork(void) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    Open("seen");
    _exit(3);
  }
  int status;
  CHECK(wait4(child, &status, 0, NULL) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

CASE(forks) {
  FORBID_ALL_BUT(FORKS, SYS_getpid);
  Fork();
  _exit(0);
}

// The child cannot tell who it is.
CASE(forks_without_getpid) {
  FORBID_ALL_BUT(FORKS);
  Fork();
  Open("seen1");
  _exit(0);
}

#ifdef SYS_vfork
static void Vfork(void) {
  const pid_t child = vfork();
  if (child == 0) {
    Open("seen");
    _exit(3);
  }
  CHECK(child > 0);
  int status;
  CHECK(wait4(child, &status, 0, NULL) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
  Open("seen1");
}

CASE(vforks) {
  FORBID_ALL_BUT(SYS_vfork, SYS_wait4, SYS_getpid);
  Vfork();
  _exit(0);
}

CASE(vforks_without_getpid) {
  FORBID_ALL_BUT(SYS_vfork, SYS_wait4);
  Vfork();
  _exit(0);
}

// The filter is not the parent's, in whose memory the child is.
CASE(in_a_vfork_child) {
  const pid_t child = vfork();
  if (child == 0) {
    FORBID_ALL_BUT(SYS_exit_group);
    _exit(0);
  }
  CHECK(child > 0);
  ExpectExit(child, 0);
  CHECK(mkdir("d", 0777) == 0);
  CHECK(chdir("d") == 0);
  Fork();
}
#endif

static int g_traps;

static void OnTrap(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)context;
  g_traps += info->si_syscall == SYS_getppid ? 1 : 1000;
}

// Only the calls of its own reach its handler.
CASE(trapped) {
  struct sigaction action = {.sa_sigaction = OnTrap, .sa_flags = SA_SIGINFO};
  CHECK(sigaction(SIGSYS, &action, NULL) == 0);
  Forbid(SECCOMP_RET_TRAP, LET(SYS_chdir));
  for (int i = 0; i < 100; ++i) Open("seen");
  CHECK(chdir("/") == 0);
  syscall(SYS_getppid);
  _exit(g_traps == 1 ? 0 : 1);
}

CASE(strict) {
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(kSkipped);
  CHECK(write(1, "said\n", 5) == 5);
  syscall(SYS_exit, 0);
}

// The images that it runs have the filter, too.
CASE(runs_a_program) {
  CHECK(unsetenv("FOO") == 0);
  struct Filter filter = {.size = 0};
  Add(&filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                            offsetof(struct seccomp_data, nr)));
  // What `true` does not call, and we would.
  static const int kForbidden[] = {SYS_getppid, SYS_getcwd,     SYS_faccessat,
                                   SYS_fcntl,   SYS_readlinkat, SYS_flock};
  for (size_t i = 0; i < sizeof(kForbidden) / sizeof(kForbidden[0]); ++i) {
    Add(&filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                              kForbidden[i], 0, 1));
    Add(&filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
                                              SECCOMP_RET_KILL_PROCESS));
  }
  Add(&filter,
      (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  Install(&filter);
  Open("seen");
  execl("/bin/true", "true", (char*)NULL);
  _exit(1);
}

#if defined(__x86_64__) || defined(__i386__)
// It and its children read no clock.
CASE(without_clock) {
  for (int i = 0; i < 100; ++i) Open("seen1");
  CHECK(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0);
  for (int i = 0; i < 100; ++i) Open("seen2");
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 100; ++i) Open("seen3");
    _exit(0);
  }
  ExpectExit(child, 0);
  Open("seen4");
  CHECK(prctl(PR_SET_TSC, PR_TSC_ENABLE) == 0);
  for (int i = 0; i < 100; ++i) Open("seen5");
}
#endif
