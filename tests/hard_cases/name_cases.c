// Files with names that nobody would give them.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/programs/case.h"

static void Create(const char* name) {
  const int fd = open(name, O_WRONLY | O_CREAT, 0666);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

CASE(odd_bytes) {
  char name[2] = {0, 0};
  for (int c = 1; c < 256; ++c) {
    name[0] = (char)c;
    if (c != '/' && c != '.') Create(name);
  }
}
CASE(odd_names) {
  Create("a\nX 1 0 0");
  Create("\n");
  Create(" two  blanks ");
  Create("it's 'quoted' \"twice\"");
  Create("\xff\xfe\x80 no utf-8 \xc3");
  Create("# filemon version 5");
  Create("tab\tbell\a");
  CHECK(symlink("to 'there'\n", "link") == 0);
  CHECK(rename("\n", "new\nline") == 0);
}
CASE(slashes) {
  CHECK(mkdir("dir", 0777) == 0);
  CHECK(open("dir/", O_RDONLY) >= 0);
  CHECK(open("dir//.//../dir///", O_RDONLY) >= 0);
  Create("//dev//null");
  CHECK(rmdir("dir/") == 0);
}
CASE(empty_strings) {
  FAILS(ENOENT, open("", O_RDONLY) == -1);
  FAILS(ENOENT, open("", O_WRONLY | O_CREAT, 0666) == -1);
  FAILS(ENOENT, unlink("") == -1);
  FAILS(ENOENT, rename("", "a") == -1);
  FAILS(ENOENT, symlink("", "a") == -1);
  FAILS(ENOENT, chdir("") == -1);
  FAILS(ENOENT, execl("", "", (char*)NULL) == -1);
  FAILS(ENOENT, openat(open(".", O_PATH), "", O_RDONLY) == -1);
}

// A path of PATH_MAX - 1 bytes for `name`.
static char* Longest(const char* name) {
  char* const path = malloc(PATH_MAX);
  const size_t length = strlen(name);
  memset(path, '/', PATH_MAX - 1);
  path[0] = '.';
  strcpy(path + PATH_MAX - 1 - length, name);
  return path;
}
CASE(longest_names) {
  char part[NAME_MAX + 1];
  memset(part, 'p', NAME_MAX);
  part[NAME_MAX] = '\0';
  Create(part);
  Create(Longest("a"));
  CHECK(rename(Longest("a"), Longest("b")) == 0);
  const int fd = open(".", O_PATH);
  CHECK(renameat(fd, Longest("b"), fd, Longest("c")) == 0);
  CHECK(symlink(Longest("c"), Longest("d")) == 0);
  FAILS(ENAMETOOLONG, symlink("x", strcat(part, "q")) == -1);
}
// A current directory, and a directory descriptor, of more than PATH_MAX bytes.
CASE(deepest_directory) {
  char part[NAME_MAX + 1];
  memset(part, 'd', NAME_MAX);
  part[NAME_MAX] = '\0';
  for (int i = 0; i < 20; ++i) {
    CHECK(mkdir(part, 0777) == 0);
    CHECK(chdir(part) == 0);
  }
  Create("bottom");
  const int fd = open(".", O_PATH);
  CHECK(openat(fd, "bottom", O_RDONLY) >= 0);
  CHECK(unlinkat(fd, "bottom", 0) == 0);
}
