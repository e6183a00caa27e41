// Where a session's collector can be reached by a process that has lost the
// pipe and has no way to the collector's descriptors: no /proc, or another
// user's rights.
//
// Included by both sides, freestanding.
#ifndef FILEMON_CORE_DOOR_NAME_H_
#define FILEMON_CORE_DOOR_NAME_H_

#include <stddef.h>
#include <stdint.h>

namespace filemon {
namespace door {

// Of an abstract Unix socket (unix(7)), without the NUL before it.
inline constexpr size_t kNameSize = 8 + 16;

// The name tells nobody the session's cookie.
inline void WriteName(uint64_t inode, uint32_t cookie, char (&out)[kNameSize]) {
  constexpr char kPrefix[] = "filemon.";
  for (size_t i = 0; i < 8; ++i) out[i] = kPrefix[i];
  // The finaliser of MurmurHash3.
  uint64_t hash = inode * 0x9e3779b97f4a7c15U ^ cookie;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdU;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53U;
  hash ^= hash >> 33;
  for (size_t i = 0; i < 16; ++i) {
    out[8 + i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
  }
}

// What comes with the answer, one byte: the pipe and, if the session has them,
// the lanes' file.
inline constexpr size_t kMostDescriptors = 2;

}  // namespace door
}  // namespace filemon

#endif  // FILEMON_CORE_DOOR_NAME_H_
