// The actions of a build, as `bazel aquery` tells them.
#ifndef FILEMON_BAZEL_LINT_ACTION_GRAPH_H_
#define FILEMON_BAZEL_LINT_ACTION_GRAPH_H_

#include <stddef.h>

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace filemon::lint {

// A file, or a folder as a whole (a tree artifact). Paths are exec paths:
// relative to the execution root, in which Bazel runs all actions.
struct Artifact {
  std::string path;
  bool is_tree = false;
};

// Inputs that several actions share. All numbers are indices.
struct InputSet {
  std::vector<size_t> sets;
  std::vector<size_t> artifacts;
};

struct Action {
  // The label of the target that it belongs to; empty if not known.
  std::string target;
  // The kind of action: CppCompile, Genrule...
  std::string mnemonic;
  // Bazel works out by itself, after the action, which inputs it has used.
  bool discovers_inputs = false;
  std::vector<size_t> input_sets;
  // Artifacts; the primary one is the first.
  std::vector<size_t> outputs;
};

// An input of an action.
struct Input {
  const Artifact* artifact;
  // It came with others in one bundle: the runfiles of a tool or of a test, or
  // the headers of a dependency. The action's author does not choose these one
  // by one.
  bool bundled;
};

// Bazel does these itself: they leave no log, or one of Bazel's own program.
bool IsInternal(const Action& action);

bool IsTest(const Action& action);

class ActionGraph {
 public:
  // Every index must be inside of its vector; sets may refer to one another in
  // any order, and a cycle does no harm.
  ActionGraph(std::vector<Artifact> artifacts, std::vector<InputSet> sets,
              std::vector<Action> actions);

  ActionGraph(const ActionGraph&) = delete;
  ActionGraph& operator=(const ActionGraph&) = delete;
  ActionGraph(ActionGraph&&) = default;

  const std::vector<Action>& actions() const { return actions_; }
  const Artifact& artifact(size_t index) const { return artifacts_[index]; }

  // Of `action`, with bundles taken apart; each once, and as not bundled if the
  // action has it directly too.
  std::vector<Input> InputsOf(const Action& action) const;

  // The action that makes this exec path, or the folder that it is in. Null if
  // none does.
  const Action* MakerOf(absl::string_view exec_path) const;

  // The test whose logs and results are in this folder or above it; null if it
  // is none's.
  const Action* TestWithResultsAt(absl::string_view exec_path) const;

  // The test that this exec path is a runfile of.
  const Action* TestWithRunfile(absl::string_view exec_path) const;

  // What stands in for this exec path because Bazel itself made one a symbolic
  // link to the other, in both directions and any number of links.
  std::vector<std::string> LinkedWith(absl::string_view exec_path) const;

  // The folders below bazel-out, such as k8-fastbuild.
  const absl::flat_hash_set<std::string>& output_folders() const {
    return output_folders_;
  }

 private:
  void AddMaker(const Action& action);
  void AddTest(const Action& action);
  void AddLink(const Action& action);
  // With the bundles in it taken apart: `sets` is what to look through.
  void Collect(std::vector<size_t> sets, bool bundled,
               absl::flat_hash_map<size_t, bool>* found) const;

  std::vector<Artifact> artifacts_;
  std::vector<InputSet> sets_;
  std::vector<Action> actions_;

  absl::flat_hash_map<std::string, const Action*> makers_;
  absl::flat_hash_map<std::string, const Action*> tests_by_results_;
  absl::flat_hash_map<std::string, const Action*> tests_by_runfiles_;
  absl::flat_hash_map<std::string, std::vector<std::string>> links_;
  absl::flat_hash_set<std::string> output_folders_;
  // Artifact that is a bundle -> the action that has its members as inputs.
  absl::flat_hash_map<size_t, const Action*> bundles_;
};

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_ACTION_GRAPH_H_
