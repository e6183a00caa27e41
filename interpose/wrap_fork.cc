// Calls that create processes: F records. posix_spawn() has a file of its own.
#include <alloca.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "interpose/borrowed_memory.h"
#include "interpose/descriptors.h"
#include "interpose/guest_sessions.h"
#include "interpose/process.h"
#include "interpose/report.h"
#include "interpose/sys.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

pid_t ForkUntraced(pid_t (*fork)()) {
  const pid_t result = fork();
  if (result == 0) TakeOverGuestSession(0);
  return result;
}

}  // namespace

#define FILEMON_WRAP_FORK(name)                              \
  FILEMON_WRAP(pid_t, name, ()) {                            \
    if (!Tracing()) return ForkUntraced(FILEMON_NEXT(name)); \
    const Forker forker;                                     \
    return forker.Result(FILEMON_NEXT(name)());              \
  }
FILEMON_WRAP_FORK(fork)
FILEMON_WRAP_FORK(__fork)
FILEMON_WRAP_FORK(_Fork)

namespace {

// Whether vfork() was called by this process's parent: a signal handler has
// forked since, and its child has come back here.
bool IsParentsChild(pid_t child) {
  return g_forks != 0 &&
         sys::Call(SYS_waitid, P_PID, child, 0,
                   WEXITED | WNOHANG | WNOWAIT | __WALL, 0) == -ECHILD;
}

}  // namespace

// The C half of vfork() (vfork.S), called in both processes with what
// the kernel returned. The child runs in its parent's memory and on its stack,
// but nothing of the parent's state may change by it.
extern "C" __attribute__((visibility("hidden"))) pid_t filemon_vfork_result(
    long result) {
  if (result < 0) {
    errno = static_cast<int>(-result);
    return -1;
  }
  const auto child = static_cast<pid_t>(result);
  if (child == 0) {
    ExpectGuest();
    if (g_guests != 0) InheritGuestSession(sys::Getppid());
  } else {
    GuestIsGone();
    if (g_guests != 0) RemoveGuestSession(child);
    ChildIsGoneFromStack();
  }
  if (!Tracing()) return child;
  if (child == 0) {
    const pid_t parent = sys::Getppid();
    AnnounceSharingChild(parent, NewLife({parent, ThisSession().life}));
  } else if (!ForgetSharingChild(child) && !IsParentsChild(child)) {
    // It was killed before it could speak.
    ReportChild(child, NewLife({child, ThisSession().life}));
  }
  return child;
}

// clone(2), the library's function: the child starts in a function of its own.
struct ClonedStart {
  int (*function)(void*);
  void* argument;
  ProcessId parent;
  uint32_t life;
  bool shares_memory;
};

int RunCloned(void* data) {
  const ClonedStart start = *static_cast<ClonedStart*>(data);
  if (start.shares_memory) {
    AnnounceSharingChild(start.parent.pid, start.life);
  } else {
    AnnounceForkedChild(start.parent, start.life);
  }
  return start.function(start.argument);
}

#define FILEMON_WRAP_CLONE(name)                                               \
  FILEMON_WRAP(                                                                \
      int, name,                                                               \
      (int (*function)(void*), void* stack, int flags, void* argument, ...)) { \
    va_list arguments;                                                         \
    va_start(arguments, argument);                                             \
    pid_t* const parent_tid = va_arg(arguments, pid_t*);                       \
    void* const tls = va_arg(arguments, void*);                                \
    pid_t* const child_tid = va_arg(arguments, pid_t*);                        \
    va_end(arguments);                                                         \
    const bool thread = (flags & CLONE_THREAD) != 0;                           \
    if (!thread && (flags & CLONE_VM) != 0) ExpectGuest();                     \
    PrepareToShare(static_cast<uint64_t>(flags));                              \
    if (thread || stack == nullptr || function == nullptr || !Tracing()) {     \
      return FILEMON_NEXT(name)(function, stack, flags, argument, parent_tid,  \
                                tls, child_tid);                               \
    }                                                                          \
    /* On the child's own stack: it may outlive this frame. */                 \
    auto* const start = reinterpret_cast<ClonedStart*>(                        \
        (reinterpret_cast<uintptr_t>(stack) - sizeof(ClonedStart)) &           \
        ~static_cast<uintptr_t>(15));                                          \
    const ProcessId parent = CurrentProcess();                                 \
    const uint32_t life = NewLife(parent);                                     \
    *start = {function, argument, parent, life, (flags & CLONE_VM) != 0};      \
    const int child = FILEMON_NEXT(name)(RunCloned, start, flags, start,       \
                                         parent_tid, tls, child_tid);          \
    if (child > 0) {                                                           \
      if ((flags & CLONE_VFORK) != 0) {                                        \
        ForgetSharingChild(child);                                             \
        ChildIsGoneFromStack();                                                \
      }                                                                        \
      ReportChild(child, life);                                                \
    }                                                                          \
    return child;                                                              \
  }
FILEMON_WRAP_CLONE(clone)
FILEMON_WRAP_CLONE(__clone)

namespace {

// Makes /dev/null the standard input, output and error, as daemon(3) does.
int DetachStandardFiles() {
  const int fd = sys::Openat(AT_FDCWD, "/dev/null", O_RDWR);
  if (fd < 0) return static_cast<int>(ErrnoResult(fd));
  ReportOpen(PathAt::Here("/dev/null"), O_RDWR);
  sys::Identity id;
  if (sys::Stat(fd, "", AT_EMPTY_PATH, &id) != 0 || !S_ISCHR(id.mode)) {
    sys::Close(fd);
    errno = ENODEV;
    return -1;
  }
  for (int standard = 0; standard <= 2; ++standard) {
    if (fd != standard) sys::ProgramsCall(SYS_dup3, fd, standard, 0);
  }
  if (fd > 2) sys::Close(fd);
  return 0;
}

}  // namespace

// libc's daemon() ends the calling process inside itself, right after the fork
// and without a word: that process could not report its child before its end.
// So this is daemon(3) written out, on our fork().
FILEMON_WRAP(int, daemon, (int nochdir, int noclose)) {
  if (!Tracing()) return FILEMON_NEXT(daemon)(nochdir, noclose);
  const Forker forker;
  const pid_t child = forker.Result(original_fork.Get("fork")());
  if (child < 0) return -1;
  if (child > 0) {
    ReportExit(0);
    for (;;) sys::ProgramsCall(SYS_exit_group, 0);
  }
  const long session = sys::ProgramsCall(SYS_setsid);
  if (session < 0) return static_cast<int>(ErrnoResult(session));
  if (nochdir == 0 && sys::ProgramsCall(SYS_chdir, sys::Arg("/")) == 0) {
    ReportChdir("/");
  }
  return noclose == 0 ? DetachStandardFiles() : 0;
}

namespace {

// openpty() and forkpty() take a master from /dev/ptmx.
void ReportTerminal() { ReportOpen(PathAt::Here("/dev/ptmx"), O_RDWR); }

}  // namespace

FILEMON_WRAP(int, openpty,
             (int* master, int* slave, char* name, const void* attributes,
              const void* window)) {
  const int result =
      FILEMON_NEXT(openpty)(master, slave, name, attributes, window);
  if (result == 0 && Tracing()) ReportTerminal();
  return result;
}

namespace {

Original<int (*)(int)> original_login_tty;

// In forkpty()'s child.
void TakeTerminal(int terminal) {
  if (original_login_tty.Get("login_tty")(terminal) == 0) return;
  ReportExit(1);
  for (;;) sys::ProgramsCall(SYS_exit_group, 1);
}

}  // namespace

// forkpty(3) written out: in libc's the child may speak before its parent could
// tell that the terminal was opened before.
FILEMON_WRAP(int, forkpty,
             (int* master, char* name, const void* attributes,
              const void* window)) {
  if (!Tracing()) {
    return FILEMON_NEXT(forkpty)(master, name, attributes, window);
  }
  int ours;
  int theirs;
  if (FILEMON_NEXT(openpty)(&ours, &theirs, name, attributes, window) != 0) {
    return -1;
  }
  ReportTerminal();
  const Forker forker;
  const pid_t child = forker.Result(original_fork.Get("fork")());
  if (child != 0) sys::Close(theirs);
  if (child <= 0) sys::Close(ours);
  if (child == 0) TakeTerminal(theirs);
  if (child > 0) *master = ours;
  return child;
}

FILEMON_WRAP(int, posix_openpt, (int flags)) {
  return OpenResult(FILEMON_NEXT(posix_openpt)(flags),
                    PathAt::Here("/dev/ptmx"), flags);
}

FILEMON_WRAP(int, getpt, ()) {
  return OpenResult(FILEMON_NEXT(getpt)(), PathAt::Here("/dev/ptmx"), O_RDWR);
}

}  // namespace filemon
