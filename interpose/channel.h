// The reporting side of the channel: the one way from a wrapper to the
// collector. A process that has much to say does so in a lane of its own
// (own_lane.h), the others, and what does not fit there, in the pipe.
#ifndef FILEMON_INTERPOSE_CHANNEL_H_
#define FILEMON_INTERPOSE_CHANNEL_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/wire.h"
#include "interpose/life.h"

namespace filemon {

// How many forks lie between the image's first process and this one.
extern uint32_t g_forks __attribute__((visibility("hidden")));

// A record to be reported: its fixed part and its names.
struct OutgoingRecord {
  wire::Kind kind;
  ProcessId process;  // whom it is about
  int32_t a = 0;
  int32_t b = 0;
  const char* name[wire::kMaxNames] =
      {};  // NUL-terminated; wire::NamesOf(kind)
  // Whose record it is: a signal handler may fork before it is written.
  uint32_t forks = g_forks;
};

// Reports one record. When this returns the record is in the lane, the pipe or
// the overflow, and survives whatever happens to this process; or it is counted
// as lost. Async-signal-safe, thread-safe; waits while the pipe is full and the
// collector looks, but not for ever.
void Emit(const OutgoingRecord& record);

// The program is about to keep itself from reading the processor's clock
// (PR_SET_TSC in prctl(2)): until it may again the records have no stamps, and
// go into the pipe.
void StopStamps();
// A process that joins a session that it was not born into learns whether it
// may.
void NoteClock();
void ResumeStamps();
extern bool g_unstamped __attribute__((visibility("hidden")));

// In a forked child: what its parent has lost is its parent's to say.
void ForgetLosses();

// To be called when the pipe has got another descriptor: true once nobody
// writes by the old one any more. False if somebody still does after a moment,
// who may be stopped, or be the code that this signal handler has interrupted.
bool WritersAreDone();
// In a new process: its parent's writers are not here.
void ForgetWriters();

// Several records in as few writes as possible.
class Batch {
 public:
  void Add(const OutgoingRecord& record);
  void Flush();

 private:
  // Enough for the start of most images. It is on the stack, which may be
  // small.
  static constexpr size_t kSize = 2048;

  const uint32_t forks_ = g_forks;
  size_t size_ = 0;
  uint32_t records_ = 0;
  pid_t pid_ = 0;  // whom they are about
  alignas(4) char bytes_[kSize];
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_CHANNEL_H_
