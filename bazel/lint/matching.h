// Finds the action that a log is of.
#ifndef FILEMON_BAZEL_LINT_MATCHING_H_
#define FILEMON_BAZEL_LINT_MATCHING_H_

#include <string>

#include "bazel/lint/action_graph.h"
#include "bazel/lint/file_use.h"

namespace filemon::lint {

enum class WhyNot {
  // It has used no file of any execution root: no action, but a program that a
  // repository rule has run, for example.
  kNoAction,
  // It wrote no file below bazel-out: it failed early, for example.
  kNoOutput,
  // No action that is known makes what it wrote.
  kUnknownOutput,
  // The same, and no action that is known has its outputs in that folder.
  kOtherConfiguration,
};

struct Match {
  // Null if there is none.
  const Action* action = nullptr;
  // The folder in which the action ran, as the names of its outputs tell; empty
  // if the log has them relative to it.
  std::string folder;
  // Why there is none.
  WhyNot why_not = WhyNot::kNoAction;
  // An exec path that it wrote, where that is why.
  std::string unknown_output;
};

// By the outputs written, since these no two actions share. The output base may
// be anywhere, and may have moved since: only what follows `bazel-out` counts.
// A test that has written nothing is known by its runfiles.
Match MatchAction(const FileUse& use, const ActionGraph& graph);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_MATCHING_H_
