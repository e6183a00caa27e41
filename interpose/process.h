// Which process this is.
//
// Every record names its process, and no process may speak before its parent's
// fork is in the log. A process created by a call that no wrapper saw (inside
// libc, by a raw system call) is recognised at its first record: its pid is not
// the one that last reported from this memory. It draws a life for itself then;
// all others have theirs from who made them.
#ifndef FILEMON_INTERPOSE_PROCESS_H_
#define FILEMON_INTERPOSE_PROCESS_H_

#include <stdint.h>
#include <sys/types.h>

#include "interpose/channel.h"
#include "interpose/life.h"
#include "interpose/own_page.h"
#include "interpose/session.h"

namespace filemon {

// How many processes share this memory, and calls that have made some without
// our seeing them. While there is any, a pid kept in memory may be another's.
extern int g_sharers __attribute__((visibility("hidden")));

// Whether another process may be in this memory.
inline bool MemoryIsShared() {
  return __builtin_expect(__atomic_load_n(&g_sharers, __ATOMIC_RELAXED) != 0,
                          0);
}

// The rest of CurrentProcess().
ProcessId FindCurrentProcess();

// The calling process, as its records name it. Announces one that is new.
inline ProcessId CurrentProcess() {
  const OwnPage* const page = OwnPageIfAny();
  if (page != nullptr && !MemoryIsShared()) {
    const Session& session = ThisSession();
    const pid_t pid = __atomic_load_n(&page->pid, __ATOMIC_RELAXED);
    const pid_t last = __atomic_load_n(&session.pid, __ATOMIC_RELAXED);
    if (__builtin_expect(pid != 0 && pid == last, 1)) {
      return {pid, session.life};
    }
  }
  return FindCurrentProcess();
}
inline pid_t CurrentPid() { return CurrentProcess().pid; }

// The process that calls fork() or the like, asked for before the call. A
// signal handler may fork while that is under way, and its child come back into
// it.
class Forker {
 public:
  Forker()
      : forks_(g_forks), process_(CurrentProcess()), life_(NewLife(process_)) {}

  // What the call has given, in both processes: tells of the child. Returns
  // `result`.
  pid_t Result(pid_t result) const;

 private:
  const uint32_t forks_;
  const ProcessId process_;
  const uint32_t life_;  // for the child
};

// To be called first thing in a process that a wrapped call has just created
// with memory of its own. `parent` is the process that made the call, and
// `life` what it has drawn for this one.
void AnnounceForkedChild(ProcessId parent, uint32_t life);

// The same in a process that shares its parent's memory (vfork, CLONE_VM).
// `parent` is 0 if it is not in the process's pid namespace.
void AnnounceSharingChild(pid_t parent, uint32_t life);

// What a process says of itself that `outer_namespace` knows as `outside`.
OutgoingRecord EnteredRecord(ProcessId process, pid_t outside,
                             uint32_t outer_namespace);

// A call is about to make a process in this memory that will not announce
// itself; and the reverse, when it is known to be gone.
void DistrustMemory();
void TrustMemory();

// In the parent, when a child that shared its memory no longer does. False if
// the child never announced itself: it was killed before it could.
bool ForgetSharingChild(pid_t child);

// The pipe is about to leave the number `from`: if the calling process shares
// its parent's memory, ForgetSharingChild() puts it back there.
void NoteMovedPipe(int from);

// In the parent, after a call that created `child`. `life` is what was drawn
// for it; 0 if libc has made it to run a program at once.
void ReportChild(pid_t child, uint32_t life);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_PROCESS_H_
