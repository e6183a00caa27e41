// What an action has used, against what it has declared.
#ifndef FILEMON_BAZEL_LINT_FINDINGS_H_
#define FILEMON_BAZEL_LINT_FINDINGS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bazel/lint/action_graph.h"
#include "bazel/lint/exec_root.h"
#include "bazel/lint/file_use.h"

namespace filemon::lint {

enum class FindingKind {
  // It has read a file that is none of its inputs. Bazel does not run it again
  // when that file changes.
  kUndeclaredInput,
  // The same, and another action makes that file: besides, Bazel may not have
  // made it yet.
  kUndeclaredDerivedInput,
  // It has left a file that is none of its outputs. Bazel does not know it.
  kUndeclaredOutput,
  // It has not opened this input. Bazel runs it again for nothing when that
  // changes.
  kUnreadInput,
};

struct Finding {
  FindingKind kind;
  // An exec path; absolute if Bazel has no such file.
  std::string path;
  // The action that makes `path`; null if it is no output that is known.
  const Action* maker = nullptr;
};

struct FindingRules {
  // What may be read and left without being declared: absolute paths or
  // exec paths, of files or of folders.
  std::vector<std::string> allowed;
  // Report as unread also what the author of the action hardly could leave out:
  // files of other repositories, such as toolchains, what comes in a bundle,
  // and all inputs of actions for which Bazel finds out by itself.
  bool all_unread = false;
};

// System folders, which a build without a sysroot reads all the time.
const std::vector<std::string>& SystemFolders();

// All of `action`'s, by kind and path. Unread inputs only if the log is of a
// whole and successful run in which nothing was hidden.
std::vector<Finding> FindingsOf(const Action& action, const FileUse& use,
                                const ExecRoot& root, const ActionGraph& graph,
                                const FindingRules& rules);

// Nothing is missing in this log: what is not in it was not read.
bool IsWhole(const FileUse& use);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_FINDINGS_H_
