#include "interpose/device.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "interpose/control.h"
#include "interpose/guest_sessions.h"
#include "interpose/image.h"
#include "interpose/layout.h"
#include "interpose/own_library.h"
#include "interpose/readable.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {

bool g_has_devices;

namespace {

constexpr char kPath[] = "/dev/filemon";

// Descriptors that may be devices. A hint, never taken back by a guest in this
// memory: whether it is true the kernel says. A device with a higher number is
// closed without waiting for its log.
constexpr int kMostDescriptors = 4096;
constexpr int kBits = 8 * sizeof(unsigned);
FILEMON_COLD unsigned g_may_be_device[kMostDescriptors / kBits];

void Remember(int fd) {
  if (fd < 0 || fd >= kMostDescriptors) return;
  __atomic_fetch_or(&g_may_be_device[fd / kBits], 1u << (fd % kBits),
                    __ATOMIC_RELAXED);
  __atomic_store_n(&g_has_devices, true, __ATOMIC_RELAXED);
}

void Forget(int fd) {
  if (MayBeGuest() || fd >= kMostDescriptors) return;
  __atomic_fetch_and(&g_may_be_device[fd / kBits], ~(1u << (fd % kBits)),
                     __ATOMIC_RELAXED);
}

bool MayBeDevice(int fd) {
  return fd >= 0 && fd < kMostDescriptors &&
         (__atomic_load_n(&g_may_be_device[fd / kBits], __ATOMIC_RELAXED) >>
              (fd % kBits) &
          1) != 0;
}

// Calls visit(fd) for each device from `first` to `last`.
template <typename Visit>
void ForEachDevice(unsigned first, unsigned last, Visit visit) {
  if (!HasDevices()) return;
  constexpr unsigned kLast = kMostDescriptors - 1;
  if (last > kLast) last = kLast;
  for (unsigned fd = first; fd <= last; ++fd) {
    if (g_may_be_device[fd / kBits] == 0) {
      fd |= kBits - 1;  // the next word
    } else if (IsDevice(static_cast<int>(fd))) {
      visit(static_cast<int>(fd));
    }
  }
}

// Where another process's memory is read and written (proc(5)): its own rules
// are ptrace(2)'s.
class OtherMemory {
 public:
  explicit OtherMemory(pid_t pid) {
    char path[32];
    TextBuilder(path, sizeof(path))
        .Add("/proc/")
        .AddDecimal(static_cast<uint64_t>(pid))
        .Add("/mem");
    fd_ = sys::Openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  }
  ~OtherMemory() {
    if (fd_ >= 0) sys::Close(fd_);
  }
  OtherMemory(const OtherMemory&) = delete;
  OtherMemory& operator=(const OtherMemory&) = delete;

  template <typename T>
  bool Read(uintptr_t address, T* out) {
    return Transfer(SYS_pread64, address, out, sizeof(T));
  }
  template <typename T>
  bool Write(uintptr_t address, const T& value) {
    return Transfer(SYS_pwrite64, address, &value, sizeof(T));
  }

 private:
  bool Transfer(long call, uintptr_t address, const void* data, size_t size) {
    if (fd_ < 0) return false;
    // The offset is one register, or two.
    const long result =
        sizeof(long) == 8
            ? sys::Call(call, fd_, sys::Arg(data), static_cast<long>(size),
                        static_cast<long>(address))
            : sys::Call(call, fd_, sys::Arg(data), static_cast<long>(size),
                        static_cast<long>(address), 0);
    return result == static_cast<long>(size);
  }

  int fd_;
};

int AttachThisProcess(int device) {
  const auto request = control::MakeRequest(
      control::Kind::kAttach, sys::Getpid(), control::kCaller,
      Tracing() ? ThisSession().inode : 0);
  control::Reply reply;
  int pipe;
  const int error = Ask(device, request, -1, &reply, &pipe);
  if (error != 0) return error;
  if (pipe < 0) return EMFILE;
  const Membership membership = MembershipFrom(reply, 0);
  if (Join(membership, pipe)) return 0;
  sys::Close(pipe);
  return EAGAIN;
}

// Whose session another process is in: its pipe's inode, 0 if in none.
uint64_t SessionOf(const Session& session, const Invitation& invitation) {
  switch (session.state) {
    case kTracing:
      return session.inode;
    case kInvited:
      return invitation.membership.inode;
    default:
      return 0;
  }
}

// Has another process join by its next wrapped call. It must have loaded this
// very file.
int AttachOther(int device, pid_t pid) {
  if (pid <= 0) return ESRCH;
  const long alive = sys::Call(SYS_kill, pid, 0);
  if (alive != 0) return static_cast<int>(-alive);
  uintptr_t shift;
  int error = LibraryShift(pid, &shift);
  if (error != 0) return -error;
  const auto there = [shift](const void* here) {
    return reinterpret_cast<uintptr_t>(here) + shift;
  };
  OtherMemory memory(pid);
  Session session;
  Invitation invitation;
  if (!memory.Read(there(&g_owner_session), &session) ||
      !memory.Read(there(&g_invitation), &invitation)) {
    return EPERM;
  }
  const auto request = control::MakeRequest(control::Kind::kAttach, pid, 0,
                                            SessionOf(session, invitation));
  control::Reply reply;
  error = Ask(device, request, -1, &reply, nullptr);
  if (error != 0) return error;
  invitation = {pid, MembershipFrom(reply, 0)};
  const int invited = kInvited;
  return memory.Write(there(&g_invitation), invitation) &&
                 memory.Write(there(&g_owner_session.state), invited)
             ? 0
             : EPERM;
}

// Copies an argument of ioctl(): 0, or EFAULT as the kernel would say.
template <typename T>
int CopyArgument(const void* argument, T* out) {
  if (!IsReadable(argument, sizeof(T))) return EFAULT;
  memcpy(out, argument, sizeof(T));
  return 0;
}

}  // namespace

bool IsEmptyFile(int fd) {
  sys::Identity id;
  return sys::Stat(fd, "", AT_EMPTY_PATH, &id) == 0 && S_ISREG(id.mode) &&
         id.size == 0;
}

bool IsOpenDevice(int fd) {
  if (!MayBeDevice(fd)) return false;
  if (IsControlSocket(fd)) return true;
  Forget(fd);
  return false;
}

void NoteCopy(int fd, int copy) {
  if (copy >= 0 && IsDevice(fd)) Remember(copy);
}

bool IsDevicePath(const char* path) { return Equal(path, kPath); }

int OpenDevice() {
  const int fd = StartCollector();
  if (fd < 0) return fd;
  Remember(fd);
  CallAtExit();
  return fd;
}

int DeviceErrno(int error) {
  return error == -EMFILE || error == -ENFILE ? -error : ENXIO;
}

int OpenedOrDevice(int fd, const char* path, int flags) {
  const bool creates = (flags & O_CREAT) != 0;
  if (fd >= 0) {
    if (!creates || !IsDevicePath(path) || !IsEmptyFile(fd)) return fd;
    // Where there is a device nothing is created.
    sys::Call(SYS_unlinkat, AT_FDCWD, sys::Arg(path), 0);
    sys::Close(fd);
  } else {
    // With another errno the name may not even be readable.
    const bool missing = errno == ENOENT;
    const bool denied =
        creates && (errno == EACCES || errno == EPERM || errno == EROFS);
    if ((!missing && !denied) || !IsDevicePath(path)) return fd;
    if (denied && sys::Exists(path)) return fd;
  }
  if ((flags & O_DIRECTORY) != 0) return ErrnoToResult(ENOTDIR);
  const int device = OpenDevice();
  if (device < 0) return ErrnoToResult(DeviceErrno(device));
  if ((flags & O_CLOEXEC) == 0) sys::SetCloseOnExec(device, false);
  return device;
}

int SetLog(int device, int log, int options) {
  const int flags = sys::Fcntl(log, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_RDONLY ||
      IsOurs(log)) {
    return EBADF;
  }
  sys::Identity id;
  if (sys::Stat(log, "", AT_EMPTY_PATH, &id) != 0) return EBADF;
  // An epoll or eventfd descriptor has no type at all.
  const mode_t type = id.mode & S_IFMT;
  if (type == 0 || type == S_IFDIR || IsControlSocket(log)) return EINVAL;
  const auto request =
      control::MakeRequest(control::Kind::kSetLog, sys::Getpid(), options);
  control::Reply reply;
  return Ask(device, request, log, &reply, nullptr);
}

int SetPid(int device, pid_t pid) {
  return pid == sys::Getpid() ? AttachThisProcess(device)
                              : AttachOther(device, pid);
}

bool DeviceIoctl(int fd, unsigned long request, void* argument, int* result) {
  const bool set_log = request == FILEMON_SET_FD;
  const bool set_pid = request == FILEMON_SET_PID;
  if (set_log || set_pid) {
    // It may have come through an exec.
    if (!IsControlSocket(fd)) return false;
    Remember(fd);
    int value;
    int error = CopyArgument(argument, &value);
    if (error == 0) {
      error = set_log ? SetLog(fd, value, 0) : SetPid(fd, value);
    }
    *result = ErrnoToResult(error);
    return true;
  }
  if (!IsDevice(fd)) return false;
  // What the kernel does for any descriptor it does for this one.
  if (request == FIOCLEX || request == FIONCLEX || request == FIONBIO) {
    return false;
  }
  *result = ErrnoToResult(EINVAL);
  return true;
}

int CloseDevice(int fd, int (*close)(int)) {
  Closing closing(fd);
  Forget(fd);
  const int result = close(fd);
  const int error = closing.Finish();
  return result != 0 ? result : ErrnoToResult(error);
}

void CloseDevices(unsigned first, unsigned last) {
  ForEachDevice(first, last, [](int fd) { CloseDevice(fd, sys::Close); });
}

void CloseDevicesAtExit() { CloseDevices(0, kMostDescriptors); }

void TellDevicesOfEnd(pid_t child, int wait_status) {
  const auto request =
      control::MakeRequest(control::Kind::kChildEnded, child, wait_status);
  ForEachDevice(0, kMostDescriptors, [&](int fd) { Tell(fd, request); });
}

}  // namespace filemon
