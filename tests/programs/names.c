// Names that go away, appear and change.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/programs/case.h"

CASE(unlink) {
  MakeFile("a");
  SUCCEEDS(unlink("a") == 0);
  CHECK(!Exists("a"));
  CHECK(symlink("b", "a") == 0);
  SUCCEEDS(unlink("./a") == 0);
  FAILS(ENOENT, unlink("a") == -1);
  FAILS(EISDIR, unlink(".") == -1);
}
CASE(unlinkat) {
  const int dir = MakeDirectory("dir");
  MakeFile("dir/a");
  SUCCEEDS(unlinkat(dir, "a", 0) == 0);
  MakeFile("b");
  SUCCEEDS(unlinkat(AT_FDCWD, "b", 0) == 0);
  CHECK(mkdir("dir/sub", 0755) == 0);
  FAILS(EISDIR, unlinkat(dir, "sub", 0) == -1);
  SUCCEEDS(unlinkat(dir, "sub", AT_REMOVEDIR) == 0);
  FAILS(ENOENT, unlinkat(dir, "a", 0) == -1);
  FAILS(EBADF, unlinkat(-1, "a", 0) == -1);
}
CASE(remove) {
  MakeFile("a");
  SUCCEEDS(remove("a") == 0);
  CHECK(mkdir("dir", 0755) == 0);
  CHECK(remove("dir") == 0);
  CHECK(!Exists("dir"));
  FAILS(ENOENT, remove("a") == -1);
  MakeDirectory("dir");
  MakeFile("dir/a");
  FAILS(ENOTEMPTY, remove("dir") == -1);
}
CASE(rmdir) {
  CHECK(mkdir("dir", 0755) == 0);
  SUCCEEDS(rmdir("dir") == 0);
  FAILS(ENOENT, rmdir("dir") == -1);
  MakeFile("a");
  FAILS(ENOTDIR, rmdir("a") == -1);
}
CASE(link) {
  MakeFile("a");
  SUCCEEDS(link("a", "b") == 0);
  CHECK(Exists("b"));
  FAILS(EEXIST, link("a", "b") == -1);
  FAILS(ENOENT, link("absent", "c") == -1);
}
CASE(linkat) {
  const int x = MakeDirectory("x"), y = MakeDirectory("y");
  MakeFile("x/a");
  SUCCEEDS(linkat(x, "a", y, "b", 0) == 0);
  CHECK(Exists("y/b"));
  SUCCEEDS(linkat(AT_FDCWD, "x/a", y, "c", 0) == 0);
  SUCCEEDS(linkat(x, "a", AT_FDCWD, "d", 0) == 0);
  CHECK(symlink("a", "x/s") == 0);
  SUCCEEDS(linkat(x, "s", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW) == 0);
  FAILS(EEXIST, linkat(x, "a", y, "b", 0) == -1);
  FAILS(EBADF, linkat(-1, "a", y, "e", 0) == -1);
}
CASE(symlink) {
  SUCCEEDS(symlink("nowhere/at all", "s") == 0);
  CHECK(Exists("s"));
  FAILS(EEXIST, symlink("x", "s") == -1);
}
CASE(symlinkat) {
  const int dir = MakeDirectory("dir");
  SUCCEEDS(symlinkat("../x", dir, "s") == 0);
  CHECK(Exists("dir/s"));
  SUCCEEDS(symlinkat("/abs", AT_FDCWD, "s") == 0);
  FAILS(EEXIST, symlinkat("x", dir, "s") == -1);
}
CASE(rename) {
  MakeFile("a");
  SUCCEEDS(rename("a", "b") == 0);
  CHECK(!Exists("a") && Exists("b"));
  CHECK(mkdir("dir", 0755) == 0);
  SUCCEEDS(rename("b", "dir/b") == 0);
  SUCCEEDS(rename("dir", "moved") == 0);
  FAILS(ENOENT, rename("a", "b") == -1);
}
CASE(renameat) {
  const int x = MakeDirectory("x"), y = MakeDirectory("y");
  MakeFile("x/a");
  SUCCEEDS(renameat(x, "a", y, "b") == 0);
  SUCCEEDS(renameat(y, "b", AT_FDCWD, "c") == 0);
  SUCCEEDS(renameat(AT_FDCWD, "c", x, "d") == 0);
  FAILS(ENOENT, renameat(x, "a", y, "b") == -1);
}
CASE(renameat2) {
  const int x = MakeDirectory("x"), y = MakeDirectory("y");
  MakeFile("x/a");
  MakeFile("y/b");
  SUCCEEDS(renameat2(x, "a", y, "b", RENAME_EXCHANGE) == 0);
  CHECK(Exists("x/a") && Exists("y/b"));
  SUCCEEDS(renameat2(AT_FDCWD, "x/a", AT_FDCWD, "y/b", RENAME_EXCHANGE) == 0);
  SUCCEEDS(renameat2(x, "a", y, "c", RENAME_NOREPLACE) == 0);
  FAILS(EEXIST, renameat2(y, "b", y, "c", RENAME_NOREPLACE) == -1);
  SUCCEEDS(renameat2(y, "b", y, "c", 0) == 0);
}

// Makes directories of 200 letters each until their path has room for just one
// more name, and gives the path of `letter` x N below: kLength bytes in all.
enum { kLength = PATH_MAX - 1 };
static char* LongPath(char letter) {
  static char parent[PATH_MAX];
  char* path = malloc(PATH_MAX);
  CHECK(path != NULL);
  if (parent[0] == '\0') {
    char name[201];
    memset(name, 'n', 200);
    name[200] = '\0';
    size_t length = 0;
    while (length + 201 < kLength - 1) {
      // Relative to the work directory: "nnn.../nnn.../".
      memcpy(parent + length, name, 200);
      parent[length + 200] = '\0';
      CHECK(mkdir(parent, 0755) == 0);
      parent[length + 200] = '/';
      parent[length + 201] = '\0';
      length += 201;
    }
  }
  const size_t length = strlen(parent);
  memcpy(path, parent, length);
  memset(path + length, letter, kLength - length);
  path[kLength] = '\0';
  return path;
}

CASE(names_of_path_max) {
  char* a = LongPath('a');
  char* b = LongPath('b');
  CHECK(strlen(a) == kLength);
  const int fd = open(a, O_WRONLY | O_CREAT, 0600);
  CHECK(fd >= 0 && close(fd) == 0);
  SUCCEEDS(rename(a, b) == 0);
  SUCCEEDS(link(b, a) == 0);
  SUCCEEDS(unlink(b) == 0);
  SUCCEEDS(symlink(a, b) == 0);
  SUCCEEDS(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0);
  SUCCEEDS(unlink(a) == 0);
  SUCCEEDS(unlink(b) == 0);
}

// `..` leads up from where a symbolic link points.
CASE(dots_behind_a_link) {
  close(MakeDirectory("real"));
  close(MakeDirectory("real/deep"));
  close(MakeDirectory("real/deep/inc"));
  close(MakeDirectory("real/deep/other"));
  MakeFile("real/deep/other/b");
  CHECK(symlink("real/deep/inc", "inc") == 0);
  CHECK(symlink("b", "real/deep/other/link") == 0);
  SUCCEEDS(open("inc/../other/b", O_RDONLY) >= 0);
  SUCCEEDS(open("real/../inc/../other/link", O_RDONLY) >= 0);
  SUCCEEDS(link("inc/../other/b", "inc/../c") == 0);
  SUCCEEDS(rename("inc/../c", "real/../d") == 0);
  SUCCEEDS(symlink("x/../y", "inc/../s") == 0);
  SUCCEEDS(unlink("./inc/.././s") == 0);
}
// By the time that anybody else can look it points elsewhere.
CASE(dots_behind_a_link_that_changes) {
  close(MakeDirectory("a"));
  close(MakeDirectory("a/b"));
  MakeFile("a/f");
  MakeFile("f");
  CHECK(symlink("a/b", "l") == 0);
  SUCCEEDS(open("l/../f", O_RDONLY) >= 0);
  CHECK(unlink("l") == 0);
  CHECK(mkdir("l", 0755) == 0);
  SUCCEEDS(open("l/../f", O_RDONLY) >= 0);
  SUCCEEDS(rename("l/../f", "g") == 0);
}
