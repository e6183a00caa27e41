// Which number a traced process has the session's pipe under.
//
// Out of the way: at or above its soft RLIMIT_NOFILE, so that no loop up to the
// limit meets it and none of the numbers that the program may have is missing.
// A descriptor above the limit stays valid; only who makes it has to be allowed
// more.
//
// The kernel's table of descriptors goes up to the highest number, and fork()
// and vfork() copy it. Measured (Linux 6.18), vfork() takes 2.5 us more with a
// descriptor 1024 than with a descriptor 3, 12 to 20 us with 4000, 55 us with
// 20,000. So a limit that few programs come near to is not worth it: there the
// pipe begins low and goes up before the program does
// (interpose/pipe_place.h).
#ifndef FILEMON_CORE_PIPE_PLACE_H_
#define FILEMON_CORE_PIPE_PLACE_H_

#include <stdint.h>

namespace filemon {

// The usual limit, and the end of what select(2) can name.
inline constexpr int kUsualPlace = 1024;
// The highest limit that the pipe keeps above whatever that costs.
inline constexpr uint64_t kHighestLimitToClear = 4096;

// The least number to ask for in a process with this soft limit.
inline int PlaceUnderLimit(uint64_t soft) {
  return soft > kUsualPlace && soft <= kHighestLimitToClear
             ? static_cast<int>(soft)
             : kUsualPlace;
}

// Whether an image that begins with the pipe there had better look for another
// place: below every usual limit, or where each fork is dear.
inline bool IsOddPlace(int number) {
  return number < kUsualPlace ||
         number > 2 * static_cast<int>(kHighestLimitToClear);
}

}  // namespace filemon

#endif  // FILEMON_CORE_PIPE_PLACE_H_
