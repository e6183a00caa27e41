// What the lint has to say, before it is printed.
#ifndef FILEMON_BAZEL_LINT_REPORT_H_
#define FILEMON_BAZEL_LINT_REPORT_H_

#include <stddef.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bazel/lint/findings.h"

namespace filemon::lint {

struct ReportedFinding {
  FindingKind kind;
  // An exec path, or an absolute one.
  std::string path;
  // Of `path`; empty if not known.
  std::string label;
  // The target that makes `path`; empty if none does.
  std::string maker;
};

struct ReportedAction {
  std::string target;
  std::string mnemonic;
  // The exec path of its primary output.
  std::string output;
  // The file that all this was read from.
  std::string log;
  std::vector<ReportedFinding> findings;
};

// What hampers the report itself.
enum class ProblemKind {
  kUnreadableLog,
  kNoLog,
  // A line in it is no record.
  kMalformedLog,
  // The log has no end: the action was killed, or is still running.
  kUnfinishedLog,
  kFailedAction,
  // The action ran programs without the library, or records are lost.
  kIncompleteLog,
  kNoSuchAction,
  kOtherConfiguration,
};

struct Problem {
  ProblemKind kind;
  std::string log;
  // Empty if not known.
  std::string target;
  std::string text;
};

struct Report {
  // Sorted by target and output; also those without findings.
  std::vector<ReportedAction> actions;
  // Sorted by log.
  std::vector<Problem> problems;
  // Of the main repository, sorted: with actions, and no log of any of them.
  std::vector<std::string> targets_without_log;
  // The logs that were given.
  size_t logs = 0;
  // Of these, the logs of programs that were no actions.
  size_t logs_of_no_action = 0;
};

// Its name in --format=json and sarif: undeclared-input...
absl::string_view NameOf(FindingKind kind);
absl::string_view NameOf(ProblemKind kind);

size_t CountOf(const Report& report, FindingKind kind);

// Something was read that was not declared.
bool HasUndeclaredInputs(const Report& report);

// For people. Of each kind, an action's first `most` findings; 0 for all.
std::string TextReport(const Report& report, size_t most);

// An object, as described in docs/bazel.md.
std::string JsonReport(const Report& report);

// SARIF 2.1.0, which editors and code hosts show beside the code. A finding's
// place is its target's BUILD file: `build_file` gives its path, relative to
// the workspace, of a package such as `//a/b`.
std::string SarifReport(
    const Report& report,
    const std::function<std::string(absl::string_view package)>& build_file);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_REPORT_H_
