// A parent that waits learns how its child ended: the truth for children that
// were killed or could not load us.
#include <stdarg.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "interpose/device.h"
#include "interpose/report.h"
#include "interpose/results.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

// A tracer's waits (ptrace(2)) tell of threads and of other people's children,
// too.
bool g_is_tracer;

}  // namespace

// `status` can only be read once the kernel has written it: for a child.
pid_t WaitResult(pid_t child, const int* status) {
  if (child <= 0) return child;
  const int wait_status = *status;
  if (WIFSTOPPED(wait_status) || WIFCONTINUED(wait_status)) return child;
  if (HasDevices()) TellDevicesOfEnd(child, wait_status);
  if (!Tracing()) return child;
  if (__atomic_load_n(&g_is_tracer, __ATOMIC_RELAXED)) {
    ReportTraceeEnded(child, wait_status);
  } else {
    ReportChildEnded(child, wait_status);
  }
  return child;
}

namespace {

// A status in waitpid()'s form of what waitid() says.
int WaitStatus(const siginfo_t& info) {
  return info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8
                                    : info.si_status & 0x7f;
}

}  // namespace

void BecomeTracer() { __atomic_store_n(&g_is_tracer, true, __ATOMIC_RELAXED); }

FILEMON_WRAP(long, ptrace, (int request, ...)) {
  va_list arguments;
  va_start(arguments, request);
  const pid_t pid = va_arg(arguments, pid_t);
  void* const address = va_arg(arguments, void*);
  void* const data = va_arg(arguments, void*);
  va_end(arguments);
  // The one request that a process makes to be traced itself.
  if (request != PTRACE_TRACEME) BecomeTracer();
  return FILEMON_NEXT(ptrace)(request, pid, address, data);
}

#define FILEMON_WRAP_WAIT(name)                     \
  FILEMON_WRAP(pid_t, name, (int* status)) {        \
    int own = 0;                                    \
    if (status == nullptr) status = &own;           \
    const pid_t child = FILEMON_NEXT(name)(status); \
    return WaitResult(child, status);               \
  }
FILEMON_WRAP_WAIT(wait)
FILEMON_WRAP_WAIT(__wait)

#define FILEMON_WRAP_WAITPID(name)                                   \
  FILEMON_WRAP(pid_t, name, (pid_t pid, int* status, int options)) { \
    int own = 0;                                                     \
    if (status == nullptr) status = &own;                            \
    const pid_t child = FILEMON_NEXT(name)(pid, status, options);    \
    return WaitResult(child, status);                                \
  }
FILEMON_WRAP_WAITPID(waitpid)
FILEMON_WRAP_WAITPID(__waitpid)

// The usage is passed through: its layout differs with the size of time_t.
#define FILEMON_WRAP_WAIT3(name)                                       \
  FILEMON_WRAP(pid_t, name, (int* status, int options, void* usage)) { \
    int own = 0;                                                       \
    if (status == nullptr) status = &own;                              \
    const pid_t child = FILEMON_NEXT(name)(status, options, usage);    \
    return WaitResult(child, status);                                  \
  }
FILEMON_WRAP_WAIT3(wait3)
FILEMON_WRAP_WAIT3(__wait3_time64)

#define FILEMON_WRAP_WAIT4(name)                                         \
  FILEMON_WRAP(pid_t, name,                                              \
               (pid_t pid, int* status, int options, void* usage)) {     \
    int own = 0;                                                         \
    if (status == nullptr) status = &own;                                \
    const pid_t child = FILEMON_NEXT(name)(pid, status, options, usage); \
    return WaitResult(child, status);                                    \
  }
FILEMON_WRAP_WAIT4(wait4)
FILEMON_WRAP_WAIT4(__wait4_time64)

int WaitidResult(int result, const siginfo_t* info) {
  // Where there was nothing to tell the kernel has written a pid of 0.
  if (result == 0 && info->si_pid > 0 &&
      (info->si_code == CLD_EXITED || info->si_code == CLD_KILLED ||
       info->si_code == CLD_DUMPED)) {
    const int status = WaitStatus(*info);
    WaitResult(info->si_pid, &status);
  }
  return result;
}

FILEMON_WRAP(int, waitid, (int type, id_t id, siginfo_t* info, int options)) {
  siginfo_t own;
  siginfo_t* const seen = info != nullptr ? info : &own;
  return WaitidResult(FILEMON_NEXT(waitid)(type, id, seen, options), seen);
}

}  // namespace filemon
