// How much memory what nobody takes may wait in.
#ifndef FILEMON_CORE_MEMORY_LIMIT_H_
#define FILEMON_CORE_MEMORY_LIMIT_H_

#include <stdint.h>

namespace filemon {

// In bytes: an eighth of the machine's memory, at most a gigabyte. Records of
// processes wait in as much while the collector does not look, and lines of the
// log in as much while its reader does not read.
uint64_t MemoryToWaitIn();

}  // namespace filemon

#endif  // FILEMON_CORE_MEMORY_LIMIT_H_
