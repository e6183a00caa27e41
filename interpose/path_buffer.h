// Room for a path in a guest's frame.
//
// Signal handlers run on stacks of 8 KiB (SIGSTKSZ as it was before glibc 2.34;
// the registers alone take 3 KiB of it where there is AVX-512), and what the
// program calls there must not need more because of us. So a path is short
// until it proves to be long, and then gets memory of its own.
#ifndef FILEMON_INTERPOSE_PATH_BUFFER_H_
#define FILEMON_INTERPOSE_PATH_BUFFER_H_

#include <linux/limits.h>
#include <stddef.h>

#include "interpose/sys.h"

namespace filemon {

// Async-signal-safe. A jump out of its scope loses a page or two.
class PathBuffer {
 public:
  PathBuffer() { short_[0] = '\0'; }
  ~PathBuffer() {
    if (path_ != short_) sys::UnmapMemory(path_, kLongSize);
  }
  PathBuffer(const PathBuffer&) = delete;
  PathBuffer& operator=(const PathBuffer&) = delete;

  // Takes the path that read(out, size) writes. read() returns false if there
  // is no path or `size` bytes cannot hold it, and may be called once more with
  // a larger size. False, and an empty path, if there is none in the end.
  template <typename Read>
  bool Fill(Read read) {
    if (path_ == short_ && read(short_, sizeof(short_))) return true;
    if (Grow() && read(path_, kLongSize)) return true;
    path_[0] = '\0';
    return false;
  }

  const char* path() const { return path_; }

 private:
  static constexpr size_t kShortSize = 512;
  // More than the kernel's longest path, so that a path that fills it was cut.
  static constexpr size_t kLongSize = PATH_MAX + 1;

  bool Grow() {
    if (path_ != short_) return true;
    void* const memory = sys::MapMemory(kLongSize);
    if (memory == nullptr) return false;
    path_ = static_cast<char*>(memory);
    return true;
  }

  char* path_ = short_;
  char short_[kShortSize];
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_PATH_BUFFER_H_
