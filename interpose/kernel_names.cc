#include "interpose/kernel_names.h"

#include <errno.h>
#include <fcntl.h>

#include "interpose/directory_names.h"
#include "interpose/layout.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

constexpr char kDeleted[] = " (deleted)";
constexpr size_t kDeletedSize = sizeof(kDeleted) - 1;
constexpr char kProgram[] = "/proc/self/exe";

bool IsSame(const sys::Identity& a, const sys::Identity& b) {
  return a.device == b.device && a.inode == b.inode;
}

// The text of a link of /proc, if it is a path; its length, or 0.
size_t ReadLink(const char* link, char* out, size_t size) {
  const long n = sys::Readlinkat(AT_FDCWD, link, out, size - 1);
  // What fills the room may have been cut.
  const bool whole = n > 0 && static_cast<size_t>(n) < size - 1;
  const size_t length = whole && out[0] == '/' ? static_cast<size_t>(n) : 0;
  out[length] = '\0';
  return length;
}

size_t ReadProcessLink(const char* process, int fd, char* out, size_t size) {
  char link[40];
  TextBuilder text(link, sizeof(link));
  text.Add(process);
  if (fd == AT_FDCWD) {
    text.Add("cwd");
  } else {
    text.Add("fd/").AddDecimal(static_cast<uint64_t>(fd));
  }
  return ReadLink(link, out, size);
}

// /proc/self is the first thread: it may have ended, or have descriptors of its
// own. thread-self takes longer, and Linux before 3.17 does not have it.
size_t ReadDescriptorLink(int fd, char* out, size_t size) {
  constexpr char kProcess[] = "/proc/self/";
  constexpr char kThread[] = "/proc/thread-self/";
  const bool own = fd == AT_FDCWD || DistrustsDescriptors();
  const size_t length =
      ReadProcessLink(own ? kThread : kProcess, fd, out, size);
  if (length > 0) return length;
  return ReadProcessLink(own ? kProcess : kThread, fd, out, size);
}

// What the first `length` bytes of `out` are to a file, whose status is at
// dirfd and path. Cuts off what is no part of a name.
__attribute__((noinline)) FileName Judge(int dirfd, const char* path, int flags,
                                         char* out, size_t length) {
  if (length == 0) return FileName::kNone;
  const bool marked =
      length > kDeletedSize && Equal(out + length - kDeletedSize, kDeleted);
  sys::Identity file;
  sys::Identity named;
  // Where we may not look, the text is all that there is.
  int looked = sys::Stat(dirfd, path, flags, &file);
  if (looked == 0) {
    looked = sys::Stat(AT_FDCWD, out, AT_SYMLINK_NOFOLLOW, &named);
    if (looked == 0 && IsSame(file, named)) return FileName::kPresent;
    if (!marked && (looked == 0 || looked == -ENOENT || looked == -ENOTDIR)) {
      return FileName::kNone;
    }
  }
  if (!marked) return FileName::kPresent;
  out[length - kDeletedSize] = '\0';
  return FileName::kRemoved;
}

// Whether `path`, what a removed directory was called last, is in a directory
// that is where that one's ".." leads.
bool HasItsParent(int fd, char* path) {
  char* const slash = const_cast<char*>(FindLast(path, strlen(path), '/'));
  *slash = '\0';
  sys::Identity parent;
  sys::Identity named;
  const bool same =
      sys::Stat(fd, "..", 0, &parent) == 0 &&
      sys::Stat(AT_FDCWD, slash == path ? "/" : path, 0, &named) == 0 &&
      IsSame(parent, named);
  *slash = '/';
  return same;
}

FILEMON_RARE bool NameOfDirectory(int fd, char* out, size_t size) {
  const FileName name =
      fd == AT_FDCWD
          ? Judge(AT_FDCWD, ".", 0, out, ReadDescriptorLink(fd, out, size))
          : NameOfDescriptor(fd, out, size);
  if (name == FileName::kPresent) return true;
  return name == FileName::kRemoved && HasItsParent(fd, out) &&
         WithRemovedMark(name, out, size);
}

}  // namespace

FileName NameOfDescriptor(int fd, char* out, size_t size) {
  // Another thread may replace the descriptor between one question and the
  // next, which then speak of two files. Not the same two each time: what says
  // the same so often in a row is so.
  constexpr int kSame = 10;
  constexpr int kTries = 1000;
  uint32_t last = 0;
  for (int i = 0, same = 0;; ++i) {
    const size_t length = ReadDescriptorLink(fd, out, size);
    const uint32_t text = HashOf(out, length);
    same = text == last ? same + 1 : 1;
    last = text;
    const FileName name = Judge(fd, "", AT_EMPTY_PATH, out, length);
    if (name != FileName::kNone || length == 0) return name;
    if (same == kSame || i == kTries) return name;
  }
}

FileName NameOfProgram(char* out, size_t size) {
  return Judge(AT_FDCWD, kProgram, 0, out, ReadLink(kProgram, out, size));
}

bool PathOfDescriptor(int fd, char* out, size_t size) {
  return NameOfDescriptor(fd, out, size) == FileName::kPresent;
}

bool DirectoryOfDescriptor(int fd, char* out, size_t size) {
  if (fd != AT_FDCWD) return NameOfDirectory(fd, out, size);
  const long length = sys::Getcwd(out, size);
  // The kernel writes "(unreachable)" before a directory outside of our root.
  if (length >= 0) return out[0] == '/';
  return length == -ENOENT && NameOfDirectory(fd, out, size);
}

bool WithRemovedMark(FileName name, char* path, size_t size) {
  if (name == FileName::kNone) return false;
  if (name == FileName::kPresent) return true;
  return TextBuilder(path + strlen(path), size - strlen(path)).Add("/").ok();
}

}  // namespace filemon
