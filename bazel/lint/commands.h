// The subcommands of `filemon` that are for Bazel.
#ifndef FILEMON_BAZEL_LINT_COMMANDS_H_
#define FILEMON_BAZEL_LINT_COMMANDS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace filemon::lint {

// `bazel`, and the older `bazel-lint` and `bazel-unused-inputs`.
bool IsCommand(absl::string_view name);

// `arguments` begins with the name of the command; returns the exit status.
int RunCommand(const std::vector<std::string>& arguments);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_COMMANDS_H_
