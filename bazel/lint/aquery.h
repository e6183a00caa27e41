// Reads what `bazel aquery --output=jsonproto` prints.
#ifndef FILEMON_BAZEL_LINT_AQUERY_H_
#define FILEMON_BAZEL_LINT_AQUERY_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bazel/lint/action_graph.h"

namespace filemon::lint {

// `json` is an ActionGraphContainer, as analysis.proto (Bazel before 4) or
// analysis_v2.proto (since) in Bazel's sources describe it: the former has
// numbers as strings and an execPath in each artifact, the latter
// pathFragments.
//
// Fails when `json` is no JSON, or nothing that aquery would print. A reference
// to something that is not there is left out.
absl::StatusOr<ActionGraph> ParseAquery(absl::string_view json);

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_AQUERY_H_
