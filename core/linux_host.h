// The machine that the merge asks, for real.
#ifndef FILEMON_CORE_LINUX_HOST_H_
#define FILEMON_CORE_LINUX_HOST_H_

#include <stdint.h>
#include <sys/types.h>

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/death_watch.h"
#include "core/host.h"

namespace filemon {

// A child of the collector's that it has waited for.
struct Reaped {
  pid_t pid;
  int wait_status;
  uint64_t time;  // before that (stamp.h)
};

// Looks at program files and at /proc. It sees the present, which for a file
// that was replaced or removed meanwhile is not what was executed.
class LinuxHost : public Host {
 public:
  // `watch` and `reaped` outlive this object.
  LinuxHost(DeathWatch* watch, const std::vector<Reaped>* reaped,
            std::vector<pid_t> foreign);

  // The calling thread's children, which of a process of one thread are all.
  // What LinuxHost is to take for `foreign`, children from before the session,
  // must be asked before anything of the session runs.
  static std::vector<pid_t> Children();

  // The session's first process is the caller's child: all others are its
  // descendants, and none is older than the caller.
  void StartsSession();

  Image InspectImage(absl::string_view path) override;
  pid_t ParentOf(pid_t pid) override;
  std::vector<pid_t> Orphans() override;
  bool Precedes(pid_t pid) override;
  bool IsCollector(pid_t pid) override;
  bool Lives(ProcessKey process, pid_t pid, pid_t parent, uint64_t born,
             uint64_t said) override;
  bool Gone(ProcessKey process, pid_t pid) override;
  absl::optional<int> StatusOf(ProcessKey process, pid_t pid, uint64_t born,
                               uint64_t next) override;
  absl::optional<Handed> HandedTo(pid_t pid) override;
  std::string RealPath(absl::string_view path) override;

 private:
  DeathWatch* const watch_;
  const std::vector<Reaped>* const reaped_;
  // Children from before the session.
  const std::vector<pid_t> foreign_;
  // ProcStat::start; 0 if one of the session's may be of any age.
  absl::Duration oldest_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_LINUX_HOST_H_
