// What one log says about the files that an action's processes have used.
#ifndef FILEMON_BAZEL_LINT_FILE_USE_H_
#define FILEMON_BAZEL_LINT_FILE_USE_H_

#include <string>

#include "absl/container/btree_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace filemon::lint {

// Paths are clean. They are absolute, or relative to the folder in which the
// action started, where the log does not say which it was.
struct FileUse {
  using Paths = absl::btree_set<std::string>;

  // Opened for reading or executed, and there before the action. Without what
  // it has created or changed itself, and without what it has deleted later.
  Paths read;
  // Opened for reading and writing at once, or given to a link or a rename:
  // perhaps the content matters, perhaps not.
  Paths touched;
  // Created or changed, and still there at the end.
  Paths written;
  // The same, whether still there or not.
  Paths ever_written;
  // Folders in which processes have worked.
  Paths folders;

  // The first program.
  std::string program;
  // Seconds since the epoch; 0 if the log does not say.
  double start = 0;
  // The log was written to its end.
  bool complete = false;
  // Of the first process; not set if the log has no such X.
  absl::optional<int> status;
  int signal = 0;
  // Programs that ran without the library: what they used is not known.
  Paths untraced;
  // Something else is missing: records lost, a process that ran on.
  bool gaps = false;
  // The first line that is no record, and why; empty if there is none.
  std::string malformed;
};

// Never fails: a log that ends early or has bad lines gives what it has.
FileUse ReadFileUse(absl::string_view log);

// `path` is in `folder`, at any depth, or is it.
bool IsAtOrBelow(absl::string_view path, absl::string_view folder);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_FILE_USE_H_
