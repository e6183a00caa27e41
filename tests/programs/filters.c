// What a process may set for itself: filters of system calls, and its memory.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

// What is mapped beside our own memory is not ours to give back.
CASE(munmap) {
  MakeFile("a");
  const size_t size = 1 << 20;
  for (int i = 0; i < 100; ++i) CHECK(close(open("a", O_RDONLY)) == 0);
  void* const memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  SUCCEEDS(munmap(memory, size) == 0);
  FAILS(EINVAL, munmap((char*)memory + 1, size) == -1);
  CHECK(open("a", O_RDONLY) >= 0);
}

CASE(prctl) {
  MakeFile("a");
  SUCCEEDS(prctl(PR_SET_NAME, "renamed") == 0);
  char name[16];
  SUCCEEDS(prctl(PR_GET_NAME, name) == 0);
  CHECK(strcmp(name, "renamed") == 0);
  FAILS(EINVAL, prctl(-1) == -1);
  // All five arguments.
  FAILS(EINVAL, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 1) == -1);
  SUCCEEDS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(open("a", O_RDONLY) >= 0);
  struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct sock_fprog program = {1, &allow};
  SUCCEEDS(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
  CHECK(open("a", O_RDWR) >= 0);
  const pid_t pid = fork();
  if (pid == 0) {
    CHECK(open("a", O_WRONLY) >= 0);
    execl("/bin/cat", "cat", "a", (char*)NULL);
    _exit(99);
  }
  ExpectExit(pid, 0);
}
