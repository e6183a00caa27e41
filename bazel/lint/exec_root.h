// Where the files of one log are in the tree that Bazel knows.
#ifndef FILEMON_BAZEL_LINT_EXEC_ROOT_H_
#define FILEMON_BAZEL_LINT_EXEC_ROOT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace filemon::lint {

// The folder in which an action ran. Without a sandbox it is
// OUTPUT_BASE/execroot/WORKSPACE_NAME, with links to the source files; a
// sandbox has its own tree of links, with the action's inputs only.
class ExecRoot {
 public:
  // `folder` is that folder, absolute and clean, or empty for not known.
  // `workspace` is where the sources are; empty if not known.
  ExecRoot(absl::string_view folder, absl::string_view workspace);

  // It is in a sandbox: what is there was put there by Bazel, or written by
  // the action.
  bool sandboxed() const { return sandboxed_; }

  // `path` is in this very folder.
  bool Contains(absl::string_view path) const;

  // The name that Bazel has for `path`: relative to the execution root, empty
  // for the root itself. It also knows the files of this tree from outside of
  // the sandbox, and by the names of their sources. Nothing if it is no
  // file of Bazel's. `path` is clean.
  absl::optional<std::string> ExecPath(absl::string_view path) const;

  // `path` belongs to the sandbox's own machinery and not to the action.
  bool IsMachinery(absl::string_view path) const;

 private:
  struct Place {
    std::string folder;
    // What the exec paths of the files in it begin with.
    std::string prefix;
  };

  std::string folder_;
  // All of the sandbox; empty if there is none.
  std::string sandbox_;
  bool sandboxed_ = false;
  std::vector<Place> places_;
};

// The exec paths that a file in a tree of runfiles can be a link to, where
// `exec_path` is PROGRAM.runfiles/REPOSITORY/REST; none otherwise.
std::vector<std::string> RunfileTargets(absl::string_view exec_path);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_EXEC_ROOT_H_
