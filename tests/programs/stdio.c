// Streams that libc opens by name.
#define _GNU_SOURCE
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

FILE* _IO_fopen(const char*, const char*);
FILE* __setmntent(const char*, const char*);
FILE* _IO_popen(const char*, const char*);

static void TryFopen(FILE* (*f)(const char*, const char*)) {
  FILE* file;
  static const char* const kModes[] = {"w",  "r",   "a",  "r+",  "w+",
                                       "a+", "rbe", "rm", "r+b", "wb"};
  for (size_t i = 0; i < sizeof(kModes) / sizeof(*kModes); ++i) {
    SUCCEEDS((file = f("made", kModes[i])) != NULL);
    CHECK(fclose(file) == 0);
  }
  SUCCEEDS((file = f("new", "wx")) != NULL);
  CHECK(fputs("text", file) >= 0 && fclose(file) == 0);
  FAILS(EEXIST, f("new", "wx") == NULL);
  FAILS(ENOENT, f("absent", "r") == NULL);
  FAILS(EINVAL, f("new", "?") == NULL);
  char text[8] = "";
  file = f("new", "r");
  CHECK(file != NULL && fgets(text, sizeof(text), file) != NULL);
  CHECK(strcmp(text, "text") == 0);
}
CASE(fopen) { TryFopen(fopen); }
CASE(fopen64) { TryFopen(fopen64); }
CASE(_IO_fopen) { TryFopen(_IO_fopen); }

static void TryFreopen(FILE* (*f)(const char*, const char*, FILE*)) {
  MakeFile("made");
  FILE* file = fopen("made", "r");
  CHECK(file != NULL);
  SUCCEEDS(f("other", "w", file) == file);
  SUCCEEDS(f("made", "r+", file) == file);
  // Without a name: the same file again, by way of /proc.
  CHECK(f(NULL, "r", file) == file);
  FAILS(ENOENT, f("absent", "r", file) == NULL);
}
CASE(freopen) { TryFreopen(freopen); }
CASE(freopen64) { TryFreopen(freopen64); }

static void TrySetmntent(FILE* (*f)(const char*, const char*)) {
  MakeScript("mtab", "none / tmpfs rw 0 0\n");
  FILE* file;
  SUCCEEDS((file = f("mtab", "r")) != NULL);
  CHECK(getmntent(file) != NULL);
  CHECK(endmntent(file) == 1);
  SUCCEEDS((file = f("mtab", "r+")) != NULL);
  FAILS(ENOENT, f("absent", "r") == NULL);
}
CASE(setmntent) { TrySetmntent(setmntent); }
CASE(__setmntent) { TrySetmntent(__setmntent); }

static void TryPopen(FILE* (*f)(const char*, const char*)) {
  MakeFile("made");
  char text[32] = "";
  FILE* file = f("cat made", "r");
  CHECK(file != NULL && fgets(text, sizeof(text), file) != NULL);
  CHECK(strcmp(text, "some bytes\n") == 0);
  CHECK(pclose(file) == 0);
  file = f("cat > out; exit 3", "we");
  CHECK(file != NULL && fputs("text", file) >= 0);
  CHECK(WEXITSTATUS(pclose(file)) == 3);
  file = f("kill -9 $$", "r");
  CHECK(file != NULL && WTERMSIG(pclose(file)) == 9);
  FAILS(EINVAL, f("true", "?") == NULL);
  // Two at once: the second's shell must not hold the first's pipe.
  FILE* a = f("cat > a", "w");
  FILE* b = f("cat > b", "w");
  CHECK(a != NULL && b != NULL);
  CHECK(pclose(a) == 0 && pclose(b) == 0);
}
CASE(popen) { TryPopen(popen); }
CASE(_IO_popen) { TryPopen(_IO_popen); }

CASE(pclose) {
  FILE* file = popen("exit 4", "r");
  CHECK(file != NULL);
  CHECK(WEXITSTATUS(pclose(file)) == 4);
  file = popen("true", "r");
  CHECK(file != NULL);
  while (wait(NULL) > 0) {
  }
  FAILS(ECHILD, pclose(file) == -1);
}
