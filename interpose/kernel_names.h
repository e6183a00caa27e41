// What the kernel calls files that are open, the current directory, and the
// program: the one place that reads these names, and that knows which of them
// are names.
//
// The kernel's text for a file that has been removed ends in " (deleted)", and
// so may the name of a file that is there; for a file of a mount that is
// detached, or outside of the root directory, it is a path that leads
// elsewhere. So what it says is looked up: it is a name if it leads to the very
// file.
//
// All of this is async-signal-safe and thread-safe, and keeps errno.
#ifndef FILEMON_INTERPOSE_KERNEL_NAMES_H_
#define FILEMON_INTERPOSE_KERNEL_NAMES_H_

#include <stddef.h>

namespace filemon {

enum class FileName {
  kNone,     // no file, or no name that can be told
  kRemoved,  // what it was called last
  kPresent,
};

// The name of the file behind a descriptor, absolute.
FileName NameOfDescriptor(int fd, char* out, size_t size);
// The same of the program that this process runs.
FileName NameOfProgram(char* out, size_t size);

// True, and the path, if it has one now.
bool PathOfDescriptor(int fd, char* out, size_t size);

// The directory `fd`, or the current one (AT_FDCWD), as wire.h writes it: of a
// removed one the last path and a slash. False if that cannot be told.
bool DirectoryOfDescriptor(int fd, char* out, size_t size);

// A file as wire.h writes it. False if it has no name and never had.
bool WithRemovedMark(FileName name, char* path, size_t size);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_KERNEL_NAMES_H_
