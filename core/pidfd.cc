#include "core/pidfd.h"

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace filemon {
namespace {

// From linux/pidfd.h, which is younger than the headers we build against.
struct PidfdInfo {
  uint64_t mask;
  uint64_t cgroupid;
  uint32_t pid;
  uint32_t tgid;
  uint32_t ppid;
  uint32_t credentials[8];
  int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64, "PIDFD_INFO_SIZE_VER0");
constexpr unsigned long kPidfdGetInfo = _IOWR(0xFF, 11, PidfdInfo);
constexpr uint64_t kPidfdInfoPid = 1 << 0;
constexpr uint64_t kPidfdInfoExit = 1 << 3;

// Nothing if the kernel does not tell all that `mask` asks for.
absl::optional<PidfdInfo> Info(int pidfd, uint64_t mask) {
  PidfdInfo info = {};
  info.mask = mask;
  if (ioctl(pidfd, kPidfdGetInfo, &info) != 0 || (info.mask & mask) != mask) {
    return absl::nullopt;
  }
  return info;
}

}  // namespace

int PidfdOpen(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

bool StillExists(int pidfd) {
  return syscall(SYS_pidfd_send_signal, pidfd, 0, nullptr, 0) == 0 ||
         errno != ESRCH;
}

absl::optional<int> StatusOfReaped(int pidfd) {
  const absl::optional<PidfdInfo> info = Info(pidfd, kPidfdInfoExit);
  if (!info) return absl::nullopt;
  return info->exit_code;
}

bool KernelTellsEnds() {
  const pid_t child = vfork();
  if (child == 0) _exit(0);
  if (child < 0) return false;
  const int pidfd = PidfdOpen(child);
  waitpid(child, nullptr, 0);
  const bool tells = pidfd >= 0 && StatusOfReaped(pidfd).has_value();
  if (pidfd >= 0) close(pidfd);
  return tells;
}

absl::optional<pid_t> ParentOf(int pidfd) {
  const absl::optional<PidfdInfo> info = Info(pidfd, kPidfdInfoPid);
  // Of a process that was reaped only the exit status is left.
  if (!info || info->pid == 0) return absl::nullopt;
  return static_cast<pid_t>(info->ppid);
}

}  // namespace filemon
