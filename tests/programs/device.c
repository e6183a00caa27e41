// Calls that are wrapped for /dev/filemon's sake alone. Of other files they are
// not recorded, and do what they always did.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/programs/case.h"

CASE(ioctl) {
  int ends[2];
  int pending = 0;
  CHECK(pipe(ends) == 0 && write(ends[1], "abc", 3) == 3);
  SUCCEEDS(ioctl(ends[0], FIONREAD, &pending) == 0);
  CHECK(pending == 3);
  FAILS(EBADF, ioctl(-1, FIONREAD, &pending) == -1);
}

// A file of three bytes, a link to it, and a directory that holds another.
static int MakeFiles(void) {
  MakeFile("file");
  CHECK(truncate("file", 3) == 0);
  CHECK(symlink("file", "link") == 0);
  const int dir = MakeDirectory("dir");
  MakeFile("dir/in");
  CHECK(chmod("file", 0600) == 0 && chmod("dir/in", 0600) == 0);
  return dir;
}

#define STAT_CASE(name, type, is_link)               \
  CASE(name) {                                       \
    type st;                                         \
    MakeFiles();                                     \
    SUCCEEDS(name("file", &st) == 0);                \
    CHECK(S_ISREG(st.st_mode) && st.st_size == 3);   \
    SUCCEEDS(name("link", &st) == 0);                \
    CHECK((S_ISLNK(st.st_mode) != 0) == (is_link));  \
    FAILS(ENOENT, name("/dev/filemons", &st) == -1); \
  }
STAT_CASE(stat, struct stat, false)
STAT_CASE(stat64, struct stat64, false)
STAT_CASE(lstat, struct stat, true)
STAT_CASE(lstat64, struct stat64, true)

#define FSTAT_CASE(name, type)                     \
  CASE(name) {                                     \
    type st;                                       \
    MakeFiles();                                   \
    const int fd = open("file", O_RDONLY);         \
    SUCCEEDS(name(fd, &st) == 0);                  \
    CHECK(S_ISREG(st.st_mode) && st.st_size == 3); \
    FAILS(EBADF, name(-1, &st) == -1);             \
  }
FSTAT_CASE(fstat, struct stat)
FSTAT_CASE(fstat64, struct stat64)

#define FSTATAT_CASE(name, type)                                     \
  CASE(name) {                                                       \
    type st;                                                         \
    const int dir = MakeFiles();                                     \
    SUCCEEDS(name(dir, "in", &st, 0) == 0);                          \
    CHECK(S_ISREG(st.st_mode));                                      \
    SUCCEEDS(name(AT_FDCWD, "link", &st, AT_SYMLINK_NOFOLLOW) == 0); \
    CHECK(S_ISLNK(st.st_mode));                                      \
    SUCCEEDS(name(dir, "", &st, AT_EMPTY_PATH) == 0);                \
    CHECK(S_ISDIR(st.st_mode));                                      \
    FAILS(ENOENT, name(dir, "none", &st, 0) == -1);                  \
  }
FSTATAT_CASE(fstatat, struct stat)
FSTATAT_CASE(fstatat64, struct stat64)

// What programs built for glibc before 2.33 call; no header declares them now.
#define KERNEL_VERSION_OF_STAT 1
#define DECLARE_XSTAT(name, type) int name(int, const char*, type*);
DECLARE_XSTAT(__xstat, struct stat)
DECLARE_XSTAT(__xstat64, struct stat64)
DECLARE_XSTAT(__lxstat, struct stat)
DECLARE_XSTAT(__lxstat64, struct stat64)
int __fxstat(int, int, struct stat*);
int __fxstat64(int, int, struct stat64*);
int __fxstatat(int, int, const char*, struct stat*, int);
int __fxstatat64(int, int, const char*, struct stat64*, int);

#define XSTAT_CASE(name, type, is_link)                             \
  CASE(name) {                                                      \
    type st;                                                        \
    MakeFiles();                                                    \
    SUCCEEDS(name(KERNEL_VERSION_OF_STAT, "link", &st) == 0);       \
    CHECK((S_ISLNK(st.st_mode) != 0) == (is_link));                 \
    FAILS(ENOENT, name(KERNEL_VERSION_OF_STAT, "none", &st) == -1); \
  }
XSTAT_CASE(__xstat, struct stat, false)
XSTAT_CASE(__xstat64, struct stat64, false)
XSTAT_CASE(__lxstat, struct stat, true)
XSTAT_CASE(__lxstat64, struct stat64, true)

#define FXSTAT_CASE(name, type)                           \
  CASE(name) {                                            \
    type st;                                              \
    MakeFiles();                                          \
    const int fd = open("file", O_RDONLY);                \
    SUCCEEDS(name(KERNEL_VERSION_OF_STAT, fd, &st) == 0); \
    CHECK(S_ISREG(st.st_mode) && st.st_size == 3);        \
  }
FXSTAT_CASE(__fxstat, struct stat)
FXSTAT_CASE(__fxstat64, struct stat64)

#define FXSTATAT_CASE(name, type)                                   \
  CASE(name) {                                                      \
    type st;                                                        \
    const int dir = MakeFiles();                                    \
    SUCCEEDS(name(KERNEL_VERSION_OF_STAT, dir, "in", &st, 0) == 0); \
    CHECK(S_ISREG(st.st_mode));                                     \
  }
FXSTATAT_CASE(__fxstatat, struct stat)
FXSTATAT_CASE(__fxstatat64, struct stat64)

CASE(statx) {
  NEEDS(SYS_statx);  // glibc's own way of doing it leaves errno behind
  struct statx st;
  const int dir = MakeFiles();
  SUCCEEDS(statx(dir, "in", 0, STATX_TYPE, &st) == 0);
  CHECK(S_ISREG(st.stx_mode));
  SUCCEEDS(statx(dir, "", AT_EMPTY_PATH, STATX_TYPE, &st) == 0);
  CHECK(S_ISDIR(st.stx_mode));
  FAILS(ENOENT, statx(dir, "none", 0, STATX_TYPE, &st) == -1);
}

#define ACCESS_CASE(name)                             \
  CASE(name) {                                        \
    MakeFiles();                                      \
    SUCCEEDS(name("file", R_OK | W_OK) == 0);         \
    FAILS(EACCES, name("file", X_OK) == -1);          \
    FAILS(ENOENT, name("/dev/filemons", F_OK) == -1); \
  }
ACCESS_CASE(access)
ACCESS_CASE(eaccess)
ACCESS_CASE(euidaccess)

CASE(faccessat) {
#ifdef SYS_faccessat2
  NEEDS(SYS_faccessat2);  // the same
#endif
  const int dir = MakeFiles();
  SUCCEEDS(faccessat(dir, "in", R_OK, 0) == 0);
  SUCCEEDS(faccessat(dir, "in", R_OK, AT_EACCESS) == 0);
  FAILS(EACCES, faccessat(dir, "in", X_OK, 0) == -1);
}

int _IO_fclose(FILE*);
CASE(fclose) {
  FILE* stream = fopen("a", "w");
  CHECK(stream != NULL && fputs("text", stream) >= 0);
  SUCCEEDS(fclose(stream) == 0);
  struct stat st;
  CHECK(stat("a", &st) == 0 && st.st_size == 4);
}
CASE(_IO_fclose) {
  FILE* stream = fopen("a", "w");
  CHECK(stream != NULL);
  SUCCEEDS(_IO_fclose(stream) == 0);
}
