// Where a name leads, told at once and without a descriptor: whoever looks
// later may find other links.
#ifndef FILEMON_INTERPOSE_REAL_PATH_H_
#define FILEMON_INTERPOSE_REAL_PATH_H_

#include <stddef.h>

namespace filemon {

// Whether `name` has a ".." behind another component: whether that leads back
// to where the component is found depends on its being a link.
bool HasDotsBehind(const char* name);

// Where the last component of `name` begins, which slashes may follow.
const char* LastComponent(const char* name);

// The path, without links, of the directory that the first `length` bytes of
// `name` lead to; of a relative name from `base`, which is such a path. False
// if that cannot be told, or not in so little room. Async-signal-safe.
bool RealDirectory(const char* base, const char* name, size_t length, char* out,
                   size_t size);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_REAL_PATH_H_
