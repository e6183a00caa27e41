// Functions that read directories behind the program's back.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wordexp.h>

#include "tests/programs/case.h"

// top/{a,b,sub/{c,deep/d}}, top/loop -> sub
static void MakeTree(void) {
  close(MakeDirectory("top"));
  close(MakeDirectory("top/sub"));
  close(MakeDirectory("top/sub/deep"));
  MakeFile("top/a");
  MakeFile("top/b");
  MakeFile("top/sub/c");
  MakeFile("top/sub/deep/d");
  CHECK(symlink("sub", "top/loop") == 0);
}

CASE(opendir) {
  MakeTree();
  DIR* dir;
  SUCCEEDS((dir = opendir("top")) != NULL);
  CHECK(readdir(dir) != NULL);
  CHECK(closedir(dir) == 0);
  SUCCEEDS((dir = opendir("/")) != NULL);
  FAILS(ENOENT, opendir("absent") == NULL);
  FAILS(ENOTDIR, opendir("top/a") == NULL);
}

CASE(scandir) {
  MakeTree();
  struct dirent** list;
  SUCCEEDS(scandir("top", &list, NULL, alphasort) == 6);
  CHECK(strcmp(list[2]->d_name, "a") == 0);
  FAILS(ENOENT, scandir("absent", &list, NULL, NULL) == -1);
}
CASE(scandir64) {
  MakeTree();
  struct dirent64** list;
  SUCCEEDS(scandir64("top", &list, NULL, alphasort64) == 6);
  FAILS(ENOENT, scandir64("absent", &list, NULL, NULL) == -1);
}
CASE(scandirat) {
  MakeTree();
  const int top = MakeDirectory("top");
  struct dirent** list;
  SUCCEEDS(scandirat(top, "sub", &list, NULL, alphasort) == 4);
  SUCCEEDS(scandirat(AT_FDCWD, "top", &list, NULL, alphasort) == 6);
  FAILS(ENOENT, scandirat(top, "absent", &list, NULL, NULL) == -1);
}
CASE(scandirat64) {
  MakeTree();
  const int top = MakeDirectory("top");
  struct dirent64** list;
  SUCCEEDS(scandirat64(top, "sub", &list, NULL, alphasort64) == 4);
  FAILS(ENOENT, scandirat64(top, "absent", &list, NULL, NULL) == -1);
}

static const char* const kPatterns[] = {"top/*",        "top/sub/*", "*/s*/*",
                                        "top/*/deep/d", "t?p/[ab]",  "*"};
static const size_t kMatches[] = {4, 2, 2, 2, 2, 1};
enum { kPatternCount = 6 };

CASE(glob) {
  MakeTree();
  glob_t found;
  for (int i = 0; i < kPatternCount; ++i) {
    CHECK(glob(kPatterns[i], 0, NULL, &found) == 0);
    CHECK(found.gl_pathc == kMatches[i]);
    globfree(&found);
  }
  CHECK(glob("absent/*", 0, NULL, &found) == GLOB_NOMATCH);
  CHECK(glob("top", 0, NULL, &found) == 0);
}
CASE(glob64) {
  MakeTree();
  glob64_t found;
  for (int i = 0; i < kPatternCount; ++i) {
    CHECK(glob64(kPatterns[i], 0, NULL, &found) == 0);
    CHECK(found.gl_pathc == kMatches[i]);
    globfree64(&found);
  }
  CHECK(glob64("absent/*", 0, NULL, &found) == GLOB_NOMATCH);
}

// With functions of its own, glob() opens nothing by itself.
static void* OpenAlt(const char* name) { return opendir(name); }
static struct dirent* ReadAlt(void* dir) { return readdir(dir); }
static void CloseAlt(void* dir) { closedir(dir); }
CASE(glob_altdirfunc) {
  MakeTree();
  glob_t found;
  memset(&found, 0, sizeof(found));
  found.gl_opendir = OpenAlt;
  found.gl_readdir = ReadAlt;
  found.gl_closedir = CloseAlt;
  found.gl_stat = stat;
  found.gl_lstat = lstat;
  CHECK(glob("top/*", GLOB_ALTDIRFUNC, NULL, &found) == 0);
  CHECK(found.gl_pathc == 4);
}

static int visits;
static int Visit(const char* path, const struct stat* status, int flag) {
  (void)path;
  (void)status;
  CHECK(flag == FTW_F || flag == FTW_D);
  ++visits;
  return 0;
}
static int Visit64(const char* path, const struct stat64* status, int flag) {
  (void)status;
  return Visit(path, NULL, flag);
}
CASE(ftw) {
  MakeTree();
  CHECK(ftw("top", Visit, 10) == 0);
  CHECK(visits == 7);
  FAILS(ENOENT, ftw("absent", Visit, 10) == -1);
}
CASE(ftw64) {
  MakeTree();
  CHECK(ftw64("top", Visit64, 10) == 0);
  CHECK(visits == 7);
  FAILS(ENOENT, ftw64("absent", Visit64, 10) == -1);
}
// With too few descriptors ftw() closes a directory and reads on later.
CASE(ftw_one_descriptor) {
  MakeTree();
  CHECK(ftw("top", Visit, 1) == 0);
  CHECK(visits == 7);
}

static int NVisit(const char* path, const struct stat* status, int flag,
                  struct FTW* where) {
  (void)path;
  (void)status;
  (void)flag;
  CHECK(where->level <= 4);
  ++visits;
  return 0;
}
static int NVisit64(const char* path, const struct stat64* status, int flag,
                    struct FTW* where) {
  (void)status;
  return NVisit(path, NULL, flag, where);
}
// Opens each regular file that it meets, by its base name.
static int OpenVisit(const char* path, const struct stat* status, int flag,
                     struct FTW* where) {
  (void)status;
  if (flag == FTW_F) CHECK(open(path + where->base, O_RDONLY) >= 0);
  ++visits;
  return 0;
}
CASE(nftw) {
  MakeTree();
  CHECK(nftw("top", NVisit, 10, FTW_PHYS) == 0);
  CHECK(visits == 8);
  CHECK(nftw("top", NVisit, 10, FTW_DEPTH) == 0);
  FAILS(ENOENT, nftw("absent", NVisit, 10, 0) == -1);
}
CASE(nftw64) {
  MakeTree();
  CHECK(nftw64("top", NVisit64, 10, FTW_PHYS) == 0);
  CHECK(visits == 8);
  FAILS(ENOENT, nftw64("absent", NVisit64, 10, 0) == -1);
}
CASE(nftw_chdir) {
  MakeTree();
  CHECK(nftw("top", OpenVisit, 10, FTW_CHDIR | FTW_PHYS) == 0);
  CHECK(visits == 8);
  CHECK(Exists("top"));
}
CASE(nftw_chdir_below) {
  MakeTree();
  close(MakeDirectory("side"));
  MakeFile("side/e");
  CHECK(symlink("../../side", "top/sub/aside") == 0);
  CHECK(nftw("top/sub", OpenVisit, 10, FTW_CHDIR | FTW_PHYS) == 0);
  CHECK(nftw("top/sub/", NVisit, 10, FTW_CHDIR | FTW_PHYS | FTW_DEPTH) == 0);
  CHECK(nftw("./top/a", OpenVisit, 10, FTW_CHDIR | FTW_PHYS) == 0);
  CHECK(nftw("./top/", NVisit, 10, FTW_CHDIR | FTW_PHYS | FTW_DEPTH) == 0);
  // Into a directory by a link, and back.
  CHECK(nftw("top/sub", NVisit, 10, FTW_CHDIR) == 0);
  FAILS(ENOENT, nftw("top/absent", NVisit, 10, FTW_CHDIR) == -1);
  FAILS(ENOENT, nftw("absent/absent", NVisit, 10, FTW_CHDIR) == -1);
  CHECK(Exists("top"));
}
// The last that is visited lies deep, whatever order the file system has: all
// the returns come after it.
CASE(nftw_chdir_deep) {
  close(MakeDirectory("a"));
  close(MakeDirectory("a/b"));
  close(MakeDirectory("a/b/c"));
  close(MakeDirectory("a/b/c/empty"));
  CHECK(nftw("a", NVisit, 10, FTW_CHDIR | FTW_PHYS) == 0);
  CHECK(nftw("a", NVisit, 10, FTW_CHDIR | FTW_PHYS | FTW_DEPTH) == 0);
  CHECK(nftw(".", NVisit, 10, FTW_CHDIR | FTW_PHYS) == 0);
  CHECK(nftw("a/b", NVisit, 1, FTW_CHDIR | FTW_PHYS) == 0);
}
static int SkipSub(const char* path, const struct stat* status, int flag,
                   struct FTW* where) {
  (void)status;
  (void)flag;
  return strcmp(path + where->base, "sub") == 0 ? FTW_SKIP_SUBTREE
                                                : FTW_CONTINUE;
}
CASE(nftw_chdir_skips) {
  MakeTree();
  CHECK(nftw("top", SkipSub, 10, FTW_CHDIR | FTW_PHYS | FTW_ACTIONRETVAL) == 0);
}
static int Stop(const char* path, const struct stat* status, int flag,
                struct FTW* where) {
  (void)path;
  (void)status;
  (void)flag;
  return where->level == 2 ? 42 : 0;
}
CASE(nftw_stopped) {
  MakeTree();
  CHECK(nftw("top", Stop, 10, FTW_PHYS) == 42);
  CHECK(nftw("top", Stop, 10, FTW_PHYS | FTW_CHDIR) == 42);
}

static char* kTop[] = {"top", NULL};

static void WalkFts(int options) {
  MakeTree();
  FTS* walk = fts_open(kTop, options, NULL);
  CHECK(walk != NULL);
  int count = 0;
  FTSENT* entry;
  while ((entry = fts_read(walk)) != NULL) {
    ++count;
    if (entry->fts_info == FTS_F) {
      CHECK(open(entry->fts_accpath, O_RDONLY) >= 0);
    }
  }
  CHECK(errno == 0);
  CHECK(count >= 11);
  CHECK(fts_close(walk) == 0);
  CHECK(Exists("top"));
}
CASE(fts_open) { WalkFts(FTS_PHYSICAL | FTS_NOCHDIR); }
CASE(fts_read) { WalkFts(FTS_PHYSICAL); }
CASE(fts_close) { WalkFts(FTS_LOGICAL); }
CASE(fts_children) {
  MakeTree();
  FTS* walk = fts_open(kTop, FTS_PHYSICAL, NULL);
  CHECK(walk != NULL);
  CHECK(fts_children(walk, 0) != NULL);
  CHECK(fts_read(walk) != NULL);
  int count = 0;
  for (FTSENT* e = fts_children(walk, 0); e != NULL; e = e->fts_link) ++count;
  CHECK(count == 4);
  while (fts_read(walk) != NULL) {
  }
  CHECK(fts_close(walk) == 0);
}
static void WalkFts64(int options) {
  MakeTree();
  FTS64* walk = fts64_open(kTop, options, NULL);
  CHECK(walk != NULL);
  int count = 0;
  while (fts64_read(walk) != NULL) ++count;
  CHECK(count >= 11);
  CHECK(fts64_close(walk) == 0);
}
CASE(fts64_open) { WalkFts64(FTS_PHYSICAL | FTS_NOCHDIR); }
CASE(fts64_read) { WalkFts64(FTS_PHYSICAL); }
CASE(fts64_close) { WalkFts64(FTS_LOGICAL); }
CASE(fts64_children) {
  MakeTree();
  FTS64* walk = fts64_open(kTop, FTS_PHYSICAL, NULL);
  CHECK(walk != NULL);
  CHECK(fts64_read(walk) != NULL);
  CHECK(fts64_children(walk, 0) != NULL);
  CHECK(fts64_close(walk) == 0);
}

CASE(wordexp) {
  MakeTree();
  wordexp_t words;
  CHECK(wordexp("top/* $HOME 'x y'", &words, 0) == 0);
  CHECK(words.we_wordc == 6);
  wordfree(&words);
  CHECK(wordexp("$(cat top/a) x", &words, 0) == 0);
  CHECK(words.we_wordc == 3);
  CHECK(wordexp("$(", &words, 0) == WRDE_SYNTAX);
}
