// What an open asks for, as the log has it: the one place that decides.
#ifndef FILEMON_INTERPOSE_ACCESS_H_
#define FILEMON_INTERPOSE_ACCESS_H_

#include <fcntl.h>
#include <stdint.h>

#include "core/wire.h"

namespace filemon {

// A wire::Kind::kOpen's a, of what open(2) takes; 0 for what is not logged:
// O_PATH opens no file to read or write, and O_TMPFILE one without a name.
inline int32_t AccessOf(int flags) {
  if ((flags & O_PATH) != 0 || (flags & O_TMPFILE) == O_TMPFILE) return 0;
  switch (flags & O_ACCMODE) {
    case O_RDONLY:
      return wire::kReads;
    case O_WRONLY:
      return wire::kWrites;
    default:
      return wire::kReads | wire::kWrites;
  }
}

// The flags of an fopen(3) mode, but for those that the log does not tell.
inline int FlagsOfMode(const char* mode) {
  int flags = mode[0] == 'r' ? O_RDONLY : O_WRONLY;
  for (const char* p = mode + 1; *p != '\0' && *p != ','; ++p) {
    if (*p == '+') flags = O_RDWR;
  }
  return flags;
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_ACCESS_H_
