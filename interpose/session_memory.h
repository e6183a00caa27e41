// The head of the session's memory (core/session_memory.h), as a traced process
// sees it: mapped when it is first needed, and inherited by forked children.
//
// All of this is async-signal-safe and thread-safe without locks.
#ifndef FILEMON_INTERPOSE_SESSION_MEMORY_H_
#define FILEMON_INTERPOSE_SESSION_MEMORY_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/session_memory.h"

namespace filemon {

// Null if it cannot be had: no /proc, another user's collector, no descriptor
// free, or a filter of system calls in the way.
memory::Head* SessionMemory();

// The same if it is mapped; and no more, as somebody unmaps it.
memory::Head* SessionMemoryIfMapped();
void ForgetSessionMemory();

// The same for who has opened the file that it is the head of.
memory::Head* SessionMemoryIn(int fd);

// Copies `size` bytes at `offset` of it; false if they cannot be had. Maps
// nothing: for who asks seldom.
bool ReadSessionMemory(size_t offset, void* out, size_t size);

// Counts records of process `pid` that the collector will not get; 0 for a
// process that cannot tell its pid. False if they cannot be counted there.
bool CountLost(pid_t pid, uint32_t records);

// Whether the collector has been seen not to move, and has not moved since.
bool CollectorIsStalled();
// It has not looked since it had looked `looks` times: nobody need wait for it
// any more until it does.
uint32_t CollectorLooks();
void NoteStall(uint32_t looks);

// A descriptor of the overflow, for appending, that has room for `size` bytes
// more; -errno if there is none. To be closed.
int OpenOverflow(size_t size);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_SESSION_MEMORY_H_
