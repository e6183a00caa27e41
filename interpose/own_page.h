// A page of memory that is the calling process's own.
//
// The kernel clears it in a child of fork() (MADV_WIPEONFORK, Linux 4.14),
// whatever way of forking it is, seen or not: what a process keeps here its
// children do not take for theirs. A child that shares its parent's memory does
// find its parent's page: see process.h for how those are kept apart.
#ifndef FILEMON_INTERPOSE_OWN_PAGE_H_
#define FILEMON_INTERPOSE_OWN_PAGE_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/lane.h"

namespace filemon {

// All zero in a new process.
struct OwnPage {
  // 0: not asked for yet.
  pid_t pid;
  // See own_lane.h.
  uint32_t records;
  uint32_t lane_cookie;
  lane::Header* lane;
};

// Null in a process that has not reported much, and where the kernel cannot
// clear pages.
extern OwnPage* g_own_page __attribute__((visibility("hidden")));
inline OwnPage* OwnPageIfAny() {
  return __atomic_load_n(&g_own_page, __ATOMIC_ACQUIRE);
}

// Makes one, if that can be had; with the pid in it.
OwnPage* EnsureOwnPage();

// The calling process's pid, or 0 if a filter keeps it from us, most often
// without a system call. Not to be called while a process shares this memory.
pid_t OwnPid();

inline constexpr size_t kOwnPageSize = 4096;

// Somebody unmaps it.
void ForgetOwnPage();

// In a new process with memory of its own: does without the page that it has of
// its parent until it has reported as much as that had. Most forks soon run
// another program, and the first use of a cleared page costs two faults.
void PutOwnPageAside();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_OWN_PAGE_H_
