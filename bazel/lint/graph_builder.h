// Graphs for tests, put together by name.
#ifndef FILEMON_BAZEL_LINT_GRAPH_BUILDER_H_
#define FILEMON_BAZEL_LINT_GRAPH_BUILDER_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bazel/lint/action_graph.h"

namespace filemon::lint {

class GraphBuilder {
 public:
  // Paths are exec paths; one that ends in a slash is a tree.
  GraphBuilder& Add(const std::string& target, const std::string& mnemonic,
                    const std::vector<std::string>& inputs,
                    const std::vector<std::string>& outputs) {
    Action action;
    action.target = target;
    action.mnemonic = mnemonic;
    action.discovers_inputs = mnemonic == "CppCompile";
    action.input_sets = {sets_.size()};
    sets_.push_back({{}, Indices(inputs)});
    action.outputs = Indices(outputs);
    actions_.push_back(action);
    return *this;
  }

  ActionGraph Build() const { return {artifacts_, sets_, actions_}; }

 private:
  std::vector<size_t> Indices(const std::vector<std::string>& paths) {
    std::vector<size_t> indices;
    for (std::string path : paths) {
      const bool is_tree = path.back() == '/';
      if (is_tree) path.pop_back();
      const auto [entry, is_new] = indices_.emplace(path, artifacts_.size());
      if (is_new) artifacts_.push_back({path, is_tree});
      indices.push_back(entry->second);
    }
    return indices;
  }

  absl::flat_hash_map<std::string, size_t> indices_;
  std::vector<Artifact> artifacts_;
  std::vector<InputSet> sets_;
  std::vector<Action> actions_;
};

}  // namespace filemon::lint

#endif  // FILEMON_BAZEL_LINT_GRAPH_BUILDER_H_
