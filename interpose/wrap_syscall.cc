// syscall(2): the same calls by number. libc's syscall() makes the call and
// sets errno; what is reported of it is what the wrapper of that call reports.
//
// Each number whose call has a wrapper stands here, or in a `number` line of
// symbols.txt with the reason why it need not.
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <stdarg.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "interpose/descriptors.h"
#include "interpose/entries.h"
#include "interpose/exec.h"
#include "interpose/own_entry.h"
#include "interpose/pipe_place.h"
#include "interpose/process.h"
#include "interpose/results.h"
#include "interpose/sys.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

const char* Text(long argument) {
  return reinterpret_cast<const char*>(argument);
}

char* const* Vector(long argument) {
  return reinterpret_cast<char* const*>(argument);
}

PathAt Here(long argument) { return PathAt::Here(Text(argument)); }

PathAt At(long dirfd, long argument) {
  return {static_cast<int>(dirfd), Text(argument)};
}

int Flags(long argument) { return static_cast<int>(argument); }

// A fork by whatever number. With CLONE_VM the child cannot return from here
// without destroying its parent's frames: such calls are passed on as they are,
// and the child is seen at its first record.
template <typename Call>
long Fork(Call call) {
  const Forker forker;
  const long result = call();
  forker.Result(static_cast<pid_t>(result));
  return result;
}

}  // namespace

FILEMON_WRAP(long, syscall, (long number, ...)) {
  va_list arguments;
  va_start(arguments, number);
  const long a = va_arg(arguments, long);
  const long b = va_arg(arguments, long);
  const long c = va_arg(arguments, long);
  const long d = va_arg(arguments, long);
  const long e = va_arg(arguments, long);
  const long f = va_arg(arguments, long);
  va_end(arguments);
  const auto next = FILEMON_NEXT(syscall);
  if (!Tracing()) return next(number, a, b, c, d, e, f);
  const auto call = [&] { return next(number, a, b, c, d, e, f); };
  const auto result = [&] { return static_cast<int>(call()); };
  switch (number) {
#ifdef SYS_open
    case SYS_open:
      return OpenResult(result(), Here(a), Flags(b));
#endif
#ifdef SYS_creat
    case SYS_creat:
      return OpenResult(result(), Here(a), O_WRONLY | O_CREAT);
#endif
    case SYS_openat:
      return OpenResult(result(), At(a, b), Flags(c));
    case SYS_munmap:
      LeaveMemory(Text(a), static_cast<size_t>(b));
      return call();
    case SYS_prctl: {
      const Restriction restriction(static_cast<int>(a),
                                    static_cast<unsigned long>(b), Text(c));
      return restriction.Result(call());
    }
    case SYS_seccomp: {
      const Restriction restriction =
          Restriction::OfSeccomp(static_cast<unsigned>(a), Text(c));
      return restriction.Result(call());
    }
    case SYS_openat2: {
      const int fd = result();
      if (fd < 0) return fd;
      const auto* how = reinterpret_cast<const struct open_how*>(c);
      return OpenResult(fd, At(a, b), Flags(static_cast<long>(how->flags)));
    }
    case SYS_open_by_handle_at:
      return OpenByHandleResult(result(), Flags(c));
#ifdef SYS_unlink
    case SYS_unlink:
      return UnlinkResult(result(), Here(a));
    case SYS_rmdir:
      return RmdirResult(result(), Here(a));
#endif
    case SYS_unlinkat:
      return (c & AT_REMOVEDIR) != 0 ? RmdirResult(result(), At(a, b))
                                     : UnlinkResult(result(), At(a, b));
#ifdef SYS_link
    case SYS_link:
      return LinkResult(result(), Here(a), Here(b));
    case SYS_symlink:
      return SymlinkResult(result(), Text(a), Here(b));
    case SYS_rename:
      return RenameResult(result(), Here(a), Here(b), 0);
#endif
    case SYS_linkat: {
      const FileLink file(At(a, b), Flags(e));
      return file.Result(result(), At(c, d));
    }
    case SYS_symlinkat:
      return SymlinkResult(result(), Text(a), At(b, c));
#ifdef SYS_renameat
    case SYS_renameat:
      return RenameResult(result(), At(a, b), At(c, d), 0);
#endif
    case SYS_renameat2:
      return RenameResult(result(), At(a, b), At(c, d),
                          static_cast<unsigned>(e));
    case SYS_chdir:
      return ChdirResult(result(), Text(a));
    case SYS_fchdir:
      return ChdirResult(result(), nullptr);
    case SYS_execve:
      return Exec(Here(a), Vector(b), Vector(c), 0);
    case SYS_execveat:
      return Exec(At(a, b), Vector(c), Vector(d), Flags(e));
#ifdef SYS_fork
    case SYS_fork:
      return Fork(call);
#endif
#ifdef SYS_vfork
    case SYS_vfork:
      DistrustMemory();
      break;
#endif
    case SYS_clone:
      PrepareToShare(static_cast<uint64_t>(a));
      if ((a & CLONE_THREAD) != 0) break;
      if ((a & CLONE_VM) != 0) {
        DistrustMemory();
        break;
      }
      return Fork(call);
    case SYS_clone3: {
      const auto* clone = reinterpret_cast<const struct clone_args*>(a);
      // A program may ask in this way whether there is a clone3().
      if (b < CLONE_ARGS_SIZE_VER0 || !sys::IsMapped(clone)) break;
      PrepareToShare(clone->flags);
      if ((clone->flags & CLONE_THREAD) != 0) break;
      if ((clone->flags & CLONE_VM) != 0) {
        DistrustMemory();
        break;
      }
      return Fork(call);
    }
    case SYS_unshare:
      PrepareToShare(static_cast<uint64_t>(a));
      break;
    case SYS_ptrace:
      if (a != PTRACE_TRACEME) BecomeTracer();
      break;
#ifdef SYS_waitpid
    case SYS_waitpid:
#endif
    case SYS_wait4: {
      int own = 0;
      int* const status = b != 0 ? reinterpret_cast<int*>(b) : &own;
      return WaitResult(
          static_cast<pid_t>(next(number, a, sys::Arg(status), c, d, e, f)),
          status);
    }
    case SYS_waitid: {
      siginfo_t own;
      auto* const info = c != 0 ? reinterpret_cast<siginfo_t*>(c) : &own;
      return WaitidResult(
          static_cast<int>(next(number, a, b, sys::Arg(info), d, e, f)), info);
    }
    case SYS_exit_group:
      ReportExit(Flags(a));
      break;
    case SYS_close:
      if (HidesDescriptor(Flags(a))) return NoSuchDescriptor();
      ForgetDirectoryName(Flags(a));
      break;
    case SYS_close_range:
      return CloseRange(static_cast<unsigned>(a), static_cast<unsigned>(b),
                        Flags(c), [](unsigned first, unsigned last, int flags) {
                          return static_cast<int>(FILEMON_NEXT(syscall)(
                              SYS_close_range, first, last, flags));
                        });
#ifdef SYS_dup2
    case SYS_dup2:
#endif
    case SYS_dup3:
      if (HidesDescriptor(Flags(a))) return NoSuchDescriptor();
      PrepareToReplace(Flags(a), Flags(b));
      return ReplacedDescriptor(Flags(a), result());
    case SYS_dup:
      if (HidesDescriptor(Flags(a))) return NoSuchDescriptor();
      return GivenDescriptor(Giving(result));
    case SYS_fcntl:
#ifdef SYS_fcntl64
    case SYS_fcntl64:
#endif
      if (HidesDescriptor(Flags(a))) return NoSuchDescriptor();
      if (b == F_DUPFD || b == F_DUPFD_CLOEXEC) {
        PrepareToCopy(c);
        return GivenDescriptor(Giving(result));
      }
      break;
#ifdef SYS_setrlimit
    case SYS_setrlimit:
#endif
    case SYS_prlimit64: {
      const int set = result();
      FileLimitMayHaveChanged(set, Flags(number == SYS_prlimit64 ? b : a));
      return set;
    }
    case SYS_getdents64:
      if (HidesDescriptor(Flags(a))) return NoSuchDescriptor();
      return ReadEntries(call, Flags(a), reinterpret_cast<void*>(b),
                         EntryKind::kNew);
#ifdef SYS_getdents
    case SYS_getdents:
      if (HidesDescriptor(Flags(a))) return NoSuchDescriptor();
      return ReadEntries(call, Flags(a), reinterpret_cast<void*>(b),
                         EntryKind::kOld);
#endif
#ifdef SYS_readlink
    case SYS_readlink:
      return FoundByName(result(), Here(a));
#endif
    case SYS_readlinkat:
      return FoundByName(result(), At(a, b));
#ifdef SYS_accept
    case SYS_accept:
#endif
#ifdef SYS_epoll_create
    case SYS_epoll_create:
#endif
#ifdef SYS_eventfd
    case SYS_eventfd:
#endif
#ifdef SYS_inotify_init
    case SYS_inotify_init:
#endif
#ifdef SYS_signalfd
    case SYS_signalfd:
#endif
    case SYS_socket:
    case SYS_accept4:
    case SYS_epoll_create1:
    case SYS_eventfd2:
    case SYS_signalfd4:
    case SYS_timerfd_create:
    case SYS_inotify_init1:
    case SYS_memfd_create:
    case SYS_pidfd_open:
      return GivenDescriptor(Giving(result));
#ifdef SYS_pipe
    case SYS_pipe:
#endif
    case SYS_pipe2:
    case SYS_socketpair: {
      const int made = Giving(result);
      if (made != 0) return made;
      const auto* fds =
          reinterpret_cast<const int*>(number == SYS_socketpair ? d : a);
      GivenDescriptor(fds[0]);
      GivenDescriptor(fds[1]);
      return made;
    }
    case SYS_epoll_ctl:
      if (HidesDescriptor(Flags(a)) || HidesDescriptor(Flags(c))) {
        return NoSuchDescriptor();
      }
      break;
    // Of the descriptor that comes first nothing else is of interest.
    case SYS_read:
    case SYS_write:
    case SYS_readv:
    case SYS_writev:
    case SYS_pread64:
    case SYS_pwrite64:
    case SYS_lseek:
    case SYS_fstat:
    case SYS_fstatfs:
    case SYS_fchmod:
    case SYS_fchown:
    case SYS_ftruncate:
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_flock:
#ifdef SYS_fstatfs64
    case SYS_fstatfs64:
#endif
#ifdef SYS_fchown32
    case SYS_fchown32:
#endif
#ifdef SYS_ftruncate64
    case SYS_ftruncate64:
#endif
    case SYS_ioctl:
      if (HidesDescriptor(Flags(a))) return NoSuchDescriptor();
      break;
    default:
      break;
  }
  return call();
}

}  // namespace filemon
