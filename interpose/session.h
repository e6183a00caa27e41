// The session that this process reports to: what it was handed in the
// environment, checked against the descriptor that came with it.
//
// All of this is async-signal-safe, thread-safe without locks, and usable
// before any constructor has run.
#ifndef FILEMON_INTERPOSE_SESSION_H_
#define FILEMON_INTERPOSE_SESSION_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/wire.h"
#include "interpose/directory_names.h"
#include "interpose/guest_sessions.h"

namespace filemon {

// What Session::fd is when it is no descriptor.
inline constexpr int kDormant = -1;  // no records are wanted
// The pipe is lost, and no descriptor was free for it: to be tried again.
inline constexpr int kNoDescriptor = -2;

struct Session {
  int fd;            // the pipe, or one of the above
  uint32_t cookie;   // wire::Header::cookie
  pid_t collector;   // may be meaningless in another pid namespace
  int collector_fd;  // the pipe's number in the collector
  uint64_t inode;    // the pipe's
  pid_t pid;         // the process that last reported from this memory
  uint32_t life;     // of that process
  // In which the pid counts, as wire::Header::pid_namespace.
  uint32_t pid_namespace;
  int state;    // a State: whether records are wanted
  pid_t first;  // Membership::first
  int bell;     // Membership::bell
  int lanes;    // Membership::lanes
};

// The session of the process that owns this memory.
extern Session g_owner_session __attribute__((visibility("hidden")));

// The session of the calling process: its own, if it is a guest in another's
// memory that has joined one by itself (guest_sessions.h).
inline Session& ThisSession() {
  return __builtin_expect(__atomic_load_n(&g_guests, __ATOMIC_RELAXED) == 0, 1)
             ? g_owner_session
             : SessionOfThisProcess();
}

// One in which nothing is reported.
Session DormantSession();

// What a process must know to report to a session.
struct Membership {
  pid_t collector;
  int collector_fd;
  uint32_t cookie;
  uint64_t inode;
  // The process that the session waits for, and that waits for the session's
  // log at its end; 0 if there is none (FILEMON_LOG only).
  pid_t first;
  int bell;   // wire::kSessionVariable's BELL
  int lanes;  // wire::kSessionVariable's LANES
};

// The calling process leaves the session that it is in, if any, and reports to
// another. `pipe` is a descriptor of that session's pipe, which becomes ours.
// False if there is no place for the session of a guest.
bool Join(const Membership& membership, int pipe);

// Another process of the same user writes one of these into this one, and then
// makes the owner's session kInvited: the next wrapped call joins. The library
// is the same file in both, and so is the layout.
struct Invitation {
  pid_t pid;  // who is meant: guests have this memory, too
  Membership membership;
};
extern Invitation g_invitation __attribute__((visibility("hidden")));

// Of Session::state.
enum State : int { kUnknown = 0, kJoining, kNoSession, kTracing, kInvited };

// Whether the log of this process's session is to have absolute names.
inline bool WantsAbsoluteNames() {
  return (ThisSession().cookie & wire::kAbsolutePaths) != 0;
}

// The rest of Tracing().
bool BeginTracing();

// True when records of this process are wanted. The first call, from whatever
// wrapper or constructor comes first, joins the session that the environment
// names and reports the start of this image.
inline bool Tracing() {
  const int state = __atomic_load_n(&ThisSession().state, __ATOMIC_ACQUIRE);
  if (__builtin_expect(state == kTracing, 1)) return true;
  return state != kNoSession && BeginTracing();
}

// True if `fd` is the session's pipe: the program is to find it closed.
inline bool IsOurs(int fd) { return fd >= 0 && fd == ThisSession().fd; }

// The pipe was closed behind our back, or another file stands in its place:
// gets it back from the collector. True if it is back. Otherwise the library is
// dormant or, for want of a descriptor, is to try again.
bool RecoverPipe();

// False if a system call that no wrapper saw has closed the pipe: its number
// may be another file's by now.
bool PipeIsInPlace();

// The same of any descriptor.
bool IsPipeOfSession(int fd);

// The pipe, which was `from`, is `to` from now on. False if it was not, and
// nothing has changed.
bool MovePipe(int from, int to);

// How close the program's own numbers come before the pipe goes ahead.
inline constexpr unsigned kNear = 16;

// False for who has no pipe, but perhaps of -1.
inline bool ComesNear(int fd) {
  const int ours = __atomic_load_n(&ThisSession().fd, __ATOMIC_RELAXED);
  return static_cast<unsigned>(ours) - static_cast<unsigned>(fd) <= kNear;
}

// The rest of GivenDescriptor().
void GivenNear(int fd);

// A call has given the program descriptor `fd`: what was known of that number
// is void. If it is the pipe's, the pipe was closed behind our back, and is
// recovered; if it comes near, the pipe goes out of its way (pipe_place.h).
// Returns `fd`.
inline int GivenDescriptor(int fd) {
  ForgetDirectoryName(fd);
  if (__builtin_expect(ComesNear(fd), 0)) GivenNear(fd);
  return fd;
}

// How long this process waits for a collector that lives and does not move, in
// milliseconds: it may have been stopped.
inline constexpr int kPatience = 30000;

// Stops all reporting of this process.
void GoDormant();

// True while the collector lives. It holds a lock on the pipe (flock(2)), which
// tells of its end in any pid namespace and without /proc.
bool CollectorLives();

// Opens, as open() with `flags` does, what the collector has as descriptor
// `number`: a new description of the same file. -errno if it cannot be had.
int OpenCollectorsFile(int number, int flags);

// Makes the collector look at the pipe at once, if it can be reached.
void RingBell();

// True if /proc shows the processes as the collector sees them.
bool ProcIsTheCollectors();

// True if `value`, of wire::kSessionVariable, names the session of a collector
// that is about to start its first process: this one, or a child of this one.
bool BeginsAnotherSession(const char* value);

// The value of wire::kSessionVariable for the next image of `maker`, this
// process, or for a child of it whose life is `child`, if that is not 0; `out`
// must hold kSessionValueSize bytes.
inline constexpr size_t kSessionValueSize = 144;
void WriteSessionValue(ProcessId maker, uint32_t child, char* out);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_SESSION_H_
