#include "bazel/lint/matching.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace filemon::lint {
namespace {

struct Split {
  // Without the slash at its end.
  absl::string_view folder;
  absl::string_view exec_path;
};

// Every way to see `path` as FOLDER/bazel-out/REST.
std::vector<Split> SplitsAtOutputs(absl::string_view path) {
  constexpr absl::string_view kOutputs = "bazel-out/";
  std::vector<Split> splits;
  for (size_t at = path.find(kOutputs); at != path.npos;
       at = path.find(kOutputs, at + 1)) {
    if (at != 0 && path[at - 1] != '/') continue;
    splits.push_back({path.substr(0, at == 0 ? 0 : at - 1), path.substr(at)});
  }
  return splits;
}

class Votes {
 public:
  void Add(absl::string_view folder, const Action* action) {
    ++votes_[{std::string(folder), action}];
  }

  // True if there was any vote.
  bool Elect(Match* match) const {
    int most = 0;
    for (const auto& [candidate, votes] : votes_) {
      if (votes <= most) continue;
      most = votes;
      match->folder = candidate.first;
      match->action = candidate.second;
    }
    return most > 0;
  }

 private:
  std::map<std::pair<std::string, const Action*>, int> votes_;
};

// `path` is in an execution root, and not in the folder for tests' temporary
// files there, in which an inner Bazel may have its own.
bool IsInExecutionRoot(absl::string_view path) {
  constexpr absl::string_view kRoots = "/execroot/";
  const size_t at = path.rfind(kRoots);
  if (at == path.npos) return false;
  path.remove_prefix(at + kRoots.size());
  path.remove_prefix(std::min(path.find('/'), path.size()));
  return !absl::StartsWith(path, "/_tmp/");
}

bool IsOfAnAction(const FileUse& use) {
  for (const FileUse::Paths* paths :
       {&use.read, &use.touched, &use.ever_written, &use.folders}) {
    for (const std::string& path : *paths) {
      // Bazel starts an action in its execution root: a name relative to an
      // unknown folder is one in there too.
      if (IsInExecutionRoot(path) || !absl::StartsWith(path, "/")) {
        return true;
      }
    }
  }
  return false;
}

void ExplainWhyNot(const FileUse& use, const ActionGraph& graph, Match* match) {
  match->why_not = IsOfAnAction(use) ? WhyNot::kNoOutput : WhyNot::kNoAction;
  for (const std::string& path : use.ever_written) {
    for (const Split& split : SplitsAtOutputs(path)) {
      const std::vector<std::string> parts =
          absl::StrSplit(split.exec_path, absl::MaxSplits('/', 2));
      // bazel-out/_tmp has standard outputs.
      if (parts.size() < 3 || absl::StartsWith(parts[1], "_")) continue;
      match->why_not = graph.output_folders().contains(parts[1])
                           ? WhyNot::kUnknownOutput
                           : WhyNot::kOtherConfiguration;
      match->unknown_output = std::string(split.exec_path);
      return;
    }
  }
}

}  // namespace

Match MatchAction(const FileUse& use, const ActionGraph& graph) {
  Match match;
  Votes writers;
  for (const std::string& path : use.ever_written) {
    for (const Split& split : SplitsAtOutputs(path)) {
      const Action* action = graph.MakerOf(split.exec_path);
      if (action == nullptr) action = graph.TestWithResultsAt(split.exec_path);
      if (action != nullptr) writers.Add(split.folder, action);
    }
  }
  if (writers.Elect(&match)) return match;

  Votes tests;
  for (const FileUse::Paths* paths : {&use.folders, &use.read}) {
    for (const std::string& path : *paths) {
      for (const Split& split : SplitsAtOutputs(path)) {
        const Action* const action = graph.TestWithRunfile(split.exec_path);
        if (action != nullptr) tests.Add(split.folder, action);
      }
    }
  }
  if (tests.Elect(&match)) return match;

  ExplainWhyNot(use, graph, &match);
  return match;
}

}  // namespace filemon::lint
