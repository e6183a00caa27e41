// The calling process's pid, without a system call each time.
//
// It is kept in memory that the kernel clears in a child of fork()
// (MADV_WIPEONFORK, Linux 4.14): there it is zero, and is asked for anew. That
// holds for every way to fork, seen or not. A child that shares its parent's
// memory finds its parent's pid: see process.cc for how those are kept apart.
#ifndef FILEMON_INTERPOSE_OWN_PID_H_
#define FILEMON_INTERPOSE_OWN_PID_H_

#include <sys/types.h>

namespace filemon {

// Not to be called while a process shares this memory.
pid_t OwnPid();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_OWN_PID_H_
