// Reads a file as a whole.
#ifndef FILEMON_BAZEL_LINT_WHOLE_FILE_H_
#define FILEMON_BAZEL_LINT_WHOLE_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace filemon::lint {

// `name` may be `-` for standard input. The error says what went wrong and with
// which file.
absl::StatusOr<std::string> WholeFile(const std::string& name);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_WHOLE_FILE_H_
