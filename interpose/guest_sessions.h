// Sessions of processes that are guests in another process's memory: a vfork()
// child that joins a session of its own before its exec, as a program does that
// hands its child to /dev/filemon. Nothing of the parent's state may change by
// that.
//
// All of this is async-signal-safe and thread-safe without locks.
#ifndef FILEMON_INTERPOSE_GUEST_SESSIONS_H_
#define FILEMON_INTERPOSE_GUEST_SESSIONS_H_

#include <sys/types.h>

#include "interpose/life.h"

namespace filemon {

struct Session;

// How many guests of this memory have a session of their own. As long as it is
// zero nobody has to ask for a pid to know which session is his.
extern int g_guests __attribute__((visibility("hidden")));

// The calling process's session: the guest's, if it is one, or the owner's.
Session& SessionOfThisProcess();

// A process that shares this memory comes to be, or is gone: between the two a
// process cannot know without asking whether this memory is its own.
void ExpectGuest();
void GuestIsGone();
extern int g_expected_guests __attribute__((visibility("hidden")));
inline bool MayBeGuest() {
  return __atomic_load_n(&g_expected_guests, __ATOMIC_RELAXED) > 0;
}

// The guest `pid`, as its records name it; no life if there is none.
ProcessId GuestOfThisMemory(pid_t pid);

// A place for a session of `pid`'s own; null if there is none left.
Session* AddGuestSession(pid_t pid);

// `pid` is gone from this memory, to be called by who shared it.
void RemoveGuestSession(pid_t pid);

// The calling process is new in this memory and was made by `parent`: it has
// the session that its parent has.
void InheritGuestSession(pid_t parent);

// The calling process has just got memory of its own, a copy of the memory in
// which `parent` may have been a guest: it keeps its parent's session.
void TakeOverGuestSession(pid_t parent);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_GUEST_SESSIONS_H_
