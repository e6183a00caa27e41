// A walk of ftw() or nftw(), which libc does inside itself: told by the names
// that it gives to the program's function.
//
// What libc does between two visits is in glibc's io/ftw.c: it opens a
// directory before it visits anything in it. With FTW_CHDIR it first opens ".",
// and goes into the directory in which the root of the walk lies; then into
// each directory before its entries and back to the one above after them, and
// to where it began at the end. musl does not know FTW_CHDIR.
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
  TreeWalk(const TreeWalk&) = delete;
  TreeWalk& operator=(const TreeWalk&) = delete;

  // What libc is given in place of the program's function.
  static int VisitFtw(const char* path, const void* status, int type);
  static int VisitNftw(const char* path, const void* status, int type,
                       void* position);

  // After libc's call, which has given `result`: tells what is left to tell.
  // Returns `result`.
  int Result(int result);

 private:
  // Before a visit: reports what libc has done since the last one.
  void See(const char* path, int type);

  // Whether the directory of the first `size` bytes of `path` is the one opened
  // last, or above it.
  bool IsOpen(const char* path, size_t size) const;
  // The directory was opened.
  void Open(const char* path, size_t size);

  // With FTW_CHDIR only.

  // libc goes to where the root lies.
  void Begin();
  // It goes into the directory of the first `size` bytes of `path`.
  void Enter(const char* path, size_t size);
  // It goes back up, from those below the first `size` bytes of `path`.
  void Leave(const char* path, size_t size);
  // Makes `entered_` what it was before the last Enter(): a directory may have
  // been entered by a link, and is not below that one then.
  void GoBack();
  // It is in the directory of the first `size` bytes of a visit's path, which
  // is called `entered_`, if not as the kernel says.
  void Arrive(size_t size);

  static __thread TreeWalk* g_current;

  const char* root_;
  size_t root_size_;
  FtwFunction ftw_;
  NftwFunction nftw_;
  bool changes_directory_;
  TreeWalk* outer_;
  // Of PATH_MAX bytes and more, not on the stack: that may be a small one, and
  // libc and the program's function need it. Null if there is no memory: the
  // walk goes on unseen.
  char* opened_;     // the directory opened last, as libc names it
  char* entered_;    // where libc has gone, absolute; empty if unknown
  char* directory_;  // where the process is now, as the kernel says
  char* above_;      // a stack of what `entered_` was, each with its size
  size_t above_size_ = 0;
  size_t unknown_above_ = 0;  // how many more had no room
  bool begun_ = false;
  // The directory opened last was visited before its entries, and is entered
  // next.
  bool enters_ = false;
  size_t entered_size_ = 0;  // of opened_, what has been entered
  // How much of the path of the present visit is the directory in which the
  // process is; 0 if that is where the root lies.
  size_t target_size_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_TREE_WALK_H_
