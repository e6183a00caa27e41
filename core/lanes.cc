#include "core/lanes.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "absl/algorithm/container.h"
#include "core/memory_file.h"
#include "core/stamp.h"
#include "core/wire.h"

namespace filemon {
namespace {

constexpr uint32_t kLanesForAProcessor = 4;

// No honest stamp is so far ahead of ours: a second or more, in any clock.
constexpr uint64_t kFuture = uint64_t{1} << 32;

// Whether the kernel has found that the processors' clocks run alike: then it
// uses them for its own time.
bool ClocksRunAlike() {
  const int fd =
      open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
           O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char name[64];
  const ssize_t n = read(fd, name, sizeof(name));
  close(fd);
  if (n <= 0) return false;
  const absl::string_view clock(name, n);
  return clock == "tsc\n" || clock == "hyperv_clocksource_tsc_page\n" ||
         clock == "arch_sys_counter\n";
}

// Whoever makes a file longer than he may gets SIGXFSZ (setrlimit(2)).
bool FileMayBeLong() {
  rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
         limit.rlim_cur >= lane::kFileSize;
}

struct flock LockOf(size_t number) {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_start = static_cast<off_t>(number);
  lock.l_len = 1;
  return lock;
}

// The collector's processors are its children's.
uint32_t UsefulLanes() {
  cpu_set_t processors;
  // Fails where there are more than it has room for.
  if (sched_getaffinity(0, sizeof(processors), &processors) != 0) {
    return lane::kLanes;
  }
  return std::min(
      lane::kLanes,
      kLanesForAProcessor * static_cast<uint32_t>(CPU_COUNT(&processors)));
}

}  // namespace

std::unique_ptr<Lanes> Lanes::Create(uint32_t cookie) {
  if (!FileMayBeLong()) return nullptr;
  const int fd = CreateMemoryFile("filemon lanes", MFD_ALLOW_SEALING);
  if (fd < 0) return nullptr;
  const uint32_t count = ClocksRunAlike() ? UsefulLanes() : 0;
  void* memory = MAP_FAILED;
  // Of a file that shrinks, the rest of a mapping is SIGBUS.
  if (ftruncate(fd, lane::kFileSize) == 0 &&
      fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
    memory = mmap(nullptr, lane::kFileSize, PROT_READ | PROT_WRITE, MAP_SHARED,
                  fd, 0);
  }
  if (memory == MAP_FAILED) {
    close(fd);
    return nullptr;
  }
  auto* const head = static_cast<memory::Head*>(memory);
  head->cookie = cookie;
  head->lanes = count;
  // 0 is none: a collector may be stopped before its first look.
  head->looks = 1;
  return std::unique_ptr<Lanes>(
      new Lanes(fd, static_cast<char*>(memory), cookie, count));
}

Lanes::~Lanes() {
  munmap(memory_, lane::kFileSize);
  close(fd_);
}

void Lanes::FindBegun() {
  for (uint32_t number = 0; number < count_; ++number) {
    if (__atomic_load_n(&head()->begun[number], __ATOMIC_ACQUIRE) != 0) {
      Open(number);
    }
  }
}

void Lanes::Open(uint32_t number) {
  const size_t n = number;
  if (absl::c_any_of(open_, [n](const Lane& l) { return l.number == n; })) {
    return;
  }
  open_.push_back({n, reinterpret_cast<lane::Header*>(
                          memory_ + lane::kFirstLane + n * lane::kSize)});
}

// Also of one whose process was killed before it began, and of one that
// somebody has written over.
bool Lanes::IsEmpty(const Lane& lane, uint32_t tail) {
  return tail == lane.head || tail - lane.head > lane::kSize ||
         tail % lane::kAlignment != 0;
}

void Lanes::Take(uint64_t before,
                 absl::FunctionRef<void(size_t lane, uint64_t stamp,
                                        absl::string_view record)>
                     sink) {
  for (Lane& lane : open_) {
    const bool taken = TakeFrom(&lane, before, sink);
    // Whoever has just written lives most likely.
    if (!taken && !lane.abandoned && IsAbandoned(&lane)) {
      TakeFrom(&lane, before, sink);
    }
  }
  const auto closed =
      std::remove_if(open_.begin(), open_.end(), [this](const Lane& lane) {
        const bool done = lane.abandoned && IsEmpty(lane, lane.memory->tail);
        if (done) Close(lane);
        return done;
      });
  open_.erase(closed, open_.end());
}

bool Lanes::TakeFrom(Lane* lane, uint64_t before,
                     absl::FunctionRef<void(size_t lane, uint64_t stamp,
                                            absl::string_view record)>
                         sink) {
  const uint32_t tail = __atomic_load_n(&lane->memory->tail, __ATOMIC_ACQUIRE);
  if (IsEmpty(*lane, tail)) return false;
  bool taken = false;
  // True while everything up to here has been taken.
  bool all = true;
  uint32_t position = lane->head;
  uint32_t freed = position;
  const auto skip_to = [&](uint32_t next, bool done) {
    position = lane::SkipHeader(next);
    all = all && done;
    if (all) freed = position;
  };
  while (static_cast<int32_t>(tail - position) > 0) {
    const uint32_t lap_end = (position | (lane::kSize - 1)) + 1;
    const uint32_t word =
        __atomic_load_n(lane::WordAt(lane->memory, position), __ATOMIC_ACQUIRE);
    if (word == lane::kNothing) {
      skip_to(lap_end, true);
      continue;
    }
    const uint32_t room = std::min(tail, lap_end) - position;
    wire::Header header = {};
    if ((word == cookie_ || word == lane::kTaken) && room >= sizeof(header)) {
      memcpy(&header, lane::At(lane->memory, position), sizeof(header));
    }
    if (header.size < sizeof(header) || lane::RoundUp(header.size) > room) {
      // A record that is being written, or one that never will be: the next
      // one is found by its first word.
      if (word == cookie_ && lane->abandoned) {
        dropped_bytes_ += lane::kAlignment;
      }
      skip_to(position + lane::kAlignment, lane->abandoned);
      continue;
    }
    const uint32_t next = position + lane::RoundUp(header.size);
    if (word == cookie_) {
      uint64_t stamp = wire::StampOf(header);
      if (stamp >= before) {
        if (stamp < Stamp() + kFuture) {
          skip_to(next, false);
          continue;
        }
        // One that cannot be is the arrival's.
        stamp = before - 1;
      }
      sink(lane->number, stamp,
           {lane::At(lane->memory, position), header.size});
      taken = true;
      if (!all) {
        __atomic_store_n(lane::WordAt(lane->memory, position), lane::kTaken,
                         __ATOMIC_RELAXED);
      }
    }
    skip_to(next, true);
  }
  if (freed != lane->head) Free(lane, freed);
  return taken;
}

void Lanes::Free(Lane* lane, uint32_t position) {
  uint32_t from = lane->head;
  while (from != position) {
    const uint32_t lap_end = (from | (lane::kSize - 1)) + 1;
    const uint32_t to =
        static_cast<int32_t>(position - lap_end) > 0 ? lap_end : position;
    memset(lane::At(lane->memory, from), 0, to - from);
    from = lane::SkipHeader(to);
  }
  lane->head = position;
  __atomic_store_n(&lane->memory->head, position, __ATOMIC_RELEASE);
}

bool Lanes::IsAbandoned(Lane* lane) {
  struct flock lock = LockOf(lane->number);
  lane->abandoned = fcntl(fd_, F_OFD_SETLK, &lock) == 0;
  return lane->abandoned;
}

void Lanes::Close(const Lane& lane) {
  if (lane.memory->tail != lane.head) {
    // Nobody knows what is in it.
    fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
              lane::kFirstLane + lane.number * lane::kSize, lane::kSize);
  }
  __atomic_store_n(&lane.memory->head, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&lane.memory->tail, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&head()->begun[lane.number], 0, __ATOMIC_RELEASE);
  struct flock lock = LockOf(lane.number);
  lock.l_type = F_UNLCK;
  fcntl(fd_, F_OFD_SETLK, &lock);
}

void Lanes::CountLook() {
  __atomic_fetch_add(&head()->looks, 1, __ATOMIC_RELEASE);
}

void Lanes::TakeLosses(absl::FunctionRef<void(const memory::Loss& loss)> sink) {
  if (__atomic_load_n(&head()->lossy, __ATOMIC_ACQUIRE) == 0) return;
  for (memory::Loss& place : head()->losses) {
    const memory::Loss loss = {
        __atomic_load_n(&place.pid, __ATOMIC_ACQUIRE),
        __atomic_load_n(&place.pid_namespace, __ATOMIC_ACQUIRE),
        __atomic_exchange_n(&place.records, 0, __ATOMIC_ACQ_REL),
        __atomic_exchange_n(&place.of_children, 0, __ATOMIC_ACQ_REL)};
    if (loss.records > 0 || loss.of_children > 0) sink(loss);
  }
}

}  // namespace filemon
