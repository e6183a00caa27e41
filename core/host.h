// What is asked of the machine about the processes of a session.
#ifndef FILEMON_CORE_HOST_H_
#define FILEMON_CORE_HOST_H_

#include <stdint.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/process_map.h"

namespace filemon {

// A fake in tests.
class Host {
 public:
  // A program file, as an exec sees it.
  struct Image {
    // What the kernel runs: of a script, its interpreter.
    std::string path;
    // Why libfilemon.so cannot be loaded into it; empty if it can.
    std::string obstacle;
  };

  // What a process's FILEMON_SESSION says last (wire.h).
  struct Handed {
    pid_t pid;
    uint32_t life;
    uint32_t child;
  };

  virtual ~Host() = default;

  virtual Image InspectImage(absl::string_view path) = 0;
  // The parent of the process that has the number `pid` now; 0 if that cannot
  // be told any more.
  virtual pid_t ParentOf(pid_t pid) = 0;
  // The processes that have become ours because their parents ended.
  // The list may miss one while others come and go (proc(5), children).
  virtual std::vector<pid_t> Orphans() = 0;
  // True if the process that has the number `pid` now is certain to have been
  // there before the session.
  virtual bool Precedes(pid_t) { return false; }
  // True if `pid` is the collector of a session that a traced program has begun
  // by itself, which is no doing of that program's.
  virtual bool IsCollector(pid_t) { return false; }
  // True if the process that is `pid` in the log, and a child of `parent`,
  // since before `born` (stamp.h), is certain to be alive, and was looked at
  // before `said`: who looks later may see the next child of that parent, which
  // can have its number at once.
  virtual bool Lives(ProcessKey process, pid_t pid, pid_t parent, uint64_t born,
                     uint64_t said) = 0;
  // True if it is certain to have ended.
  virtual bool Gone(ProcessKey process, pid_t pid) = 0;
  // How it ended, born before `born`, and before another had its number at
  // `next` (stamp.h), if the kernel tells that now.
  virtual absl::optional<int> StatusOf(ProcessKey process, pid_t pid,
                                       uint64_t born, uint64_t next) = 0;
  // From the environment of the image that `pid` runs now; nothing if it has
  // ended, or if the kernel does not let us look.
  virtual absl::optional<Handed> HandedTo(pid_t pid) = 0;
  // realpath(3); empty if the machine cannot tell.
  virtual std::string RealPath(absl::string_view) { return ""; }
};

}  // namespace filemon

#endif  // FILEMON_CORE_HOST_H_
