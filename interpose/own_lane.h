// The calling process's lane (core/lane.h), once it has one.
#ifndef FILEMON_INTERPOSE_OWN_LANE_H_
#define FILEMON_INTERPOSE_OWN_LANE_H_

#include <stddef.h>
#include <stdint.h>

#include "core/lane.h"
#include "interpose/own_page.h"
#include "interpose/process.h"
#include "interpose/session.h"

namespace filemon {

// To be called for each record of a process that has no lane in its session: it
// gets one after so many, since what that costs (seven system calls, and the
// page faults of the first records) is worth some twenty writes into the pipe.
// Null if it still has none.
lane::Header* TryForLane(OwnPage* page);

// Gets one at once, if that can be had.
void GetLane();
// The process writes into the one it has no more.
void LeaveLane();

// How many records this thread is in the midst of writing into the lane: more
// than one where a signal handler has interrupted it. If the handler forks, the
// child goes on with what its parent was writing, and has no lane there.
extern __thread int t_lane_writes __attribute__((visibility("hidden")));

// In a forked child that does: puts memory of its own where the lane is in its
// parent. What is written there is lost, as it should be: the parent writes it,
// too.
void StandInForLane();

// Room for a record of `size` bytes in the lane that the process has in this
// session; null if the pipe has to carry it. Lock-free, async-signal-safe, and
// so is all of this.
inline char* ClaimInLane(const Session& session, size_t size) {
  OwnPage* const page = OwnPageIfAny();
  // Who shares this memory may be another process than the lane's; and who does
  // not know its pid has none.
  if (page == nullptr || size > lane::kLongest || MemoryIsShared()) {
    return nullptr;
  }
  lane::Header* lane = __atomic_load_n(&page->lane, __ATOMIC_ACQUIRE);
  if (__builtin_expect(lane == nullptr || page->lane_cookie != session.cookie,
                       0)) {
    lane = TryForLane(page);
    if (lane == nullptr) return nullptr;
  }
  return lane::Claim(lane, static_cast<uint32_t>(size));
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_OWN_LANE_H_
