// A lane: memory in which one process leaves its records for the collector,
// without a system call.
//
// The session has a file of kLanes lanes (a memfd). A process that has much to
// say locks one of them (fcntl(2), F_OFD_SETLK, the byte whose offset is the
// lane's number) through a description of its own, maps it, and closes the
// descriptor: the mapping keeps the description, and with it the lock, until an
// exec or the process's end, however that comes. So the kernel tells when a
// lane is nobody's any more. Who finds all lanes taken stays with the pipe.
//
// A lane is a ring of bytes. Places in it are positions, counted from its
// beginning and never reset (modulo 2^32); `tail` is where the next record
// goes, `head` how far the collector has taken them. Each lap begins with the
// header, which no record overlaps. What is free is zero.
//
// A writer (a thread of the process, or a signal handler in it) claims a place
// by moving the tail, fills it, and writes the record's first word last: what
// has its first word is whole. A writer that is killed in between leaves a
// hole; one that is merely slow keeps nobody waiting. When the lane is full the
// record goes into the pipe.
//
// The process says in the head of the file (session_memory.h) which lane it
// has, before it begins it: so the collector knows of each that is not clean.
//
// This header is included by both sides. It is freestanding, and its layout is
// the same in 32-bit and 64-bit processes.
#ifndef FILEMON_CORE_LANE_H_
#define FILEMON_CORE_LANE_H_

#include <stddef.h>
#include <stdint.h>

namespace filemon {
namespace lane {

// Holds what a process reports in the 4 ms of the collector's pace, when it
// does nothing but open files.
inline constexpr uint32_t kSize = 256 * 1024;

// For which there is room in the file.
inline constexpr uint32_t kLanes = 128;

// They follow the head of the file (session_memory.h) at 64 KiB, the largest
// page.
inline constexpr uint32_t kFirstLane = 64 * 1024;
inline constexpr uint32_t kFileSize = kFirstLane + kLanes * kSize;

inline constexpr uint32_t kAlignment = 8;

// Longer records go into the pipe.
inline constexpr uint32_t kLongest = 1024;

// A record's first word, when it is not yet or no longer the session's cookie,
// which is odd.
inline constexpr uint32_t kUnwritten = 0;
inline constexpr uint32_t kTaken = 2;    // by the collector, ahead of its turn
inline constexpr uint32_t kNothing = 4;  // up to the end of the lap

// On lines of the cache of their own: one is the writers', one the collector's.
struct Header {
  uint32_t tail;  // 0: nobody has used the lane
  char padding[60];
  uint32_t head;
  char more_padding[60];
};
inline constexpr uint32_t kHeaderSize = sizeof(Header);
static_assert(kHeaderSize == 128, "one layout for every process");
static_assert((kSize & (kSize - 1)) == 0, "positions are taken modulo kSize");

inline uint32_t OffsetOf(uint32_t position) { return position & (kSize - 1); }

// The first position from this one on at which a record can be.
inline uint32_t SkipHeader(uint32_t position) {
  return OffsetOf(position) == 0 ? position + kHeaderSize : position;
}

inline char* At(Header* lane, uint32_t position) {
  return reinterpret_cast<char*>(lane) + OffsetOf(position);
}

inline uint32_t* WordAt(Header* lane, uint32_t position) {
  return reinterpret_cast<uint32_t*>(At(lane, position));
}

inline uint32_t RoundUp(uint32_t size) {
  return (size + kAlignment - 1) & ~(kAlignment - 1);
}

// The lane is the caller's, and nobody has used it since it was cleaned.
inline bool IsClean(Header* lane) {
  return __atomic_load_n(&lane->tail, __ATOMIC_ACQUIRE) == 0;
}
inline void Begin(Header* lane) {
  __atomic_store_n(&lane->head, kHeaderSize, __ATOMIC_RELAXED);
  __atomic_store_n(&lane->tail, kHeaderSize, __ATOMIC_RELEASE);
}

// Room for `size` bytes, or null if there is none now. Lock-free,
// async-signal-safe.
inline char* Claim(Header* lane, uint32_t size) {
  size = RoundUp(size);
  uint32_t tail = __atomic_load_n(&lane->tail, __ATOMIC_RELAXED);
  for (;;) {
    // Another process of the session has written over it: what it makes of the
    // lane must not lead us out of the lane.
    if (tail % kAlignment != 0) return nullptr;
    const uint32_t offset = OffsetOf(tail);
    // What is left of the lap, when the record does not fit there.
    const uint32_t rest = offset + size > kSize ? kSize - offset : 0;
    const uint32_t begin = SkipHeader(tail + rest);
    const uint32_t end = SkipHeader(begin + size);
    // What the collector has freed it has cleared before.
    const uint32_t head = __atomic_load_n(&lane->head, __ATOMIC_ACQUIRE);
    if (end - head > kSize) return nullptr;
    if (__atomic_compare_exchange_n(&lane->tail, &tail, end, true,
                                    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
      if (rest != 0) {
        __atomic_store_n(WordAt(lane, tail), kNothing, __ATOMIC_RELEASE);
      }
      return At(lane, begin);
    }
  }
}

// The record at `place`, a claimed one, is whole but for its first word, which
// is the cookie.
inline void Commit(char* place, uint32_t cookie) {
  __atomic_store_n(reinterpret_cast<uint32_t*>(place), cookie,
                   __ATOMIC_RELEASE);
}

}  // namespace lane
}  // namespace filemon

#endif  // FILEMON_CORE_LANE_H_
