// The head of the memory that a session shares: which lanes there are, where
// records wait when nobody takes them, and how many could not be reported.
//
// It is the beginning of the lanes' file (lane.h), which every process of the
// session that may open the collector's descriptors can map. Nothing in it is
// trusted by either side.
//
// This header is included by both sides. It is freestanding, and its layout is
// the same in 32-bit and 64-bit processes.
#ifndef FILEMON_CORE_SESSION_MEMORY_H_
#define FILEMON_CORE_SESSION_MEMORY_H_

#include <stddef.h>
#include <stdint.h>

#include "core/lane.h"

namespace filemon {
namespace memory {

// What one process could not report. Counted here a loss outlives the process.
struct Loss {
  int32_t pid;  // 0: the place is free
  uint32_t pid_namespace;
  uint32_t records;
  // Of its children that cannot tell who they are: a filter of system calls
  // (seccomp(2)) that they have of their parent keeps getpid() from them.
  uint32_t of_children;
};

// What images have learnt of the files that they were executed from, as numbers
// (interpose/program_class.h), each in the bucket that it belongs to.
inline constexpr uint32_t kBuckets = 256;
inline constexpr uint32_t kBucketSize = 8;

// The first one is everybody's who finds no place.
inline constexpr uint32_t kLosses = 2048;

// Read and written at once in 32-bit processes, too, whose own alignment of it
// is less.
struct alignas(8) Number {
  uint64_t Load() const {
    Number now;
    __atomic_load(this, &now, __ATOMIC_RELAXED);
    return now.value;
  }
  void Store(uint64_t number) {
    Number next = {number};
    __atomic_store(this, &next, __ATOMIC_RELAXED);
  }
  uint64_t value;
};

struct Head {
  uint32_t cookie;  // of the session: the file might be another's
  uint32_t lanes;   // how many the collector looks at
  // The collector's descriptor of the overflow, a file to which records are
  // appended, and how long it may be; 0 if there is none.
  int32_t overflow;
  uint32_t overflow_pages;
  // How much of it the collector has taken, in whole pages.
  uint32_t taken_pages;
  // Is counted up by each writer before it appends.
  uint32_t overflow_uses;
  // Is counted up by the collector each time it looks: it is not stopped.
  uint32_t looks;
  // The value of `looks` at which a writer lost its patience.
  uint32_t stalled;
  // Whether anything stands in `losses`.
  uint32_t lossy;
  // The overflow's inode number, its halves: by now the descriptor may be
  // another process's.
  uint32_t overflow_inode_low;
  uint32_t overflow_inode_high;
  char padding[20];
  // Set by a process that has taken the lane, before it begins it.
  uint8_t begun[lane::kLanes];
  Loss losses[kLosses];
  Number learnt[kBuckets][kBucketSize];
};
static_assert(offsetof(Head, losses) == 64 + lane::kLanes,
              "one layout for every process");
static_assert(sizeof(Head) <= lane::kFirstLane, "the lanes come after it");

inline constexpr uint32_t kPage = 4096;

// The place where a process counts, which it keeps. Lock-free,
// async-signal-safe.
inline Loss* LossOf(Head* head, int32_t pid, uint32_t pid_namespace) {
  constexpr uint32_t kTries = 64;
  __atomic_store_n(&head->lossy, 1, __ATOMIC_RELEASE);
  for (uint32_t i = 0; pid > 0 && i < kTries; ++i) {
    Loss* const loss =
        &head->losses[1 + (static_cast<uint32_t>(pid) + i) % (kLosses - 1)];
    int32_t owner = 0;
    if (__atomic_compare_exchange_n(&loss->pid, &owner, pid, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      __atomic_store_n(&loss->pid_namespace, pid_namespace, __ATOMIC_RELEASE);
      return loss;
    }
    if (owner == pid && __atomic_load_n(&loss->pid_namespace,
                                        __ATOMIC_ACQUIRE) == pid_namespace) {
      return loss;
    }
  }
  return &head->losses[0];
}

}  // namespace memory
}  // namespace filemon

#endif  // FILEMON_CORE_SESSION_MEMORY_H_
