// Files whose names libc makes up or completes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/programs/case.h"

static void CheckMade(const char* name, const char* begin, const char* end) {
  const size_t length = strlen(name);
  CHECK(strncmp(name, begin, strlen(begin)) == 0);
  CHECK(strcmp(name + length - strlen(end), end) == 0);
  CHECK(strstr(name, "XXXXXX") == NULL);
  CHECK(Exists(name));
}

static void TryMkstemp(int (*f)(char*)) {
  char name[] = "tmpXXXXXX";
  int fd;
  SUCCEEDS((fd = f(name)) >= 0);
  CheckMade(name, "tmp", "");
  char absent[] = "absent/tXXXXXX";
  FAILS(ENOENT, f(absent) == -1);
  char wrong[] = "tmp";
  FAILS(EINVAL, f(wrong) == -1);
  CHECK(strcmp(wrong, "tmp") == 0);
}
CASE(mkstemp) { TryMkstemp(mkstemp); }
CASE(mkstemp64) { TryMkstemp(mkstemp64); }

static void TryMkostemp(int (*f)(char*, int)) {
  char name[] = "./tmpXXXXXX";
  int fd;
  SUCCEEDS((fd = f(name, O_CLOEXEC | O_APPEND)) >= 0);
  CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  CheckMade(name, "./tmp", "");
  char absent[] = "absent/tXXXXXX";
  FAILS(ENOENT, f(absent, 0) == -1);
}
CASE(mkostemp) { TryMkostemp(mkostemp); }
CASE(mkostemp64) { TryMkostemp(mkostemp64); }

static void TryMkstemps(int (*f)(char*, int)) {
  char name[] = "tmpXXXXXX.c";
  int fd;
  SUCCEEDS((fd = f(name, 2)) >= 0);
  CheckMade(name, "tmp", ".c");
  char wrong[] = "tmpXXXXXX.c";
  FAILS(EINVAL, f(wrong, 3) == -1);
}
CASE(mkstemps) { TryMkstemps(mkstemps); }
CASE(mkstemps64) { TryMkstemps(mkstemps64); }

static void TryMkostemps(int (*f)(char*, int, int)) {
  char name[] = "tmpXXXXXX.c";
  int fd;
  SUCCEEDS((fd = f(name, 2, O_CLOEXEC)) >= 0);
  CheckMade(name, "tmp", ".c");
  char wrong[] = "tmpXXXXXX.c";
  FAILS(EINVAL, f(wrong, 3, 0) == -1);
}
CASE(mkostemps) { TryMkostemps(mkostemps); }
CASE(mkostemps64) { TryMkostemps(mkostemps64); }

static void TryTmpfile(FILE* (*f)(void)) {
  FILE* file;
  SUCCEEDS((file = f()) != NULL);
  CHECK(fputs("text", file) >= 0);
  CHECK(fclose(file) == 0);
}
CASE(tmpfile) { TryTmpfile(tmpfile); }
CASE(tmpfile64) { TryTmpfile(tmpfile64); }

// A name in /dev/shm that is this process's.
static const char* SharedName(void) {
  static char name[64];
  snprintf(name, sizeof(name), "/filemon-test-%d", (int)getpid());
  return name;
}

CASE(shm_open) {
  int fd;
  SUCCEEDS((fd = shm_open(SharedName(), O_RDWR | O_CREAT | O_EXCL, 0600)) >= 0);
  SUCCEEDS((fd = shm_open(SharedName() + 1, O_RDONLY, 0)) >= 0);
  FAILS(EEXIST, shm_open(SharedName(), O_RDWR | O_CREAT | O_EXCL, 0600) == -1);
  CHECK(shm_unlink(SharedName()) == 0);
  FAILS(ENOENT, shm_open(SharedName(), O_RDONLY, 0) == -1);
}
CASE(shm_unlink) {
  CHECK(shm_open(SharedName(), O_RDWR | O_CREAT, 0600) >= 0);
  SUCCEEDS(shm_unlink(SharedName()) == 0);
  FAILS(ENOENT, shm_unlink(SharedName()) == -1);
}
CASE(sem_open) {
  sem_t* semaphore = sem_open(SharedName(), O_CREAT, 0600, 3);
  CHECK(semaphore != SEM_FAILED);
  int value;
  CHECK(sem_getvalue(semaphore, &value) == 0 && value == 3);
  CHECK(sem_close(semaphore) == 0);
  CHECK((semaphore = sem_open(SharedName(), 0)) != SEM_FAILED);
  FAILS(EEXIST,
        sem_open(SharedName(), O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED);
  CHECK(sem_unlink(SharedName()) == 0);
  FAILS(ENOENT, sem_open(SharedName(), 0) == SEM_FAILED);
}
CASE(sem_unlink) {
  CHECK(sem_open(SharedName(), O_CREAT, 0600, 1) != SEM_FAILED);
  CHECK(sem_unlink(SharedName()) == 0);
  FAILS(ENOENT, sem_unlink(SharedName()) == -1);
}

CASE(unnamed_file_gets_a_name) {
  const int fd = open(".", O_TMPFILE | O_RDWR, 0600);
  CHECK(fd >= 0);
  char self[64];
  snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
  SUCCEEDS(linkat(AT_FDCWD, self, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0);
  CHECK(Exists("named"));
  // It is as good as any other file now.
  SUCCEEDS(linkat(AT_FDCWD, self, AT_FDCWD, "again", AT_SYMLINK_FOLLOW) == 0);
}
CASE(unnamed_file_gets_a_name_by_a_thread) {
  const int fd = open(".", O_TMPFILE | O_RDWR, 0600);
  CHECK(fd >= 0);
  char self[64];
  snprintf(self, sizeof(self), "/proc/thread-self/fd/%d", fd);
  SUCCEEDS(linkat(AT_FDCWD, self, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0);
}
