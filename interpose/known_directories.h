// Names of directories for a process that can ask nobody any more, since a
// filter of system calls keeps readlink() or getcwd() from it: what they were
// when the filter came, and what they were called when they were opened or
// entered since.
//
// All of this is async-signal-safe and thread-safe, and never waits.
#ifndef FILEMON_INTERPOSE_KNOWN_DIRECTORIES_H_
#define FILEMON_INTERPOSE_KNOWN_DIRECTORIES_H_

#include <stddef.h>

#include "interpose/report.h"

namespace filemon {

// Asks for all of them while that is possible.
void LearnDirectories();

// `fd` is new, and has been opened as `path`.
void NoteOpened(int fd, PathAt path);
// The number `fd` is another file's, or nobody's.
void ForgetOpened(int fd);
// The absolute name of `fd`. False if it is not known.
bool KnownDirectory(int fd, char* out, size_t size);

// The current directory is now `given`, absolute or relative to the one before;
// null if it is not known. Writes its absolute name, empty if it is not known.
void NoteEntered(const char* given, char* out, size_t size);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_KNOWN_DIRECTORIES_H_
