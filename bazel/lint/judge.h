// Makes the report out of a build's logs.
#ifndef FILEMON_BAZEL_LINT_JUDGE_H_
#define FILEMON_BAZEL_LINT_JUDGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bazel/lint/action_graph.h"
#include "bazel/lint/findings.h"
#include "bazel/lint/labels.h"
#include "bazel/lint/report.h"

namespace filemon::lint {

struct Log {
  // Its file.
  std::string name;
  // Or why it cannot be read.
  absl::StatusOr<std::string> text;
};

// `workspace` is the folder of the sources; empty if not known.
//
// Of an action that has run several times the last log counts. Of a test that
// is the last one of the test itself: Bazel may write its XML in a process of
// its own, under the same action.
Report Judge(const std::vector<Log>& logs, const ActionGraph& graph,
             const Labels& labels, const FindingRules& rules,
             const std::string& workspace);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_JUDGE_H_
