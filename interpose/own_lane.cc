#include "interpose/own_lane.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "interpose/apart.h"
#include "interpose/channel.h"
#include "interpose/session_memory.h"
#include "interpose/sys.h"

namespace filemon {
namespace {

// Together with those before there was an own page.
constexpr uint32_t kRecordsBeforeALane = 16;
// Whoever found all lanes taken tries again now and then.
constexpr uint32_t kRecordsBetweenTries = 1024;

// Where this memory's owner, or the process that it was forked from, has its
// lane.
lane::Header* g_lane;

lane::Header* MapLane(int fd, uint32_t number) {
  void* const memory =
      sys::MapShared(fd, lane::kFirstLane + number * lane::kSize, lane::kSize);
  if (memory == nullptr) return nullptr;
  auto* const lane = static_cast<lane::Header*>(memory);
  // A forked child does not write into it, and shall not keep it alive.
  if (!lane::IsClean(lane) || sys::Call(SYS_madvise, sys::Arg(memory),
                                        lane::kSize, MADV_DONTFORK) != 0) {
    sys::UnmapMemory(memory, lane::kSize);
    return nullptr;
  }
  return lane;
}

lane::Header* TakeLane(int fd) {
  memory::Head* const head = SessionMemoryIn(fd);
  if (head == nullptr) return nullptr;
  const uint32_t count =
      head->lanes < lane::kLanes ? head->lanes : lane::kLanes;
  for (uint32_t number = 0; number < count; ++number) {
    const int error = sys::LockByte(fd, F_WRLCK, number);
    if (error == -EAGAIN || error == -EACCES) continue;
    if (error != 0) return nullptr;
    lane::Header* const lane = MapLane(fd, number);
    if (lane == nullptr) {
      // The collector has not cleaned up yet after its last process.
      sys::LockByte(fd, F_UNLCK, number);
      continue;
    }
    // First, so that the collector knows of each lane that is not clean.
    __atomic_store_n(&head->begun[number], 1, __ATOMIC_SEQ_CST);
    lane::Begin(lane);
    return lane;
  }
  return nullptr;
}

// The file is open for a moment only: the mapping keeps the lock.
int TakeLaneApart(void* taken) {
  const int fd = OpenCollectorsFile(ThisSession().lanes, O_RDWR | O_CLOEXEC);
  if (fd < 0) return fd;
  *static_cast<lane::Header**>(taken) = TakeLane(fd);
  sys::Close(fd);
  return 0;
}

lane::Header* OpenLane(OwnPage* page) {
  if (ThisSession().lanes == 0 || g_unstamped) return nullptr;
  // A signal handler that forked halfway would have two processes take it.
  const sys::SignalsBlocked blocked;
  lane::Header* lane = nullptr;
  RunApart(TakeLaneApart, &lane);
  if (lane == nullptr) return nullptr;
  __atomic_store_n(&g_lane, lane, __ATOMIC_RELAXED);
  page->lane_cookie = ThisSession().cookie;
  __atomic_store_n(&page->lane, lane, __ATOMIC_RELEASE);
  return lane;
}

}  // namespace

__thread int t_lane_writes;

void StandInForLane() {
  if (g_lane != nullptr) sys::MapMemoryAt(g_lane, lane::kSize);
  // A lane of its own this process may have soon.
  g_lane = nullptr;
}

__attribute__((noinline)) lane::Header* TryForLane(OwnPage* page) {
  const uint32_t records =
      __atomic_add_fetch(&page->records, 1, __ATOMIC_RELAXED);
  // Exactly one caller reaches each number.
  if (records % kRecordsBetweenTries != kRecordsBeforeALane) return nullptr;
  return OpenLane(page);
}

void GetLane() {
  if (MemoryIsShared()) return;
  OwnPage* const page = EnsureOwnPage();
  if (page == nullptr || CurrentPid() <= 0) return;
  if (page->lane == nullptr || page->lane_cookie != ThisSession().cookie) {
    OpenLane(page);
  }
}

void LeaveLane() {
  OwnPage* const page = OwnPageIfAny();
  if (page != nullptr) {
    __atomic_store_n(&page->lane, nullptr, __ATOMIC_RELEASE);
    __atomic_store_n(&g_lane, nullptr, __ATOMIC_RELAXED);
  }
}

}  // namespace filemon
