// Calls by which a program forbids itself something that we do as well: filters
// of system calls, and reading the processor's clock.
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>

#include "interpose/call_filter.h"
#include "interpose/channel.h"
#include "interpose/results.h"
#include "interpose/session.h"
#include "interpose/wrapper.h"

namespace filemon {

Restriction::Restriction(int option, unsigned long a, const void* filter) {
  switch (option) {
    case PR_SET_SECCOMP:
      if (a == SECCOMP_MODE_STRICT) kind_ = kStrict;
      if (a == SECCOMP_MODE_FILTER) kind_ = kFilter;
      filter_ = filter;
      if (kind_ != kNone) PrepareForFilter();
      break;
    case PR_SET_TSC:
      kind_ = a == PR_TSC_SIGSEGV ? kNoClock : kClock;
      if (kind_ == kNoClock && Tracing()) StopStamps();
      break;
    default:
      break;
  }
}

Restriction Restriction::OfSeccomp(unsigned operation, const void* filter) {
  switch (operation) {
    case SECCOMP_SET_MODE_STRICT:
      return Restriction(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, nullptr);
    case SECCOMP_SET_MODE_FILTER:
      return Restriction(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter);
    default:
      return Restriction(0, 0, nullptr);
  }
}

long Restriction::Result(long result) const {
  const bool done = result >= 0;
  switch (kind_) {
    case kNone:
      break;
    case kStrict:
      if (done) StrictModeEntered();
      break;
    case kFilter:
      // The kernel has read it.
      if (done)
        FilterInstalled(*static_cast<const struct sock_fprog*>(filter_));
      break;
    case kNoClock:
      if (!done) ResumeStamps();
      break;
    case kClock:
      if (done) ResumeStamps();
      break;
  }
  return result;
}

#define FILEMON_WRAP_PRCTL(name)                                     \
  FILEMON_WRAP(int, name, (int option, ...)) {                       \
    va_list arguments;                                               \
    va_start(arguments, option);                                     \
    const unsigned long a = va_arg(arguments, unsigned long);        \
    const unsigned long b = va_arg(arguments, unsigned long);        \
    const unsigned long c = va_arg(arguments, unsigned long);        \
    const unsigned long d = va_arg(arguments, unsigned long);        \
    va_end(arguments);                                               \
    const Restriction restriction(option, a,                         \
                                  reinterpret_cast<const void*>(b)); \
    return static_cast<int>(                                         \
        restriction.Result(FILEMON_NEXT(name)(option, a, b, c, d))); \
  }
FILEMON_WRAP_PRCTL(prctl)
FILEMON_WRAP_PRCTL(__prctl_time64)

}  // namespace filemon
