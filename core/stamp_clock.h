// What time it was at a stamp.
#ifndef FILEMON_CORE_STAMP_CLOCK_H_
#define FILEMON_CORE_STAMP_CLOCK_H_

#include <stdint.h>

#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace filemon {

// As /proc/PID/stat tells when a process was started.
absl::Duration TimeSinceBoot();

// Compares the processor's clock with the kernel's, from its construction on.
class StampClock {
 public:
  StampClock();

  // TimeSinceBoot() then; nothing if it cannot be told, because little time has
  // passed, or the stamp is of the future.
  absl::optional<absl::Duration> SinceBoot(uint64_t stamp) const;

 private:
  const uint64_t first_stamp_;
  const absl::Duration first_time_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_STAMP_CLOCK_H_
