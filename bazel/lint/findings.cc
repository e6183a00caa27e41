#include "bazel/lint/findings.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"

namespace filemon::lint {
namespace {

absl::string_view Folder(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? absl::string_view() : path.substr(0, slash);
}

// Exec paths, with the folders that they are in.
class PathSet {
 public:
  void Add(absl::string_view path) {
    paths_.emplace(path);
    for (path = Folder(path); !path.empty(); path = Folder(path)) {
      if (!folders_.emplace(path).second) break;
    }
  }

  bool Contains(absl::string_view path) const { return paths_.contains(path); }

  // `path` is in the set, or in a folder that is.
  bool Covers(absl::string_view path) const {
    for (; !path.empty(); path = Folder(path)) {
      if (paths_.contains(path)) return true;
    }
    return false;
  }

  // A path of the set is in the folder `path`.
  bool IsFolder(absl::string_view path) const {
    return path.empty() || folders_.contains(path);
  }

 private:
  absl::flat_hash_set<std::string> paths_;
  absl::flat_hash_set<std::string> folders_;
};

// Bazel writes the arguments of a long command into OUTPUT-NUMBER.params, which
// is not always in the list of inputs.
bool IsParamFileOf(absl::string_view path, const PathSet& outputs) {
  if (!absl::ConsumeSuffix(&path, ".params")) return false;
  if (outputs.Contains(path)) return true;
  const size_t dash = path.rfind('-');
  return dash != path.npos && outputs.Contains(path.substr(0, dash));
}

// Files that Bazel itself gives to actions, or takes from them, and no list
// has.
bool IsBazelsOwn(absl::string_view path) {
  return absl::EndsWith(path, ".runfiles_manifest") ||
         // The folder of each repository, MANIFEST, _repo_mapping.
         absl::EndsWith(Folder(path), ".runfiles") ||
         absl::EndsWith(path, ".repo_mapping") ||
         absl::EndsWith(path, "/stable-status.txt") ||
         absl::EndsWith(path, "/volatile-status.txt") ||
         // TEST_TMPDIR, and the standard output of actions.
         IsAtOrBelow(path, "_tmp") || IsAtOrBelow(path, "bazel-out/_tmp");
}

class Check {
 public:
  Check(const Action& action, const FileUse& use, const ExecRoot& root,
        const ActionGraph& graph, const FindingRules& rules)
      : action_(action),
        use_(use),
        root_(root),
        graph_(graph),
        rules_(rules),
        declared_inputs_(graph.InputsOf(action)) {
    for (const Input& input : declared_inputs_) {
      inputs_.Add(input.artifact->path);
    }
    for (const size_t output : action.outputs) {
      outputs_.Add(graph.artifact(output).path);
    }
  }

  std::vector<Finding> Run() {
    for (const std::string& path : use_.read) CheckRead(path);
    for (const std::string& path : use_.written) CheckWritten(path);
    if (IsWhole(use_)) FindUnread();
    absl::c_sort(findings_, [](const Finding& a, const Finding& b) {
      return a.kind != b.kind ? a.kind < b.kind : a.path < b.path;
    });
    // One file may have been read by two names.
    findings_.erase(std::unique(findings_.begin(), findings_.end(),
                                [](const Finding& a, const Finding& b) {
                                  return a.kind == b.kind && a.path == b.path;
                                }),
                    findings_.end());
    return std::move(findings_);
  }

 private:
  bool IsAllowed(absl::string_view path) const {
    return absl::c_any_of(rules_.allowed, [path](const std::string& allowed) {
      return IsAtOrBelow(path, allowed);
    });
  }

  bool IsDeclared(const std::string& exec_path) const {
    const auto is_input = [this](const std::string& path) {
      return inputs_.Covers(path) || inputs_.IsFolder(path);
    };
    return is_input(exec_path) ||
           absl::c_any_of(graph_.LinkedWith(exec_path), is_input) ||
           absl::c_any_of(RunfileTargets(exec_path), is_input) ||
           outputs_.Covers(exec_path) || outputs_.IsFolder(exec_path) ||
           IsParamFileOf(exec_path, outputs_) || IsBazelsOwn(exec_path);
  }

  void CheckRead(const std::string& path) {
    if (root_.IsMachinery(path)) return;
    const auto exec_path = root_.ExecPath(path);
    if (!exec_path) {
      if (absl::StartsWith(path, "/") && !IsAllowed(path)) {
        findings_.push_back({FindingKind::kUndeclaredInput, path});
      }
      return;
    }
    if (root_.sandboxed() && root_.Contains(path)) return;
    if (IsDeclared(*exec_path) || IsAllowed(*exec_path) || IsAllowed(path) ||
        IsOwnResult(*exec_path)) {
      return;
    }
    const Action* const maker = graph_.MakerOf(*exec_path);
    findings_.push_back({maker == nullptr
                             ? FindingKind::kUndeclaredInput
                             : FindingKind::kUndeclaredDerivedInput,
                         *exec_path, maker});
  }

  // A test leaves more than aquery says: its XML, its undeclared outputs.
  bool IsOwnResult(absl::string_view exec_path) const {
    return IsTest(action_) && graph_.TestWithResultsAt(exec_path) == &action_;
  }

  void CheckWritten(const std::string& path) {
    if (root_.IsMachinery(path) || IsAllowed(path)) return;
    const auto exec_path = root_.ExecPath(path);
    if (!exec_path) {
      if (absl::StartsWith(path, "/")) {
        findings_.push_back({FindingKind::kUndeclaredOutput, path});
      }
      return;
    }
    if (outputs_.Covers(*exec_path) || outputs_.IsFolder(*exec_path) ||
        IsAllowed(*exec_path) || IsBazelsOwn(*exec_path) ||
        IsOwnResult(*exec_path)) {
      return;
    }
    findings_.push_back({FindingKind::kUndeclaredOutput, *exec_path,
                         graph_.MakerOf(*exec_path)});
  }

  // Whether an author would want to know that `input` was not read.
  bool IsWorthReading(const Input& input) const {
    const std::string& path = input.artifact->path;
    if (IsBazelsOwn(path) || absl::StartsWith(path, "bazel-out/_")) {
      return false;
    }
    // A bundle as a whole.
    if (absl::StrContains(path, "/_middlemen/") ||
        absl::EndsWith(path, ".runfiles")) {
      return false;
    }
    if (rules_.all_unread) return true;
    if (action_.discovers_inputs || IsAllowed(path)) return false;
    if (absl::StartsWith(path, "external/") ||
        absl::StrContains(path, "/external/")) {
      return false;
    }
    return !input.bundled || IsTest(action_);
  }

  void AddUsed(const std::string& path, PathSet* used) const {
    const auto exec_path = root_.ExecPath(path);
    if (!exec_path) return;
    used->Add(*exec_path);
    for (const std::string& other : graph_.LinkedWith(*exec_path)) {
      used->Add(other);
    }
    for (const std::string& target : RunfileTargets(*exec_path)) {
      used->Add(target);
      for (const std::string& other : graph_.LinkedWith(target)) {
        used->Add(other);
      }
    }
  }

  void FindUnread() {
    PathSet used;
    for (const std::string& path : use_.read) AddUsed(path, &used);
    for (const std::string& path : use_.touched) AddUsed(path, &used);
    for (const Input& input : declared_inputs_) {
      const std::string& path = input.artifact->path;
      if (!IsWorthReading(input) || used.Contains(path) ||
          used.IsFolder(path)) {
        continue;
      }
      findings_.push_back(
          {FindingKind::kUnreadInput, path, graph_.MakerOf(path)});
    }
  }

  const Action& action_;
  const FileUse& use_;
  const ExecRoot& root_;
  const ActionGraph& graph_;
  const FindingRules& rules_;
  const std::vector<Input> declared_inputs_;
  PathSet inputs_;
  PathSet outputs_;
  std::vector<Finding> findings_;
};

}  // namespace

const std::vector<std::string>& SystemFolders() {
  static const auto* const kFolders = new std::vector<std::string>{
      "/bin",  "/dev",  "/etc", "/lib", "/lib32", "/lib64", "/libx32",
      "/proc", "/sbin", "/sys", "/tmp", "/run",   "/usr",   "/var/lib",
  };
  return *kFolders;
}

bool IsWhole(const FileUse& use) {
  return use.complete && use.malformed.empty() && !use.gaps &&
         use.untraced.empty() && use.status == 0 && use.signal == 0;
}

std::vector<Finding> FindingsOf(const Action& action, const FileUse& use,
                                const ExecRoot& root, const ActionGraph& graph,
                                const FindingRules& rules) {
  return Check(action, use, root, graph, rules).Run();
}

}  // namespace filemon::lint
