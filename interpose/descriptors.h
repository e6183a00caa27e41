// The guards of the pipe's descriptor that syscall() needs as well.
#ifndef FILEMON_INTERPOSE_DESCRIPTORS_H_
#define FILEMON_INTERPOSE_DESCRIPTORS_H_

#include <stdint.h>

#include "interpose/session.h"

namespace filemon {

// The rest of HidesDescriptor().
bool StillHidesDescriptor(int fd);

// True if the program is to find `fd` closed.
inline bool HidesDescriptor(int fd) {
  return __builtin_expect(IsOurs(fd), 0) && StillHidesDescriptor(fd);
}

// What close() gives for a hidden descriptor: as for a closed one, -1 with
// EBADF. But a program that has read the list of its descriptors has found it
// there, and may take it for an error that it cannot close it: 0.
int CloseHidden();

// The program has opened the directory `path`, perhaps that list.
void NoteOpenDirectory(const char* path);

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

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_DESCRIPTORS_H_
