// What is asked of the machine about the processes of a session.
#ifndef FILEMON_CORE_HOST_H_
#define FILEMON_CORE_HOST_H_

#include <stdint.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

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

  virtual ~Host() = default;

  virtual Image InspectImage(absl::string_view path) = 0;
  // The parent of a process; 0 if that cannot be told any more.
  virtual pid_t ParentOf(pid_t pid) = 0;
  // The processes that have become ours because their parents ended.
  // The list may miss one while others come and go (proc(5), children).
  virtual std::vector<pid_t> Orphans() = 0;
  // True if `pid` is one of these, dead or alive.
  virtual bool IsOrphan(pid_t pid) = 0;
  // True if `pid` is certain to be alive.
  virtual bool Lives(pid_t pid) = 0;
  // True if `pid` is certain to have ended.
  virtual bool Gone(pid_t pid) = 0;
  // The wire::ProofOf() the image that `pid` runs now; nothing if it has ended,
  // or if the kernel does not let us look.
  virtual absl::optional<uint32_t> ProofOf(pid_t pid) = 0;
  // True if libfilemon.so is in `pid` twice: that of an emulator, and that of
  // the program that it runs.
  virtual bool Emulates(pid_t pid) = 0;
  // True if `pid` is certain to be alive and to be no descendant of the
  // session's first process.
  virtual bool IsStranger(pid_t pid) = 0;
  // realpath(3); empty if the machine cannot tell.
  virtual std::string RealPath(absl::string_view) { return ""; }
};

}  // namespace filemon

#endif  // FILEMON_CORE_HOST_H_
