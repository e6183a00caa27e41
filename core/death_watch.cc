#include "core/death_watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/pidfd.h"
#include "core/proc_stat.h"
#include "core/stamp.h"

namespace filemon {
namespace {

constexpr int kReservedFds = 4;

// What /proc tells of times.
constexpr absl::Duration kTick = absl::Milliseconds(10);

// Whether the kernel shows us the true exit status of this zombie in /proc: of
// a process with other credentials, or with more capabilities, it shows 0,
// whatever it was. The same rule is for the link to its root directory, which a
// zombie has no more.
bool StatusIsShown(pid_t pid) {
  char root;
  return readlink(absl::StrCat("/proc/", pid, "/root").c_str(), &root, 1) < 0 &&
         errno == ENOENT;
}

// Of an orphan, which the kernel has made our child. It stays a zombie.
absl::optional<int> StatusOfOwnChild(pid_t pid) {
  siginfo_t info = {};
  if (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid != pid) {
    return absl::nullopt;
  }
  return info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0)
                                    : W_EXITCODE(0, info.si_status);
}

absl::optional<int> StatusOfZombie(pid_t pid) {
  if (auto status = StatusOfOwnChild(pid)) return status;
  const absl::optional<ProcStat> stat = ReadProcStat(pid);
  if (!IsZombie(stat) || !StatusIsShown(pid)) return absl::nullopt;
  // Reaped since? Then the link may have been missing for that.
  if (!IsZombie(ReadProcStat(pid))) return absl::nullopt;
  return stat->wait_status;
}

// `pidfd` has not told its status a moment ago.
absl::optional<int> StatusOf(pid_t pid, int pidfd) {
  const absl::optional<int> status = StatusOfZombie(pid);
  // Reaped since? Then it may have been that of the pid's next owner.
  if (auto reaped = StatusOfReaped(pidfd)) return reaped;
  return StillExists(pidfd) ? status : absl::nullopt;
}

}  // namespace

DeathWatch::DeathWatch()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      max_fd_(static_cast<int>(sysconf(_SC_OPEN_MAX)) - kReservedFds) {}

DeathWatch::~DeathWatch() {
  for (const auto& entry : watched_) {
    if (entry.second.pidfd >= 0) close(entry.second.pidfd);
  }
  if (epoll_fd_ >= 0) close(epoll_fd_);
}

bool DeathWatch::IsAnother(pid_t pid, int pidfd, pid_t parent,
                           uint64_t born) const {
  // Most often one look tells: its parent has made no other of that number yet.
  if (parent == 0) return false;
  if (pidfd >= 0 && ParentOf(pidfd) == parent) return false;
  const absl::optional<ProcStat> stat = ReadProcStat(pid);
  if (!stat || stat->parent == parent) return false;
  // An orphan, or another's child: then it is younger than what is known of
  // ours.
  const absl::optional<absl::Duration> latest = clock_.SinceBoot(born);
  return latest && stat->start > *latest + kTick;
}

bool DeathWatch::Add(ProcessKey process, pid_t pid, pid_t parent,
                     uint64_t born) {
  if (watched_.contains(process)) return true;
  int pidfd = PidfdOpen(pid);
  if (pidfd < 0 && errno == ESRCH) return false;
  if (IsAnother(pid, pidfd, parent, born)) {
    if (pidfd >= 0) close(pidfd);
    return false;
  }
  if (pidfd >= 0) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = process;
    if (pidfd > max_fd_ ||
        epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, pidfd, &event) != 0) {
      close(pidfd);
      pidfd = -1;
    }
  }
  if (pidfd < 0) ++without_pidfd_;
  watched_[process] = {pid, pidfd, Stamp()};
  return true;
}

void DeathWatch::Remove(ProcessKey process) {
  const auto it = watched_.find(process);
  if (it == watched_.end()) return;
  if (it->second.pidfd >= 0) {
    close(it->second.pidfd);
  } else {
    --without_pidfd_;
  }
  watched_.erase(it);
}

uint64_t DeathWatch::Since(ProcessKey process) const {
  const auto it = watched_.find(process);
  return it != watched_.end() ? it->second.since : UINT64_MAX;
}

bool DeathWatch::Lives(ProcessKey process) const {
  const auto it = watched_.find(process);
  if (it == watched_.end() || it->second.pidfd < 0) return false;
  pollfd end = {it->second.pidfd, POLLIN, 0};
  return poll(&end, 1, 0) == 0;
}

bool DeathWatch::HasEnded(ProcessKey process) const {
  const auto it = watched_.find(process);
  if (it == watched_.end() || it->second.pidfd < 0) return false;
  pollfd end = {it->second.pidfd, POLLIN, 0};
  return poll(&end, 1, 0) > 0;
}

absl::optional<int> DeathWatch::StatusOf(ProcessKey process) const {
  if (!HasEnded(process)) return absl::nullopt;
  const int pidfd = watched_.find(process)->second.pidfd;
  const absl::optional<int> status = StatusOfReaped(pidfd);
  if (status) return status;
  return filemon::StatusOf(watched_.find(process)->second.pid, pidfd);
}

std::vector<Death> DeathWatch::Poll() {
  std::vector<Death> deaths;
  constexpr int kAtOnce = 64;
  epoll_event events[kAtOnce];
  for (int n = kAtOnce; n == kAtOnce && !watched_.empty();) {
    n = epoll_wait(epoll_fd_, events, kAtOnce, 0);
    for (int i = 0; i < n; ++i) {
      const ProcessKey process = events[i].data.u64;
      const Watched& watched = watched_[process];
      absl::optional<int> status = StatusOfReaped(watched.pidfd);
      if (status) {
        kernel_keeps_status_ = true;
      } else {
        status = filemon::StatusOf(watched.pid, watched.pidfd);
      }
      deaths.push_back({process, watched.pid, status});
      Remove(process);
    }
  }
  if (without_pidfd_ == 0) return deaths;

  const size_t first = deaths.size();
  for (const auto& entry : watched_) {
    const pid_t pid = entry.second.pid;
    if (entry.second.pidfd >= 0) continue;
    if (IsZombie(ReadProcStat(pid))) {
      deaths.push_back({entry.first, pid, StatusOfZombie(pid)});
    } else if (kill(pid, 0) != 0 && errno == ESRCH) {
      deaths.push_back({entry.first, pid, absl::nullopt});
    }
  }
  for (size_t i = first; i < deaths.size(); ++i) Remove(deaths[i].process);
  return deaths;
}

}  // namespace filemon
