#include "interpose/pipe_place.h"

#include "core/pipe_place.h"
#include "interpose/apart.h"
#include "interpose/channel.h"
#include "interpose/directory_names.h"
#include "interpose/own_lane.h"
#include "interpose/process.h"
#include "interpose/session.h"
#include "interpose/session_memory.h"
#include "interpose/sys.h"

namespace filemon {
namespace {

// The kernel's table for it takes 2 MiB: a program that looks further than that
// finds the pipe at each call again.
constexpr int kHighestPlace = 1 << 18;

// A copy of `fd` at `least` or above, within the limit or beyond.
int Duplicate(int fd, const sys::FileLimit& limit, int least) {
  const auto wanted = static_cast<uint64_t>(least);
  int result = -EMFILE;
  if (wanted < limit.soft) result = sys::FcntlDupfd(fd, least);
  if (result >= 0 || limit.hard <= limit.soft) return result;
  return DuplicateAboveLimit(
      fd, wanted < limit.soft ? static_cast<int>(limit.soft) : least);
}

// A copy of `fd` as high above `low` as the limit allows.
int DuplicateHighest(int fd, const sys::FileLimit& limit, int low) {
  constexpr uint64_t kHighest = kHighestPlace;
  int above =
      static_cast<int>(limit.soft < kHighest ? limit.soft : kHighest) - 1 - low;
  for (; above > 0; above /= 2) {
    const int result = sys::FcntlDupfd(fd, low + above);
    if (result >= 0) return result;
  }
  return -EMFILE;
}

enum class Direction { kUp, kAny };

// A copy of the pipe in a better place than `old`, or a negative number.
int DuplicateElsewhere(int old, Direction direction) {
  sys::FileLimit limit;
  if (!sys::ExchangeFileLimit(nullptr, &limit)) return -EMFILE;
  const bool clear = static_cast<uint64_t>(old) >= limit.soft;
  if (clear && direction == Direction::kUp) return -EMFILE;
  const int place = PlaceUnderLimit(limit.soft);
  // Twice as far: who tries all numbers meets the pipe a few times only.
  const int least = 2 * old > place ? 2 * old : place;
  int result = -EMFILE;
  if (least <= kHighestPlace) result = Duplicate(old, limit, least);
  if (result < 0 && !clear) result = DuplicateHighest(old, limit, old);
  if (direction == Direction::kUp) return result;
  // Behind whoever comes from below.
  for (int below = old / 2; result < 0 && below > 2; below /= 2) {
    result = sys::FcntlDupfd(old, below);
  }
  return result;
}

// Whether the number may change without need: another process could find in
// this memory what is true of this table alone, or the other way round.
bool MayMove() { return !MemoryIsShared() && !DistrustsDescriptors(); }

// The pipe is now `fd`, or there is none. True if `old` is free.
bool Leave(int old, int fd) {
  if (!MovePipe(old, fd)) {
    // A signal handler or another thread has been faster.
    if (fd >= 0) sys::Close(fd);
    return false;
  }
  // Who writes into the pipe keeps it open; the program may close it then.
  if (!WritersAreDone() || !IsPipeOfSession(old)) return false;
  sys::Close(old);
  return true;
}

// There is no number for the pipe: its lane takes records without any, and
// where there is none, what is lost is counted.
void GoOnInMemory() {
  GetLane();
  SessionMemory();
}

void Move(Direction direction) {
  if (!MayMove()) return;
  const int old = ThisSession().fd;
  // A system call that no wrapper saw may have put another file there.
  if (!IsPipeOfSession(old)) return;
  const int fd = DuplicateElsewhere(old, direction);
  if (fd >= 0) Leave(old, fd);
}

}  // namespace

int MoveHigh(int fd) {
  sys::FileLimit limit = {0, 0};
  sys::ExchangeFileLimit(nullptr, &limit);
  int high = Duplicate(fd, limit, PlaceUnderLimit(limit.soft));
  if (high < 0) high = DuplicateHighest(fd, limit, fd);
  if (high < 0) {
    sys::SetCloseOnExec(fd, false);
    return fd;
  }
  sys::Close(fd);
  return high;
}

void Settle() {
  const int inherited = ThisSession().fd;
  if (inherited < kUsualPlace) {
    GoAhead();
  } else {
    ThisSession().fd = MoveHigh(inherited);
  }
}

void StepAside() { Move(Direction::kAny); }

void GoAhead() { Move(Direction::kUp); }

void YieldDescriptor() {
  const int old = ThisSession().fd;
  const int fd = DuplicateElsewhere(old, Direction::kAny);
  Leave(old, fd < 0 ? kNoDescriptor : fd);
  if (fd < 0 && Tracing()) GoOnInMemory();
}

bool YieldLastNumber() {
  if (!Tracing() || !MayMove()) return false;
  const int old = ThisSession().fd;
  sys::FileLimit limit;
  if (!IsPipeOfSession(old) || !sys::ExchangeFileLimit(nullptr, &limit) ||
      static_cast<uint64_t>(old) >= limit.soft) {
    return false;
  }
  const int place = PlaceUnderLimit(limit.soft);
  const int fd = Duplicate(old, limit, place);
  if (!Leave(old, fd < 0 ? kNoDescriptor : fd)) return false;
  if (fd < 0) GoOnInMemory();
  return true;
}

}  // namespace filemon
