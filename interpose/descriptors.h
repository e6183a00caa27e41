// The guards of the pipe's descriptor that syscall() needs as well.
#ifndef FILEMON_INTERPOSE_DESCRIPTORS_H_
#define FILEMON_INTERPOSE_DESCRIPTORS_H_

#include <errno.h>
#include <stdint.h>

#include "interpose/session.h"

namespace filemon {

// The rest of HidesDescriptor().
bool StillHidesDescriptor(int fd);

// True if the program is to find `fd` closed.
inline bool HidesDescriptor(int fd) {
  return __builtin_expect(IsOurs(fd), 0) && StillHidesDescriptor(fd);
}

// What a call gives for a hidden descriptor.
inline int NoSuchDescriptor() {
  errno = EBADF;
  return -1;
}

// Of a descriptor that a call may look at, or not: the kernel finds it closed.
inline void TouchDescriptor(int fd) {
  if (__builtin_expect(IsOurs(fd), 0)) StillHidesDescriptor(fd);
}

// The result of a call that takes a name in the directory `dirfd`: the pipe is
// not even a file that is no directory.
inline int ResultInDirectory(int dirfd, int result) {
  if (__builtin_expect(result < 0, 0) && errno == ENOTDIR &&
      HidesDescriptor(dirfd)) {
    return NoSuchDescriptor();
  }
  return result;
}

// The program puts another file at number `fd`: if it is the pipe's, that
// moves.
void VacateFor(int fd);

// The program asks for the lowest free number from `least` on.
void MakeRoomAt(int least);
inline void PrepareToCopy(long least) {
  const auto number = static_cast<int>(least);
  if (__builtin_expect(ComesNear(number), 0)) MakeRoomAt(number);
}

// close_range() by `close`, around the pipe.
int CloseRange(unsigned first, unsigned last, int flags,
               int (*close)(unsigned, unsigned, int));

// dup2() or dup3() is about to close `to`, if `from` is open.
void PrepareToReplace(int from, int to);
// It has given `copy`, which is `to` or -1. Returns `copy`.
int ReplacedDescriptor(int from, int copy);

// unshare() is about to be called, or clone() to make a process, with these
// flags: a table of descriptors, and a current directory, may no longer be one
// memory's alone.
void PrepareToShare(uint64_t flags);

// A call that may have set RLIMIT_NOFILE has given `result`.
void FileLimitMayHaveChanged(int result, int resource);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_DESCRIPTORS_H_
