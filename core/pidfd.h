// What a pidfd (pidfd_open(2)) tells of its process.
#ifndef FILEMON_CORE_PIDFD_H_
#define FILEMON_CORE_PIDFD_H_

#include <sys/types.h>

#include "absl/types/optional.h"

namespace filemon {

// A descriptor, which is closed at exec, of the process `pid`, alive or a
// zombie; -1 and errno if there is none: ESRCH if there is no such process,
// others where it is not to be had (Linux before 5.3, a seccomp filter).
int PidfdOpen(pid_t pid);

// Whether its process is alive, or a zombie that nobody has reaped yet.
bool StillExists(int pidfd);

// The wait status of a process that was reaped, whoever did it; nothing if it
// was not, or if the kernel does not tell (before Linux 6.15).
absl::optional<int> StatusOfReaped(int pidfd);

// Whether the kernel tells so of everybody. Makes a process to try it on, whose
// end is the caller's to hear of (SIGCHLD).
bool KernelTellsEnds();

// The parent of a process that still exists, 0 if that is outside of our pid
// namespace; nothing if it does not, or if the kernel does not tell (before
// Linux 6.13).
absl::optional<pid_t> ParentOf(int pidfd);

}  // namespace filemon

#endif  // FILEMON_CORE_PIDFD_H_
