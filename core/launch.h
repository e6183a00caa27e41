// Starts CMD.
#ifndef FILEMON_CORE_LAUNCH_H_
#define FILEMON_CORE_LAUNCH_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace filemon {

struct Command {
  // The program, looked for in PATH as env(1) does, and its arguments.
  std::vector<std::string> arguments;
  // "NAME=VALUE" each.
  std::vector<std::string> environment;
  // A close-on-exec descriptor of ours that the program gets all the same.
  int inherited_fd;
};

struct Launched {
  // Of the child; -1 if there is none. It is to be waited for even if the exec
  // failed.
  pid_t pid = -1;
  // What was executed, or tried last.
  std::string path;
  // The errno of the fork or the exec that failed; 0 if all is well.
  int error = 0;
};

// Starts `command` in a child, in this process group. `in_child` runs before
// the exec and must be async-signal-safe. Returns when the exec is done, one
// way or the other.
Launched Launch(const Command& command, const std::function<void()>& in_child);

// The files that `program` may mean, in the order in which exec tries them.
// `path` is the value of PATH.
std::vector<std::string> ProgramCandidates(absl::string_view program,
                                           absl::string_view path);

}  // namespace filemon

#endif  // FILEMON_CORE_LAUNCH_H_
