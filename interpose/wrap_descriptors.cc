// Guards of the pipe's descriptor: for the program it does not exist. It cannot
// be closed, copied or overwritten; a program that names its number finds
// nothing there, and the pipe moves (pipe_place.h).
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sched.h>
#include <stdarg.h>

#include "interpose/current_directory.h"
#include "interpose/descriptors.h"
#include "interpose/device.h"
#include "interpose/directory_names.h"
#include "interpose/pipe_place.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/wrapper.h"

namespace filemon {

bool StillHidesDescriptor(int fd) {
  if (!Tracing()) return false;
  // The number may be a file of the program's.
  if (!PipeIsInPlace()) {
    RecoverPipe();
    return IsOurs(fd);
  }
  StepAside();
  return true;
}

namespace {

inline bool NeedsCare(int fd) {
  return __builtin_expect(
      IsOurs(fd) || HasDevices() || MayHaveDirectoryName(fd), 0);
}

// What close() does to a descriptor that may not be just any file.
__attribute__((noinline)) int CloseWithCare(int fd, int (*close)(int)) {
  if (HidesDescriptor(fd)) return NoSuchDescriptor();
  ForgetDirectoryName(fd);
  return IsDevice(fd) ? CloseDevice(fd, close) : close(fd);
}

}  // namespace

void PrepareToReplace(int from, int to) {
  VacateFor(to);
  if (from == to || !IsDevice(to) || sys::Fcntl(from, F_GETFD) < 0) return;
  CloseDevices(static_cast<unsigned>(to), static_cast<unsigned>(to));
}

int ReplacedDescriptor(int from, int copy) {
  ForgetDirectoryName(copy);
  return CopiedDescriptor(from, copy);
}

void MakeRoomAt(int least) {
  if (least < 0 || !Tracing()) return;
  if (IsOurs(least)) {
    StepAside();
  } else {
    GoAhead();
  }
}

void PrepareToShare(uint64_t flags) {
  // Threads share both, other processes neither. A mount namespace of its own
  // comes with a current directory of its own.
  const bool thread = (flags & CLONE_THREAD) != 0;
  if (thread != ((flags & CLONE_FILES) != 0)) DistrustDescriptors();
  if (thread != ((flags & CLONE_FS) != 0) || (flags & CLONE_NEWNS) != 0) {
    DistrustCurrentDirectory();
  }
}

void VacateFor(int fd) {
  if (__builtin_expect(IsOurs(fd), 0) && Tracing()) {
    if (!PipeIsInPlace()) RecoverPipe();
    if (IsOurs(fd)) YieldDescriptor();
  }
}

int CloseRange(unsigned first, unsigned last, int flags,
               int (*close)(unsigned, unsigned, int)) {
  if ((flags & CLOSE_RANGE_CLOEXEC) == 0) {
    CloseDevices(first, last);
    ForgetDirectoryNames();
  }
  if ((flags & CLOSE_RANGE_UNSHARE) != 0) DistrustDescriptors();
  const auto ours = static_cast<unsigned>(ThisSession().fd);
  if (ThisSession().fd < 0 || first > ours || last < ours || first > last) {
    return close(first, last, flags);
  }
  // Two ranges around it. With CLOSE_RANGE_UNSHARE the first call gives the
  // process a table of its own, and the second finds it so.
  int result = 0;
  bool called = false;
  if (first < ours) {
    result = close(first, ours - 1, flags);
    called = true;
  }
  if (result == 0 && last > ours) {
    result = close(ours + 1, last, flags);
    called = true;
  }
  // Nothing but ours: the flags still are to be looked at, and to take effect.
  return called ? result : close(UINT_MAX, UINT_MAX, flags);
}

#define FILEMON_WRAP_CLOSE(name)                               \
  FILEMON_WRAP(int, name, (int fd)) {                          \
    const auto next = FILEMON_NEXT(name);                      \
    return NeedsCare(fd) ? CloseWithCare(fd, next) : next(fd); \
  }
FILEMON_WRAP_CLOSE(close)
FILEMON_WRAP_CLOSE(__close)

// musl's, and POSIX.1-2024's.
FILEMON_WRAP(int, posix_close, (int fd, int flags)) {
  if (HidesDescriptor(fd)) return NoSuchDescriptor();
  ForgetDirectoryName(fd);
  return FILEMON_NEXT(posix_close)(fd, flags);
}

FILEMON_WRAP(int, close_range, (unsigned first, unsigned last, int flags)) {
  if (FILEMON_NEXT_EXISTS(close_range)) {
    return CloseRange(first, last, flags, FILEMON_NEXT(close_range));
  }
  return CloseRange(
      first, last, flags, [](unsigned from, unsigned to, int how) {
        return static_cast<int>(
            ErrnoResult(sys::ProgramsCall(SYS_close_range, from, to, how)));
      });
}

FILEMON_WRAP(void, closefrom, (int low)) {
  CloseDevices(low < 0 ? 0 : static_cast<unsigned>(low), UINT_MAX);
  ForgetDirectoryNames();
  const int ours = ThisSession().fd;
  if (ours < 0 || low > ours) {
    FILEMON_NEXT(closefrom)(low);
    return;
  }
  FILEMON_NEXT(closefrom)(ours + 1);
  if (low < 0) low = 0;
  if (low == ours) return;
  const long result = sys::ProgramsCall(SYS_close_range, low, ours - 1, 0);
  if (result == 0) return;
  for (int fd = low; fd < ours; ++fd)
    sys::ProgramsCall(SYS_close, fd);  // before Linux 5.9
}

FILEMON_WRAP(int, dup, (int fd)) {
  if (HidesDescriptor(fd)) return NoSuchDescriptor();
  return CopiedDescriptor(
      fd, GivenDescriptor(Giving([&] { return FILEMON_NEXT(dup)(fd); })));
}

#define FILEMON_WRAP_DUP2(name)                                    \
  FILEMON_WRAP(int, name, (int from, int to)) {                    \
    if (HidesDescriptor(from)) return NoSuchDescriptor();          \
    PrepareToReplace(from, to);                                    \
    return ReplacedDescriptor(from, FILEMON_NEXT(name)(from, to)); \
  }
FILEMON_WRAP_DUP2(dup2)
FILEMON_WRAP_DUP2(__dup2)

FILEMON_WRAP(int, dup3, (int from, int to, int flags)) {
  if (HidesDescriptor(from)) return NoSuchDescriptor();
  PrepareToReplace(from, to);
  return ReplacedDescriptor(from, FILEMON_NEXT(dup3)(from, to, flags));
}

static bool Duplicates(int command) {
  return command == F_DUPFD || command == F_DUPFD_CLOEXEC;
}

#define FILEMON_WRAP_FCNTL(name)                                             \
  FILEMON_WRAP(int, name, (int fd, int command, ...)) {                      \
    if (HidesDescriptor(fd)) return NoSuchDescriptor();                      \
    va_list arguments;                                                       \
    va_start(arguments, command);                                            \
    /* An int or a pointer, or nothing: a register holds each (fcntl(2)). */ \
    void* const argument = va_arg(arguments, void*);                         \
    va_end(arguments);                                                       \
    const auto call = [&] {                                                  \
      return FILEMON_NEXT(name)(fd, command, argument);                      \
    };                                                                       \
    if (!Duplicates(command)) return call();                                 \
    PrepareToCopy(reinterpret_cast<long>(argument));                         \
    return CopiedDescriptor(fd, GivenDescriptor(Giving(call)));              \
  }
FILEMON_WRAP_FCNTL(fcntl)
FILEMON_WRAP_FCNTL(fcntl64)
FILEMON_WRAP_FCNTL(__fcntl)
FILEMON_WRAP_FCNTL(__fcntl_time64)

FILEMON_WRAP(int, unshare, (int flags)) {
  PrepareToShare(static_cast<uint64_t>(flags));
  return FILEMON_NEXT(unshare)(flags);
}

}  // namespace filemon
