// Who a process is, beside its number, which comes round.
#ifndef FILEMON_INTERPOSE_LIFE_H_
#define FILEMON_INTERPOSE_LIFE_H_

#include <stdint.h>
#include <sys/types.h>

namespace filemon {

// A process as records name it (core/wire.h, Header::life).
struct ProcessId {
  pid_t pid;
  uint32_t life;  // 0 if it is not known
};

inline bool operator==(ProcessId x, ProcessId y) {
  return x.pid == y.pid && x.life == y.life;
}

// A life for a new process, to be drawn by its parent `by` before it is made,
// or by itself. No other process of the session has it, and nobody can guess
// it. Async-signal-safe and thread-safe; no system call.
uint32_t NewLife(ProcessId by);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_LIFE_H_
