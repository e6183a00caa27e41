// munmap(): a program that makes room for itself, as an emulator does, takes
// what it finds in /proc/self/maps and does not know. Our memory is not missed:
// a process without it reports through the pipe.
#include <sys/mman.h>

#include "interpose/own_lane.h"
#include "interpose/own_page.h"
#include "interpose/results.h"
#include "interpose/session_memory.h"
#include "interpose/wrapper.h"

namespace filemon {

void LeaveMemory(const void* address, size_t size) {
  const auto begin = reinterpret_cast<uintptr_t>(address);
  const auto overlaps = [&](const void* ours, size_t our_size) {
    const auto place = reinterpret_cast<uintptr_t>(ours);
    return ours != nullptr && begin < place + our_size && place < begin + size;
  };
  const OwnPage* const page = OwnPageIfAny();
  if (page != nullptr) {
    if (overlaps(page->lane, lane::kSize)) LeaveLane();
    if (overlaps(page, kOwnPageSize)) ForgetOwnPage();
  }
  if (overlaps(SessionMemoryIfMapped(), sizeof(memory::Head))) {
    ForgetSessionMemory();
  }
}

FILEMON_WRAP(int, munmap, (void* address, size_t size)) {
  LeaveMemory(address, size);
  return FILEMON_NEXT(munmap)(address, size);
}

}  // namespace filemon
