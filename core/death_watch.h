// Learns from the kernel when processes that are nobody's business of ours end,
// and how.
#ifndef FILEMON_CORE_DEATH_WATCH_H_
#define FILEMON_CORE_DEATH_WATCH_H_

#include <stdint.h>
#include <sys/types.h>

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"
#include "core/process_map.h"
#include "core/stamp_clock.h"

namespace filemon {

// A process that has ended.
struct Death {
  ProcessKey process;
  pid_t pid;
  // As waitpid() gives it; nothing if the kernel would not say.
  absl::optional<int> wait_status;
};

// Watches any process, child or not, by pidfd_open(2). Where that is not to be
// had (Linux before 5.3, a seccomp filter, no free descriptor), it asks about
// the process on every call of Poll().
//
// The status comes from PIDFD_GET_INFO (Linux 6.15), from waitid(2) of a child
// of ours, or from the zombie's /proc/PID/stat; never by reaping, which is the
// parent's.
//
// Not thread-safe.
class DeathWatch {
 public:
  DeathWatch();
  ~DeathWatch();

  DeathWatch(const DeathWatch&) = delete;
  DeathWatch& operator=(const DeathWatch&) = delete;

  // Watches the process that has been `pid` and a child of `parent` (0 if that
  // is not known) since before `born` (stamp.h). False if it is not there any
  // more, or if another has that pid by now.
  bool Add(ProcessKey process, pid_t pid, pid_t parent = 0,
           uint64_t born = UINT64_MAX);
  void Remove(ProcessKey process);

  // When it had been looked at first (stamp.h); UINT64_MAX if it is not
  // watched. Of the time before, that look says nothing: it may have been of
  // the next child of the same parent, which can have the same number.
  uint64_t Since(ProcessKey process) const;

  // True if it is watched and certain to be alive. Ended is what Poll() would
  // say is, or has said.
  bool Lives(ProcessKey process) const;

  // True if it is watched and certain to have ended.
  bool HasEnded(ProcessKey process) const;

  // How it ended, if it is watched, and the kernel says so now.
  absl::optional<int> StatusOf(ProcessKey process) const;

  // The watched processes that have ended; they are watched no longer. Never
  // waits.
  std::vector<Death> Poll();

  // Readable when Poll() has something to say; -1 if Poll() has to be called
  // now and then. That will do where the kernel tells how a process ended after
  // it was reaped. Being woken by the end of each short process costs more than
  // all else that is done about it, and takes a processor from its parent.
  int fd() const { return kernel_keeps_status_ ? -1 : epoll_fd_; }

 private:
  struct Watched {
    pid_t pid;
    int pidfd;  // -1 if there is none
    uint64_t since;
  };

  // Whether what has `pid` now came after `born`, and is not a child of
  // `parent`.
  bool IsAnother(pid_t pid, int pidfd, pid_t parent, uint64_t born) const;

  const int epoll_fd_;
  // No pidfd from here on: the last few are left for looking into /proc.
  const int max_fd_;
  absl::flat_hash_map<ProcessKey, Watched> watched_;
  const StampClock clock_;
  size_t without_pidfd_ = 0;
  // It has told the status of a process that was reaped already.
  bool kernel_keeps_status_ = false;
};

}  // namespace filemon

#endif  // FILEMON_CORE_DEATH_WATCH_H_
