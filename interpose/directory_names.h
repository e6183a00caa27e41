// The paths of directory descriptors, remembered for a moment.
//
// readlink() of /proc/self/fd/N costs more than the call that is being
// reported. What it said is kept and used again while statx() says that the
// descriptor is still the same directory. That the directory (or one above it)
// was given another name meanwhile statx() does not tell: this process's own
// renames make all be forgotten, and for those of others nothing is kept longer
// than kDirectoryNameAge.
#ifndef FILEMON_INTERPOSE_DIRECTORY_NAMES_H_
#define FILEMON_INTERPOSE_DIRECTORY_NAMES_H_

#include <stddef.h>
#include <stdint.h>

namespace filemon {

inline constexpr int64_t kDirectoryNameAge = 20 * 1000 * 1000;  // nanoseconds

// The absolute path of the directory `fd`, as PathOfDescriptor() gives it.
// Async-signal-safe and thread-safe; never waits.
bool DirectoryName(int fd, char* out, size_t size);

// A name has changed: nothing remembered holds any more.
void ForgetDirectoryNames();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_DIRECTORY_NAMES_H_
