// Whether this process may read the processor's clock (stamp.h): PR_SET_TSC of
// prctl(2) forbids it, and that goes over forks and execs.
#ifndef FILEMON_CORE_CLOCK_H_
#define FILEMON_CORE_CLOCK_H_

namespace filemon {

// Allows it. A dynamically linked program would not get here without: glibc's
// dynamic linker reads the clock.
void AllowClock();

}  // namespace filemon

#endif  // FILEMON_CORE_CLOCK_H_
