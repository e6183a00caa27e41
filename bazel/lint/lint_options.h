// The arguments of `filemon bazel lint`.
#ifndef FILEMON_BAZEL_LINT_LINT_OPTIONS_H_
#define FILEMON_BAZEL_LINT_LINT_OPTIONS_H_

#include <stddef.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace filemon::lint {

enum class ReportFormat { kText, kJson, kSarif };

struct LintOptions {
  // Files, and folders of which each file is a log.
  std::vector<std::string> logs;
  // What aquery printed: a file, or `-` for standard input.
  std::string aquery = "-";
  // The folder of the sources; empty to look for it from the current one up.
  std::string workspace;
  // Absolute paths, and paths below the workspace or below bazel-out.
  std::vector<std::string> allow;
  // System folders may be read without being declared.
  bool allow_system = true;
  bool all_unread = false;
  // Of each kind, in text; 0 for all.
  size_t most = 10;
  ReportFormat format = ReportFormat::kText;
  // What makes the exit status 1.
  struct Errors {
    bool undeclared = false;  // an undeclared input
    bool outputs = false;     // an undeclared output
    bool unread = false;      // an unread input
    bool incomplete = false;  // an action that could not be judged
  };
  Errors errors;
  bool help = false;
};

// `arguments` without the name of the program and of the command. An error
// names the argument that is wrong. --allow-file is read here: its lines are
// in `allow`.
absl::StatusOr<LintOptions> ParseLintOptions(
    const std::vector<std::string>& arguments);

absl::string_view LintHelp();

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_LINT_OPTIONS_H_
