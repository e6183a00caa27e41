#include "bazel/lint/action_graph.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace filemon::lint {
namespace {

// Bundles: until Bazel 6 or so Middleman is for headers, toolchains and
// runfiles; since then RunfilesTree is for runfiles.
bool IsBundle(const Action& action) {
  return action.mnemonic == "Middleman" || action.mnemonic == "RunfilesTree";
}

bool IsLink(const Action& action) {
  return action.mnemonic == "Symlink" ||
         action.mnemonic == "ExecutableSymlink" ||
         action.mnemonic == "SolibSymlink";
}

absl::string_view Parent(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? absl::string_view() : path.substr(0, slash);
}

template <typename Map>
const Action* FindHereOrAbove(const Map& map, absl::string_view path) {
  for (; !path.empty(); path = Parent(path)) {
    const auto found = map.find(path);
    if (found != map.end()) return found->second;
  }
  return nullptr;
}

}  // namespace

bool IsInternal(const Action& action) {
  static const auto* const kMnemonics = new absl::flat_hash_set<std::string>{
      "BaselineCoverage",  "BazelWorkspaceStatusAction",
      "ExecutableSymlink", "FileWrite",
      "Middleman",         "RepoMappingManifest",
      "RunfilesTree",      "SolibSymlink",
      "SourceManifest",    "SourceSymlinkManifest",
      "Symlink",           "SymlinkTree",
      "TemplateExpand",    "UnresolvedSymlink",
  };
  return kMnemonics->contains(action.mnemonic);
}

bool IsTest(const Action& action) { return action.mnemonic == "TestRunner"; }

ActionGraph::ActionGraph(std::vector<Artifact> artifacts,
                         std::vector<InputSet> sets,
                         std::vector<Action> actions)
    : artifacts_(std::move(artifacts)),
      sets_(std::move(sets)),
      actions_(std::move(actions)) {
  for (const Action& action : actions_) {
    AddMaker(action);
    if (IsTest(action)) AddTest(action);
    if (IsLink(action)) AddLink(action);
  }
}

void ActionGraph::AddMaker(const Action& action) {
  for (const size_t output : action.outputs) {
    const std::string& path = artifacts_[output].path;
    if (IsBundle(action)) {
      bundles_.emplace(output, &action);
      continue;
    }
    // The first one stays: actions with the same output are shared ones.
    makers_.emplace(path, &action);
    const std::vector<absl::string_view> parts =
        absl::StrSplit(path, absl::MaxSplits('/', 2));
    if (parts.size() == 3 && parts[0] == "bazel-out") {
      output_folders_.emplace(parts[1]);
    }
  }
}

void ActionGraph::AddTest(const Action& action) {
  if (action.outputs.empty()) return;
  // bazel-out/CONFIGURATION/testlogs/PACKAGE/NAME/test.log, perhaps with a
  // folder for each shard and run before the last part.
  const absl::string_view folder =
      Parent(artifacts_[action.outputs.front()].path);
  tests_by_results_.emplace(folder, &action);

  constexpr absl::string_view kLogs = "/testlogs/";
  const size_t at = folder.find(kLogs);
  if (at == folder.npos) return;
  std::string program = absl::StrCat(folder.substr(0, at), "/bin/",
                                     folder.substr(at + kLogs.size()));
  tests_by_runfiles_.emplace(absl::StrCat(program, ".runfiles"), &action);
}

void ActionGraph::AddLink(const Action& action) {
  if (action.outputs.size() != 1) return;
  const std::vector<Input> inputs = InputsOf(action);
  if (inputs.size() != 1) return;
  const std::string& link = artifacts_[action.outputs.front()].path;
  const std::string& target = inputs.front().artifact->path;
  links_[link].push_back(target);
  links_[target].push_back(link);
}

void ActionGraph::Collect(std::vector<size_t> sets, bool bundled,
                          absl::flat_hash_map<size_t, bool>* found) const {
  absl::flat_hash_set<size_t> seen(sets.begin(), sets.end());
  while (!sets.empty()) {
    const InputSet& set = sets_[sets.back()];
    sets.pop_back();
    for (const size_t inner : set.sets) {
      if (seen.insert(inner).second) sets.push_back(inner);
    }
    for (const size_t artifact : set.artifacts) {
      const auto [entry, is_new] = found->emplace(artifact, bundled);
      if (!is_new) entry->second = entry->second && bundled;
    }
  }
}

std::vector<Input> ActionGraph::InputsOf(const Action& action) const {
  absl::flat_hash_map<size_t, bool> found;
  Collect(action.input_sets, false, &found);

  absl::flat_hash_set<size_t> opened;
  for (bool again = true; again;) {
    again = false;
    std::vector<size_t> members;
    for (const auto& [artifact, bundled] : found) {
      const auto bundle = bundles_.find(artifact);
      if (bundle == bundles_.end() || !opened.insert(artifact).second) continue;
      absl::c_copy(bundle->second->input_sets, std::back_inserter(members));
      again = true;
    }
    Collect(std::move(members), true, &found);
  }

  std::vector<Input> inputs;
  for (const auto& [artifact, bundled] : found) {
    inputs.push_back({&artifacts_[artifact], bundled});
  }
  absl::c_sort(inputs, [](const Input& a, const Input& b) {
    return a.artifact->path < b.artifact->path;
  });
  return inputs;
}

const Action* ActionGraph::MakerOf(absl::string_view exec_path) const {
  return FindHereOrAbove(makers_, exec_path);
}

const Action* ActionGraph::TestWithResultsAt(
    absl::string_view exec_path) const {
  return FindHereOrAbove(tests_by_results_, exec_path);
}

const Action* ActionGraph::TestWithRunfile(absl::string_view exec_path) const {
  return FindHereOrAbove(tests_by_runfiles_, exec_path);
}

std::vector<std::string> ActionGraph::LinkedWith(
    absl::string_view exec_path) const {
  std::vector<std::string> found = {std::string(exec_path)};
  for (size_t i = 0; i < found.size(); ++i) {
    const auto links = links_.find(found[i]);
    if (links == links_.end()) continue;
    for (const std::string& link : links->second) {
      if (!absl::c_linear_search(found, link)) found.push_back(link);
    }
  }
  found.erase(found.begin());
  return found;
}

}  // namespace filemon::lint
