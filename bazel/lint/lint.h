// `filemon bazel-lint`: which files actions really used.
#ifndef FILEMON_BAZEL_LINT_LINT_H_
#define FILEMON_BAZEL_LINT_LINT_H_

#include <string>
#include <vector>

namespace filemon::lint {

// `arguments` are those after `bazel-lint`. Prints the report, and returns the
// exit status: 0, or 1 if there are undeclared inputs and that is to be an
// error, or 2 if there can be no report.
int RunLint(const std::vector<std::string>& arguments);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_LINT_H_
