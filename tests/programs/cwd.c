// The current directory.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

CASE(chdir) {
  close(MakeDirectory("dir"));
  close(MakeDirectory("dir/sub"));
  MakeFile("dir/sub/a");
  CHECK(symlink("dir/sub", "s") == 0);
  SUCCEEDS(chdir("dir") == 0);
  SUCCEEDS(chdir("sub") == 0);
  CHECK(open("a", O_RDONLY) >= 0);
  SUCCEEDS(chdir("../..") == 0);
  SUCCEEDS(chdir("s") == 0);
  CHECK(open("a", O_RDONLY) >= 0);
  SUCCEEDS(chdir("..") == 0);
  CHECK(open("sub/a", O_RDONLY) >= 0);
  SUCCEEDS(chdir(".") == 0);
  FAILS(ENOENT, chdir("absent") == -1);
  FAILS(ENOTDIR, chdir("sub/a") == -1);
  CHECK(open("sub/a", O_RDONLY) >= 0);
}
CASE(fchdir) {
  const int dir = MakeDirectory("dir");
  MakeFile("dir/a");
  SUCCEEDS(fchdir(dir) == 0);
  CHECK(open("a", O_RDONLY) >= 0);
  FAILS(EBADF, fchdir(-1) == -1);
  FAILS(ENOTDIR, fchdir(open("a", O_RDONLY)) == -1);
}
CASE(chdir_in_a_child) {
  close(MakeDirectory("dir"));
  MakeFile("dir/a");
  MakeFile("a");
  const pid_t pid = fork();
  if (pid == 0) {
    CHECK(chdir("dir") == 0);
    CHECK(open("a", O_RDONLY) >= 0);
    execl("/bin/cat", "cat", "a", (char*)NULL);
    _exit(1);
  }
  ExpectExit(pid, 0);
  CHECK(open("a", O_RDONLY) >= 0);
}
CASE(chdir_deep) {
  char name[251];
  memset(name, 'd', 250);
  name[250] = '\0';
  // Deeper than PATH_MAX: getcwd() has no name for it any more.
  for (int i = 0; i < 20; ++i) {
    CHECK(mkdir(name, 0755) == 0);
    CHECK(chdir(name) == 0);
  }
  for (int i = 0; i < 20; ++i) {
    CHECK(chdir("..") == 0);
    CHECK(rmdir(name) == 0);
  }
}
