// A program that loses the session's descriptor, and the ways to another.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

static void Open(const char* name) {
  const int fd = open(name, O_CREAT | O_WRONLY, 0666);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

// By a system call that no wrapper sees.
static void CloseAll(void) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(SYS_close_range), "D"(3), "S"(~0U), "d"(0)
                   : "rcx", "r11", "memory");
  CHECK(result == 0);
#else
  _exit(kSkipped);
#endif
}

static void OpenInChild(const char* name) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CloseAll();
    for (int i = 0; i < 50; ++i) Open(name);
    _exit(0);
  }
  ExpectExit(child, 0);
}

// There is no /proc to open the collector's descriptors through.
CASE(without_proc) {
  if (unshare(CLONE_NEWNS) != 0) _exit(kSkipped);
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("tmpfs", "/proc", "tmpfs", 0, NULL) != 0) {
    _exit(kSkipped);
  }
  for (int i = 0; i < 50; ++i) Open("seen1");
  OpenInChild("seen2");
}

// And here they are another user's.
CASE(as_another_user) {
  Open("seen1");
  CHECK(fchmodat(AT_FDCWD, ".", 0777, 0) == 0);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(kSkipped);
    OpenInChild("seen2");
    CloseAll();
    Open("seen3");
    execl("/bin/sh", "sh", "-c", ": > seen4", (char*)NULL);
    _exit(1);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  _exit(WEXITSTATUS(status));
}

// To be run where there are 64 descriptors at most.
CASE(all_descriptors_taken) {
  const int fd = creat("seen1", 0666);
  CHECK(fd >= 0);
  for (int other = fd + 1; other < 64; ++other) {
    CHECK(dup2(fd, other) == other);
  }
  for (int i = 0; i < 100; ++i) {
    CHECK(rename("seen1", "seen2") == 0);
    CHECK(rename("seen2", "seen1") == 0);
  }
  CHECK(unlink("seen1") == 0);
}

// As an emulator makes room: whatever is mapped from a file in memory goes.
static void Unmap(int (*unmap)(void*, size_t)) {
  for (int i = 0; i < 100; ++i) Open("seen1");
  char line[4096];
  unsigned long begin[100];
  unsigned long end[100];
  int count = 0;
  FILE* const maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (count < 100 && fgets(line, sizeof(line), maps) != NULL) {
    if (strstr(line, "memfd:") == NULL) continue;
    CHECK(sscanf(line, "%lx-%lx", &begin[count], &end[count]) == 2);
    ++count;
  }
  fclose(maps);
  for (int i = 0; i < count; ++i) {
    CHECK(unmap((void*)begin[i], end[i] - begin[i]) == 0);
  }
  for (int i = 0; i < 3000; ++i) Open("seen2");
}

CASE(unmaps) { Unmap(munmap); }

static int UnmapByNumber(void* address, size_t size) {
  return (int)syscall(SYS_munmap, address, size);
}

CASE(unmaps_by_number) { Unmap(UnmapByNumber); }
