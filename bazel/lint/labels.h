// The labels of files.
#ifndef FILEMON_BAZEL_LINT_LABELS_H_
#define FILEMON_BAZEL_LINT_LABELS_H_

#include <functional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "bazel/lint/action_graph.h"

namespace filemon::lint {

class Labels {
 public:
  // Says whether a folder of the workspace, relative to it, has a BUILD file.
  using HasBuildFile = std::function<bool(const std::string& folder)>;

  // The packages are those of `graph`'s targets, and those that
  // `has_build_file` knows besides.
  Labels(const ActionGraph& graph, HasBuildFile has_build_file);

  // Of a source file, or of a file that some action makes. A file of an output
  // folder gets the label that it would have if its target declared it by name.
  // Empty if no package is known that `exec_path` could be in.
  std::string Of(absl::string_view exec_path) const;

 private:
  bool IsPackage(absl::string_view repository, absl::string_view folder) const;

  absl::flat_hash_set<std::string> packages_;
  HasBuildFile has_build_file_;
};

// `//a/b` of `//a/b:c`.
absl::string_view PackageOf(absl::string_view label);

// It is not of the main repository.
bool IsExternal(absl::string_view label);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_LABELS_H_
