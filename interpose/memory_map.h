// What a process has mapped (proc(5), /proc/PID/maps).
#ifndef FILEMON_INTERPOSE_MEMORY_MAP_H_
#define FILEMON_INTERPOSE_MEMORY_MAP_H_

#include <stdint.h>
#include <sys/types.h>

namespace filemon {

struct Mapping {
  uintptr_t begin;
  uintptr_t end;
  uint64_t offset;   // in the file
  uint64_t device;   // major and minor in one number
  uint64_t inode;    // 0 if it is no file
  const char* path;  // valid during the call
};

// Calls visit(mapping, data) for each mapping of process `pid` (0: the calling
// one), in the order of addresses, until it returns true. 0, or -errno if the
// list cannot be read: -EACCES where ptrace(2) would not be allowed either.
// Async-signal-safe.
int VisitMappings(pid_t pid, bool (*visit)(const Mapping&, void*), void* data);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_MEMORY_MAP_H_
