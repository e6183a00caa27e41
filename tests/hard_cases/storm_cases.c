// Processes that report much, and many of them.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

enum { kOpens = 400, kCrowd = 1500, kOpensInACrowd = 60, kTurns = 3000 };

// A process that keeps count of what it has done, for when it is killed.
// The count is in the file "count.PID", which outlives it: at least so many
// opens of "seen" have returned.
CASE(counts) {
  char name[32];
  snprintf(name, sizeof(name), "count.%d", (int)getpid());
  const int file = open(name, O_RDWR | O_CREAT, 0666);
  CHECK(file >= 0);
  CHECK(ftruncate(file, sizeof(int)) == 0);
  volatile int* const count =
      mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  CHECK(count != MAP_FAILED);
  for (int i = 0; i < kOpens; ++i) {
    const int fd = open("seen", O_WRONLY | O_CREAT, 0666);
    CHECK(fd >= 0);
    *count = i + 1;
    CHECK(close(fd) == 0);
  }
}

static void Open(const char* name) {
  const int fd = open(name, O_WRONLY | O_CREAT, 0666);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

static void WaitForChildren(void) {
  int status;
  while (wait(&status) > 0) CHECK(status == 0);
}

// All begin when all are there.
CASE(crowd) {
  int gate[2];
  CHECK(pipe(gate) == 0);
  for (int i = 0; i < kCrowd; ++i) {
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid != 0) continue;
    CHECK(close(gate[1]) == 0);
    char c;
    CHECK(read(gate[0], &c, 1) == 0);
    for (int j = 0; j < kOpensInACrowd; ++j) Open("seen");
    _exit(0);
  }
  CHECK(close(gate[1]) == 0);
  WaitForChildren();
}

// Two processes that take turns: each opens a file when the other one has.
CASE(relay) {
  int there[2], back[2];
  CHECK(pipe(there) == 0 && pipe(back) == 0);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  const int from = pid == 0 ? there[0] : back[0];
  const int to = pid == 0 ? back[1] : there[1];
  char turn = 0;
  for (int i = 0; i < kTurns; ++i) {
    if (pid == 0 || i > 0) CHECK(read(from, &turn, 1) == 1);
    Open(pid == 0 ? "child" : "parent");
    CHECK(write(to, &turn, 1) == 1);
  }
  if (pid == 0) _exit(0);
  WaitForChildren();
}
