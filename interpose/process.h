// Which process this is.
//
// Every record names its process, and no process may speak before its parent's
// fork is in the log. A process created by a call that no wrapper saw (inside
// libc, by a raw system call) is recognised at its first record: its pid is not
// the one that last reported from this memory.
#ifndef FILEMON_INTERPOSE_PROCESS_H_
#define FILEMON_INTERPOSE_PROCESS_H_

#include <stdint.h>
#include <sys/types.h>

#include "interpose/channel.h"

namespace filemon {

// The calling process's pid. Announces a process that is new.
pid_t CurrentPid();

// To be called first thing in a process that a wrapped call has just created
// with memory of its own. `parent` is the process that made the call.
void AnnounceForkedChild(pid_t parent);

// The same in a process that shares its parent's memory (vfork, CLONE_VM).
// `parent` is 0 if it is not in the process's pid namespace.
void AnnounceSharingChild(pid_t parent);

// What a process says of itself that `outer_namespace` knows as `outside`.
OutgoingRecord EnteredRecord(pid_t pid, pid_t outside,
                             uint32_t outer_namespace);

// A call is about to make a process in this memory that will not announce
// itself; and the reverse, when it is known to be gone.
void DistrustMemory();
void TrustMemory();

// Whether another process may be in this memory.
bool MemoryIsShared();

// In the parent, when a child that shared its memory no longer does. False if
// the child never announced itself: it was killed before it could.
bool ForgetSharingChild(pid_t child);

// The pipe is about to leave the number `from`: if the calling process shares
// its parent's memory, ForgetSharingChild() puts it back there.
void NoteMovedPipe(int from);

// In the parent, after a call that created `child`.
void ReportChild(pid_t child);
// The same, if libc has made it to run a program at once.
void ReportSpawnedChild(pid_t child);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_PROCESS_H_
