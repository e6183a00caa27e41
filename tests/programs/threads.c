// Many threads, and signals in between.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

enum { kThreads = 32, kOpens = 200 };

static void* OpenMany(void* argument) {
  char name[32];
  for (int i = 0; i < kOpens; ++i) {
    snprintf(name, sizeof(name), "f%d-%d", (int)(long)argument, i);
    const int fd = open(name, O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0 && close(fd) == 0);
    if (i % 10 == 0) CHECK(unlink(name) == 0);
  }
  return NULL;
}
CASE(threads_opening) {
  pthread_t threads[kThreads];
  for (long i = 0; i < kThreads; ++i) {
    CHECK(pthread_create(&threads[i], NULL, OpenMany, (void*)i) == 0);
  }
  for (int i = 0; i < kThreads; ++i) {
    CHECK(pthread_join(threads[i], NULL) == 0);
  }
}

static atomic_bool stop;
static void* OpenUntilStopped(void* argument) {
  (void)argument;
  while (!stop) {
    const int fd = open("/dev/null", O_RDONLY);
    if (fd >= 0) close(fd);
  }
  return NULL;
}
CASE(fork_while_a_thread_opens) {
  MakeFile("a");
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, OpenUntilStopped, NULL) == 0);
  for (int i = 0; i < 40; ++i) {
    const pid_t pid = i % 2 == 0 ? fork() : vfork();
    if (pid == 0) {
      if (i % 2 == 0) CHECK(open("a", O_RDONLY) >= 0);
      execl("/bin/cat", "cat", "a", (char*)NULL);
      _exit(99);
    }
    ExpectExit(pid, 0);
  }
  stop = true;
  CHECK(pthread_join(thread, NULL) == 0);
}
CASE(exec_while_a_thread_opens) {
  MakeFile("a");
  const pid_t pid = fork();
  if (pid == 0) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, OpenUntilStopped, NULL) == 0);
    execl("/bin/cat", "cat", "a", (char*)NULL);
    _exit(99);
  }
  ExpectExit(pid, 0);
}
static void* ExecCat(void* argument) {
  (void)argument;
  execl("/bin/cat", "cat", "a", (char*)NULL);
  return NULL;
}
CASE(exec_in_a_thread) {
  MakeFile("a");
  const pid_t pid = fork();
  if (pid == 0) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, ExecCat, NULL) == 0);
    pthread_join(thread, NULL);
    _exit(99);
  }
  ExpectExit(pid, 0);
}
static void* ForkOne(void* argument) {
  const pid_t pid = fork();
  if (pid == 0) {
    CHECK(open("a", O_RDONLY) >= 0);
    _exit((int)(long)argument);
  }
  ExpectExit(pid, (int)(long)argument);
  return NULL;
}
CASE(forks_in_threads) {
  MakeFile("a");
  pthread_t threads[8];
  for (long i = 0; i < 8; ++i) {
    CHECK(pthread_create(&threads[i], NULL, ForkOne, (void*)i) == 0);
  }
  for (int i = 0; i < 8; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
}

// A handler that opens may come in the middle of a wrapper.
static volatile sig_atomic_t alarms;
static void OpenInHandler(int signal) {
  (void)signal;
  const int error = errno;
  const int fd = open("/dev/zero", O_RDONLY);
  if (fd >= 0) close(fd);
  ++alarms;
  errno = error;
}
CASE(open_in_a_signal_handler) {
  CHECK(signal(SIGALRM, OpenInHandler) != SIG_ERR);
  const struct itimerval often = {{0, 500}, {0, 500}};
  CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
  while (alarms < 50) {
    int fd;
    do {
      fd = open("/dev/null", O_RDONLY);
    } while (fd < 0 && errno == EINTR);
    CHECK(fd >= 0);
    close(fd);
  }
}

static void* OpenThenSleep(void* argument) {
  CHECK(open("a", O_RDONLY) >= 0);
  atomic_bool* opened = argument;
  *opened = true;
  for (;;) pause();
}
CASE(cancelled_thread) {
  MakeFile("a");
  static atomic_bool opened;
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, OpenThenSleep, &opened) == 0);
  while (!opened) sched_yield();
  CHECK(pthread_cancel(thread) == 0);
  void* result;
  CHECK(pthread_join(thread, &result) == 0);
  CHECK(result == PTHREAD_CANCELED);
}

// /proc/self is then a process without descriptors.
static void* OpenAfterFirst(void* argument) {
  const int directory = (int)(long)argument;
  char link[32], path[256];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", directory);
  while (readlink(link, path, sizeof(path)) >= 0) {
  }
  CHECK(errno == ENOENT);
  for (int i = 0; i < 20; ++i) CHECK(openat(directory, "a", O_RDONLY) >= 0);
  _exit(0);
}
CASE(openat_after_the_first_thread) {
  const int directory = MakeDirectory("top");
  MakeFile("top/a");
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, OpenAfterFirst, (void*)(long)directory) ==
        0);
  pthread_exit(NULL);
}
