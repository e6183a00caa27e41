// When a record was made: what puts the records of different lanes in order.
//
// Like wire.h this header is included by both sides, and is freestanding.
#ifndef FILEMON_CORE_STAMP_H_
#define FILEMON_CORE_STAMP_H_

#include <stdint.h>

namespace filemon {

// The processor's own clock, in its own unit: no system call, no page of the
// vDSO to be touched (a page fault costs a hundred times as much), and not
// moved by time namespaces. It is to be compared with stamps of other processes
// only where the kernel has found that it runs alike on all processors
// (session_memory.h). 0 on architectures where it is not known how to read it.
//
// Taken after a system call has returned, it is later than any stamp of
// whatever made the call return.
inline uint64_t Stamp() {
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t ticks;
  // The barrier keeps the read behind what comes before it (Arm ARM, D12.2.2).
  __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
  return ticks;
#else
  return 0;
#endif
}

}  // namespace filemon

#endif  // FILEMON_CORE_STAMP_H_
