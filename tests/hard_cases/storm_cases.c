// A process that keeps count of what it has done, for when it is killed.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/programs/case.h"

enum { kOpens = 400 };

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
