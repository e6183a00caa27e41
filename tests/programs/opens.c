// open(2) and its kin.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/programs/case.h"

int __open(const char*, int, ...);
int __open64(const char*, int, ...);
int __open_2(const char*, int);
int __open64_2(const char*, int);
int __openat_2(int, const char*, int);
int __openat64_2(int, const char*, int);

static mode_t ModeOf(int fd) {
  struct stat status;
  CHECK(fstat(fd, &status) == 0);
  return status.st_mode & 07777;
}

static void TryOpen(int (*f)(const char*, int, ...)) {
  umask(0);
  int fd;
  SUCCEEDS((fd = f("made", O_RDWR | O_CREAT | O_EXCL, 0641)) >= 0);
  CHECK(ModeOf(fd) == 0641);
  CHECK(close(fd) == 0);
  SUCCEEDS((fd = f("made", O_RDONLY)) >= 0);
  CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0);
  CHECK(close(fd) == 0);
  SUCCEEDS((fd = f("./made", O_WRONLY | O_APPEND | O_CLOEXEC)) >= 0);
  CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(close(fd) == 0);
  SUCCEEDS((fd = f("readable", O_RDONLY | O_CREAT, 0600)) >= 0);
  SUCCEEDS((fd = f(".", O_RDONLY | O_DIRECTORY)) >= 0);
  SUCCEEDS((fd = f("/dev/null", O_RDWR)) >= 0);
  SUCCEEDS((fd = f("made", O_PATH)) >= 0);
  SUCCEEDS((fd = f(".", O_TMPFILE | O_RDWR, 0602)) >= 0);
  CHECK(ModeOf(fd) == 0602);
  FAILS(ENOENT, f("absent", O_RDONLY) == -1);
  FAILS(ENOENT, f("absent/made", O_WRONLY | O_CREAT, 0600) == -1);
  FAILS(EEXIST, f("made", O_WRONLY | O_CREAT | O_EXCL, 0600) == -1);
  FAILS(ENOTDIR, f("made/x", O_RDONLY) == -1);
  FAILS(EISDIR, f(".", O_WRONLY) == -1);
  FAILS(EFAULT, f((const char*)8, O_RDONLY) == -1);
  FAILS(ENOENT, f("", O_RDONLY) == -1);
}
CASE(open) { TryOpen(open); }
CASE(open64) { TryOpen(open64); }
CASE(__open) { TryOpen(__open); }
CASE(__open64) { TryOpen(__open64); }

static void TryOpenAt(int (*f)(int, const char*, int, ...)) {
  umask(0);
  const int dir = MakeDirectory("dir");
  int fd;
  SUCCEEDS((fd = f(dir, "made", O_RDWR | O_CREAT, 0641)) >= 0);
  CHECK(ModeOf(fd) == 0641);
  SUCCEEDS((fd = f(dir, "made", O_RDONLY)) >= 0);
  SUCCEEDS((fd = f(dir, "./made", O_WRONLY)) >= 0);
  SUCCEEDS((fd = f(dir, "../dir/made", O_WRONLY)) >= 0);
  SUCCEEDS((fd = f(dir, ".", O_RDONLY)) >= 0);
  SUCCEEDS((fd = f(AT_FDCWD, "dir/made", O_RDWR)) >= 0);
  SUCCEEDS((fd = f(dir, "/dev/null", O_RDONLY)) >= 0);
  SUCCEEDS((fd = f(-1, "/dev/null", O_WRONLY)) >= 0);
  SUCCEEDS((fd = f(dir, "made", O_PATH)) >= 0);
  SUCCEEDS((fd = f(dir, ".", O_TMPFILE | O_RDWR, 0600)) >= 0);
  FAILS(ENOENT, f(dir, "absent", O_RDONLY) == -1);
  FAILS(EBADF, f(-1, "made", O_RDONLY) == -1);
  FAILS(ENOTDIR, f(open("dir/made", O_RDONLY), "x", O_RDONLY) == -1);
}
CASE(openat) { TryOpenAt(openat); }
CASE(openat64) { TryOpenAt(openat64); }

// The name of a directory descriptor is remembered between calls.
CASE(openat_directory_renamed) {
  close(MakeDirectory("old"));
  close(MakeDirectory("old/in"));
  MakeFile("old/in/file");
  const int dir = open("old/in", O_RDONLY | O_DIRECTORY);
  CHECK(dir >= 0);
  int fd;
  SUCCEEDS((fd = openat(dir, "file", O_RDONLY)) >= 0);
  CHECK(rename("old", "new") == 0);
  SUCCEEDS((fd = openat(dir, "file", O_RDONLY)) >= 0);
  SUCCEEDS((fd = openat(dir, "made", O_WRONLY | O_CREAT, 0600)) >= 0);
}
CASE(openat_descriptor_reused) {
  const int first = MakeDirectory("first");
  const int second = MakeDirectory("second");
  MakeFile("first/file");
  MakeFile("second/file");
  int fd;
  SUCCEEDS((fd = openat(first, "file", O_RDONLY)) >= 0);
  CHECK(dup2(second, first) == first);
  SUCCEEDS((fd = openat(first, "file", O_RDONLY)) >= 0);
  close(first);
  CHECK(open("first", O_RDONLY | O_DIRECTORY) == first);
  SUCCEEDS((fd = openat(first, "file", O_RDONLY)) >= 0);
}

static void TryOpen2(int (*f)(const char*, int)) {
  MakeFile("made");
  int fd;
  SUCCEEDS((fd = f("made", O_RDONLY)) >= 0);
  SUCCEEDS((fd = f("made", O_WRONLY)) >= 0);
  SUCCEEDS((fd = f("made", O_RDWR)) >= 0);
  SUCCEEDS((fd = f(".", O_RDONLY)) >= 0);
  FAILS(ENOENT, f("absent", O_RDONLY) == -1);
}
CASE(__open_2) { TryOpen2(__open_2); }
CASE(__open64_2) { TryOpen2(__open64_2); }

static void TryOpenAt2(int (*f)(int, const char*, int)) {
  const int dir = MakeDirectory("dir");
  MakeFile("dir/made");
  int fd;
  SUCCEEDS((fd = f(dir, "made", O_RDONLY)) >= 0);
  SUCCEEDS((fd = f(dir, "made", O_RDWR)) >= 0);
  SUCCEEDS((fd = f(AT_FDCWD, "dir/made", O_WRONLY)) >= 0);
  FAILS(ENOENT, f(dir, "absent", O_RDONLY) == -1);
}
CASE(__openat_2) { TryOpenAt2(__openat_2); }
CASE(__openat64_2) { TryOpenAt2(__openat64_2); }

static void TryCreat(int (*f)(const char*, mode_t)) {
  umask(0);
  int fd;
  SUCCEEDS((fd = f("made", 0641)) >= 0);
  CHECK(ModeOf(fd) == 0641);
  CHECK(write(fd, "x", 1) == 1);
  SUCCEEDS((fd = f("made", 0600)) >= 0);
  struct stat status;
  CHECK(fstat(fd, &status) == 0 && status.st_size == 0);
  FAILS(ENOENT, f("absent/made", 0600) == -1);
  FAILS(EISDIR, f(".", 0600) == -1);
}
CASE(creat) { TryCreat(creat); }
CASE(creat64) { TryCreat(creat64); }

CASE(open_by_handle_at) {
  MakeFile("made");
  struct file_handle* handle = malloc(sizeof(*handle) + MAX_HANDLE_SZ);
  CHECK(handle != NULL);
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount;
  if (name_to_handle_at(AT_FDCWD, "made", handle, &mount, 0) != 0) {
    perror("no handles on this file system");
    return;
  }
  const int here = open(".", O_RDONLY);
  const int fd = open_by_handle_at(here, handle, O_RDWR);
  CHECK(fd >= 0 || errno == EPERM);  // needs CAP_DAC_READ_SEARCH
  FAILS(EBADF, open_by_handle_at(-1, handle, O_RDONLY) == -1);
}

// A descriptor that was closed and used again names its new directory.
CASE(directory_descriptor_used_again) {
  const int a = MakeDirectory("a");
  MakeFile("a/x");
  MakeFile("x");
  CHECK(openat(a, "x", O_RDONLY) >= 0);
  const int b = MakeDirectory("b");
  MakeFile("b/x");
  CHECK(dup2(b, a) == a);
  CHECK(openat(a, "x", O_RDONLY) >= 0);
  CHECK(rename("b", "c") == 0);
  CHECK(openat(a, "x", O_RDONLY) >= 0);
}

CASE(open_without_descriptors) {
  int fd;
  while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
  }
  CHECK(errno == EMFILE);
  FAILS(EMFILE, open("/dev/null", O_RDONLY) == -1);
  CHECK(close(5) == 0);
  CHECK(open("/dev/zero", O_RDONLY) == 5);
}

CASE(open_odd_names) {
  static const char* const kNames[] = {
      "two words",  " leading", "trailing ", "it's",        "a' 'b",
      "\"quoted\"", "a\nR 1 b", "\n",        "back\\n",     "\377\1",
      "tab\tx",     "*?[",      "#",         "utf\303\244",
  };
  for (size_t i = 0; i < sizeof(kNames) / sizeof(*kNames); ++i) {
    int fd;
    SUCCEEDS((fd = open(kNames[i], O_RDWR | O_CREAT, 0600)) >= 0);
    CHECK(close(fd) == 0);
    CHECK(rename(kNames[i], "plain") == 0);
    CHECK(link("plain", kNames[i]) == 0);
    CHECK(unlink("plain") == 0);
    CHECK(symlink(kNames[i], "plain") == 0);
    CHECK(open("plain", O_RDONLY) >= 0);
    CHECK(unlink("plain") == 0);
    CHECK(unlink(kNames[i]) == 0);
    const int dir = MakeDirectory(kNames[i]);
    CHECK(openat(dir, kNames[i], O_WRONLY | O_CREAT, 0600) >= 0);
    CHECK(unlinkat(dir, kNames[i], 0) == 0);
    CHECK(fchdir(dir) == 0);
    CHECK(chdir("..") == 0);
    CHECK(rmdir(kNames[i]) == 0);
  }
}
