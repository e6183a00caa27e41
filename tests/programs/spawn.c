// posix_spawn() and what its file actions do in the child.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

static char* kTrue[] = {"true", NULL};
static char* kCatA[] = {"cat", "a", NULL};
static char* kEmpty[] = {NULL};

CASE(posix_spawn) {
  MakeFile("a");
  pid_t pid;
  CHECK(posix_spawn(&pid, "/bin/cat", NULL, NULL, kCatA, environ) == 0);
  ExpectExit(pid, 0);
  CHECK(posix_spawn(&pid, "/bin/cat", NULL, NULL, kCatA, kEmpty) == 0);
  ExpectExit(pid, 0);
  pid = 4711;
  CHECK(posix_spawn(&pid, "absent", NULL, NULL, kTrue, environ) == ENOENT);
  MakeScript("text", "exit 7\n");
  CHECK(posix_spawn(&pid, "./text", NULL, NULL, kTrue, environ) == ENOEXEC);
  CHECK(posix_spawn(NULL, "/bin/true", NULL, NULL, kTrue, environ) == 0);
  CHECK(wait(NULL) > 0);
}
CASE(posix_spawnp) {
  MakeFile("a");
  pid_t pid;
  CHECK(posix_spawnp(&pid, "cat", NULL, NULL, kCatA, environ) == 0);
  ExpectExit(pid, 0);
  CHECK(posix_spawnp(&pid, "absent-program", NULL, NULL, kTrue, environ) ==
        ENOENT);
  MakeScript("text", "exit 7\n");
  CHECK(setenv("PATH", ".:/bin", 1) == 0);
  CHECK(posix_spawnp(&pid, "cat", NULL, NULL, kCatA, environ) == 0);
  ExpectExit(pid, 0);
}

static void SpawnWith(posix_spawn_file_actions_t* actions, char** argv,
                      int status) {
  pid_t pid;
  CHECK(posix_spawn(&pid, "/bin/cat", actions, NULL, argv, environ) == 0);
  ExpectExit(pid, status);
}

CASE(posix_spawn_file_actions_init) {
  MakeFile("a");
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  SpawnWith(&actions, kCatA, 0);
  CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
}
CASE(posix_spawn_file_actions_destroy) {
  posix_spawn_file_actions_t actions[40];
  for (int i = 0; i < 40; ++i) {
    CHECK(posix_spawn_file_actions_init(&actions[i]) == 0);
    CHECK(posix_spawn_file_actions_addclose(&actions[i], 900) == 0);
  }
  for (int i = 0; i < 40; ++i) {
    CHECK(posix_spawn_file_actions_destroy(&actions[i]) == 0);
  }
}
CASE(posix_spawn_file_actions_addopen) {
  MakeFile("a");
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  char name[] = "out";
  CHECK(posix_spawn_file_actions_addopen(&actions, 1, name, O_WRONLY | O_CREAT,
                                         0600) == 0);
  strcpy(name, "xxx");  // the actions have a copy
  CHECK(posix_spawn_file_actions_addopen(&actions, 7, "rw", O_RDWR | O_CREAT,
                                         0600) == 0);
  CHECK(posix_spawn_file_actions_addopen(&actions, 0, "a", O_RDONLY, 0) == 0);
  CHECK(posix_spawn_file_actions_addopen(&actions, -1, "a", 0, 0) == EBADF);
  char* cat[] = {"cat", NULL};
  SpawnWith(&actions, cat, 0);
  CHECK(Exists("out"));
  // A file action that fails is the spawn's failure.
  CHECK(posix_spawn_file_actions_addopen(&actions, 8, "absent", O_RDONLY, 0) ==
        0);
  pid_t pid;
  CHECK(posix_spawn(&pid, "/bin/cat", &actions, NULL, cat, environ) == ENOENT);
  CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
}
// Of a file without a name, and of one that is not opened, there is no record.
CASE(posix_spawn_opens_unnamed_files) {
  MakeFile("a");
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  CHECK(posix_spawn_file_actions_addopen(&actions, 5, ".", O_TMPFILE | O_RDWR,
                                         0600) == 0);
  CHECK(posix_spawn_file_actions_addopen(&actions, 6, "a", O_PATH, 0) == 0);
  CHECK(posix_spawn_file_actions_addopen(&actions, 0, "a", O_RDONLY, 0) == 0);
  char* cat[] = {"cat", NULL};
  SpawnWith(&actions, cat, 0);
}
CASE(posix_spawn_file_actions_addclose) {
  MakeFile("a");
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  for (int fd = 3; fd < 1024; ++fd) {
    CHECK(posix_spawn_file_actions_addclose(&actions, fd) == 0);
  }
  SpawnWith(&actions, kCatA, 0);
}
CASE(posix_spawn_file_actions_adddup2) {
  MakeFile("a");
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  CHECK(posix_spawn_file_actions_adddup2(&actions, 1, 2) == 0);
  // Over filemon's descriptor too, but leave the program some to work with.
  for (int fd = 100; fd < 1024; ++fd) {
    CHECK(posix_spawn_file_actions_adddup2(&actions, 1, fd) == 0);
  }
  SpawnWith(&actions, kCatA, 0);
}

static void TryAddChdir(int (*f)(posix_spawn_file_actions_t*, const char*)) {
  close(MakeDirectory("dir"));
  MakeFile("dir/a");
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  CHECK(f(&actions, "dir") == 0);
  CHECK(posix_spawn_file_actions_addopen(&actions, 5, "a", O_RDONLY, 0) == 0);
  SpawnWith(&actions, kCatA, 0);
}
CASE(posix_spawn_file_actions_addchdir_np) {
  TryAddChdir(posix_spawn_file_actions_addchdir_np);
}
static void TryAddFchdir(int (*f)(posix_spawn_file_actions_t*, int)) {
  const int dir = MakeDirectory("dir");
  MakeFile("dir/a");
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  CHECK(f(&actions, dir) == 0);
  CHECK(posix_spawn_file_actions_addopen(&actions, 5, "a", O_RDWR, 0) == 0);
  SpawnWith(&actions, kCatA, 0);
}
CASE(posix_spawn_file_actions_addfchdir_np) {
  TryAddFchdir(posix_spawn_file_actions_addfchdir_np);
}
CASE(posix_spawn_file_actions_addclosefrom_np) {
  MakeFile("a");
  posix_spawn_file_actions_t actions;
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  CHECK(posix_spawn_file_actions_addclosefrom_np(&actions, 3) == 0);
  SpawnWith(&actions, kCatA, 0);
}

CASE(posix_spawn_attributes) {
  MakeFile("a");
  posix_spawnattr_t attributes;
  CHECK(posix_spawnattr_init(&attributes) == 0);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  CHECK(posix_spawnattr_setsigdefault(&attributes, &all) == 0);
  CHECK(posix_spawnattr_setsigmask(&attributes, &none) == 0);
  CHECK(posix_spawnattr_setpgroup(&attributes, 0) == 0);
  CHECK(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF |
                                                  POSIX_SPAWN_SETSIGMASK |
                                                  POSIX_SPAWN_SETPGROUP) == 0);
  pid_t pid;
  CHECK(posix_spawn(&pid, "/bin/cat", NULL, &attributes, kCatA, environ) == 0);
  ExpectExit(pid, 0);
}

CASE(system) {
  MakeFile("a");
  CHECK(system("cat a > b") == 0);
  CHECK(WEXITSTATUS(system("exit 3")) == 3);
  CHECK(WTERMSIG(system("kill -9 $$")) == 9);
  CHECK(WEXITSTATUS(system("absent-program 2> /dev/null")) == 127);
  CHECK(system(NULL) != 0);
  CHECK(Exists("b"));
}
