// The machine that the merge asks, for real.
#ifndef FILEMON_CORE_LINUX_HOST_H_
#define FILEMON_CORE_LINUX_HOST_H_

#include <sys/types.h>

#include <vector>

#include "absl/strings/string_view.h"
#include "core/death_watch.h"
#include "core/host.h"

namespace filemon {

// Looks at program files and at /proc. It sees the present, which for a file
// that was replaced or removed meanwhile is not what was executed.
class LinuxHost : public Host {
 public:
  // `watch` outlives this object. A process that is a subreaper (prctl(2)) is
  // taken for the one that has started the session.
  LinuxHost(const DeathWatch* watch, std::vector<pid_t> foreign);

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
  bool IsOrphan(pid_t pid) override;
  bool Lives(pid_t pid) override { return watch_->Lives(pid); }
  bool Gone(pid_t pid) override;
  absl::optional<uint32_t> ProofOf(pid_t pid) override;
  bool Emulates(pid_t pid) override;
  bool IsStranger(pid_t pid) override;
  std::string RealPath(absl::string_view path) override;

 private:
  const DeathWatch* const watch_;
  // Children from before the session.
  const std::vector<pid_t> foreign_;
  // ProcStat::start; 0 if one of the session's may be of any age.
  uint64_t oldest_ = 0;
  // All processes of the session are our descendants, as orphans come to us.
  const bool is_ancestor_of_all_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_LINUX_HOST_H_
