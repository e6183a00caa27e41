// The filemon command's own arguments.
#ifndef FILEMON_CORE_OPTIONS_H_
#define FILEMON_CORE_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/log/dependency_file.h"
#include "core/merge.h"

namespace filemon {

struct Options {
  // Where the log goes: a file, `-` or `fd:N`.
  std::string output;
  PathStyle paths = PathStyle::kGiven;
  bool wait_all = false;
  bool stats = false;
  // Of which `file` is empty if none is wanted.
  log::DependencyFileOptions dependency_file;
  bool version = false;
  bool help = false;
  // CMD and its arguments; empty only with `version` or `help`.
  std::vector<std::string> command;
};

// `arguments` without the name of the program. Everything from the first
// argument that is no option belongs to CMD, whatever it looks like; a `--`
// before it is taken away. FILEMON_PATHS and FILEMON_WAIT_ALL are the defaults
// of --paths and --wait-all.
//
// Uses the process's absl flags; an error names the argument that is wrong.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);

// The text of --help.
absl::string_view HelpText();

}  // namespace filemon

#endif  // FILEMON_CORE_OPTIONS_H_
