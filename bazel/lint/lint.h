// `filemon bazel lint`: which files actions really used.
#ifndef FILEMON_BAZEL_LINT_LINT_H_
#define FILEMON_BAZEL_LINT_LINT_H_

#include <string>
#include <vector>

namespace filemon::lint {

// `arguments` are those after `bazel lint`. Prints the report, and returns the
// exit status: 0, or 1 if there is what --error names, or 2 if there can be no
// report, or it would be of nothing: a path that is missing or no log, or no
// action that could be judged.
int RunLint(const std::vector<std::string>& arguments);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_LINT_H_
