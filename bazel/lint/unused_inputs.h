// Which inputs of an action were not used, for Bazel's unused_inputs_list.
#ifndef FILEMON_BAZEL_LINT_UNUSED_INPUTS_H_
#define FILEMON_BAZEL_LINT_UNUSED_INPUTS_H_

#include <functional>
#include <string>
#include <vector>

#include "bazel/lint/file_use.h"

namespace filemon::lint {

// The name of a file without symbolic links, or `path` itself if there is no
// such file. Sandboxes and runfiles are trees of links: a program that asks for
// the real name of its input opens another name than the declared one.
using RealPath = std::function<std::string(const std::string& path)>;

// Those of `inputs` that neither `use` has read, nor anything in them. Relative
// names are relative to `folder`. None if `use` is not of a whole and
// successful run: Bazel would not repeat the action when it must.
std::vector<std::string> UnusedInputs(const std::vector<std::string>& inputs,
                                      const FileUse& use,
                                      const std::string& folder,
                                      const RealPath& real_path);

// `filemon bazel-unused-inputs LOG INPUTS`: prints the unused of the paths that
// are the lines of the file INPUTS; relative ones are relative to the current
// folder. Returns the exit status: 0, or 2 if a file cannot be read.
int RunUnusedInputs(const std::vector<std::string>& arguments);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_UNUSED_INPUTS_H_
