// A walk of ftw() or nftw(), which libc does inside itself: told by the names
// that it gives to the program's function.
//
// What libc does between two visits is in glibc's io/ftw.c: it opens a
// directory before it visits anything in it. With FTW_CHDIR it first opens ".",
// goes into each directory before its entries and back to the one above after
// them, and to where it began at the end.
#ifndef FILEMON_INTERPOSE_TREE_WALK_H_
#define FILEMON_INTERPOSE_TREE_WALK_H_

#include <linux/limits.h>
#include <stddef.h>

namespace filemon {

// On the stack of the wrapper, around libc's call. Walks may nest.
class TreeWalk {
 public:
  using FtwFunction = int (*)(const char*, const void*, int);
  using NftwFunction = int (*)(const char*, const void*, int, void*);

  // `root` and `flags` as nftw() takes them; one of the functions is null.
  TreeWalk(const char* root, FtwFunction ftw, NftwFunction nftw, int flags);
  ~TreeWalk();
  TreeWalk(const TreeWalk&) = delete;
  TreeWalk& operator=(const TreeWalk&) = delete;

  // What libc is given in place of the program's function.
  static int VisitFtw(const char* path, const void* status, int type);
  static int VisitNftw(const char* path, const void* status, int type,
                       void* position);

 private:
  // Before a visit: reports what libc has done since the last one.
  void See(const char* path, int type);
  // After it: with FTW_CHDIR, libc goes into a directory just visited.
  void Saw(const char* path, int type, int result);

  // Whether the directory of the first `size` bytes of `path` is the one opened
  // last, or above it.
  bool IsOpen(const char* path, size_t size) const;
  // The directory was opened.
  void Open(const char* path, size_t size);
  // It was entered (FTW_CHDIR).
  void Enter(const char* path, size_t size);
  // The walk went back up to the directory, from those opened below.
  void Leave(const char* path, size_t size);

  static __thread TreeWalk* g_current;

  size_t root_size_;
  FtwFunction ftw_;
  NftwFunction nftw_;
  bool changes_directory_;
  TreeWalk* outer_;
  // Of PATH_MAX bytes each, not on the stack: that may be a small one, and libc
  // and the program's function need it. Null if there is no memory: the walk
  // goes on unseen.
  char* opened_;             // the directory opened last, as libc names it
  char* entered_;            // with FTW_CHDIR: where the process is, absolute
  size_t entered_size_ = 0;  // of opened_, what has been entered
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_TREE_WALK_H_
