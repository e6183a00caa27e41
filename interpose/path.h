// Names made absolute, lexically.
#ifndef FILEMON_INTERPOSE_PATH_H_
#define FILEMON_INTERPOSE_PATH_H_

#include <stddef.h>

namespace filemon {

// `directory` (absolute, without symbolic links) and `name` (relative) as one
// path without "." and ".." parts. False if it does not fit into `size` bytes.
//
// Where a ".." follows a part that may be a symbolic link only the kernel knows
// whether the result is the same file: *sure is false then. Without `sure`
// there is no result.
bool JoinPath(const char* directory, const char* name, char* out, size_t size,
              bool* sure = nullptr);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_PATH_H_
