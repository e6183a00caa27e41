#include "core/stamp_clock.h"

#include <time.h>

#include "core/stamp.h"

namespace filemon {
namespace {

// From then on, what the two looks themselves take does not matter.
constexpr absl::Duration kLeast = absl::Milliseconds(5);

}  // namespace

absl::Duration TimeSinceBoot() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return absl::DurationFromTimespec(now);
}

StampClock::StampClock()
    : first_stamp_(Stamp()), first_time_(TimeSinceBoot()) {}

absl::optional<absl::Duration> StampClock::SinceBoot(uint64_t stamp) const {
  const uint64_t now_stamp = Stamp();
  const absl::Duration passed = TimeSinceBoot() - first_time_;
  if (passed < kLeast || now_stamp <= first_stamp_ || stamp > now_stamp) {
    return absl::nullopt;
  }
  const double part = static_cast<double>(now_stamp - stamp) /
                      static_cast<double>(now_stamp - first_stamp_);
  return first_time_ + passed - passed * part;
}

}  // namespace filemon
