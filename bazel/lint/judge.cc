#include "bazel/lint/judge.h"

#include <map>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bazel/lint/exec_root.h"
#include "bazel/lint/file_use.h"
#include "bazel/lint/matching.h"

namespace filemon::lint {
namespace {

struct MatchedLog {
  std::string name;
  FileUse use;
  std::string folder;
};

bool UsesRunfiles(const FileUse& use) {
  for (const FileUse::Paths* paths : {&use.folders, &use.read}) {
    for (const std::string& path : *paths) {
      if (absl::StrContains(path, ".runfiles/")) return true;
    }
  }
  return false;
}

// Which of two logs of the same action counts: the larger one.
std::pair<bool, double> Rank(const Action& action, const FileUse& use) {
  return {IsTest(action) && UsesRunfiles(use), use.start};
}

std::string NameOfTarget(const Action* action) {
  return action == nullptr ? std::string() : action->target;
}

class Judging {
 public:
  Judging(const ActionGraph& graph, const Labels& labels,
          const FindingRules& rules, const std::string& workspace)
      : graph_(graph), labels_(labels), rules_(rules), workspace_(workspace) {}

  void Take(const Log& log) {
    ++report_.logs;
    if (!log.text.ok()) {
      Complain(ProblemKind::kUnreadableLog, log.name, nullptr,
               std::string(log.text.status().message()));
      return;
    }
    if (!absl::StartsWith(*log.text, "# filemon version ")) {
      Complain(ProblemKind::kNoLog, log.name, nullptr,
               "this is no filemon log");
      return;
    }
    FileUse use = ReadFileUse(*log.text);
    Match match = MatchAction(use, graph_);
    if (match.action == nullptr) {
      ComplainOfNoMatch(log.name, use, match);
      return;
    }
    // Such as build-runfiles: it declares little of what it does.
    if (IsInternal(*match.action)) return;
    Keep(*match.action, {log.name, std::move(use), std::move(match.folder)});
  }

  Report Finish() {
    for (const auto& [action, log] : logs_) JudgeAction(*action, log);
    absl::c_sort(
        report_.actions, [](const ReportedAction& a, const ReportedAction& b) {
          return std::tie(a.target, a.output) < std::tie(b.target, b.output);
        });
    absl::c_stable_sort(
        report_.problems,
        [](const Problem& a, const Problem& b) { return a.log < b.log; });
    FindTargetsWithoutLog();
    return std::move(report_);
  }

 private:
  void Complain(ProblemKind kind, const std::string& log, const Action* action,
                std::string text) {
    report_.problems.push_back(
        {kind, log, NameOfTarget(action), std::move(text)});
  }

  void ComplainOfNoMatch(const std::string& log, const FileUse& use,
                         const Match& match) {
    if (match.why_not == WhyNot::kNoAction) {
      ++report_.logs_of_no_action;
      return;
    }
    ComplainOfUse(log, use, nullptr);
    const std::string program = use.program.empty()
                                    ? std::string()
                                    : absl::StrCat(" (", use.program, ")");
    switch (match.why_not) {
      case WhyNot::kNoAction:
        break;
      case WhyNot::kNoOutput:
        Complain(ProblemKind::kNoSuchAction, log, nullptr,
                 absl::StrCat("it wrote no file below bazel-out", program));
        break;
      case WhyNot::kUnknownOutput:
        Complain(ProblemKind::kNoSuchAction, log, nullptr,
                 absl::StrCat("no action of aquery's makes ",
                              match.unknown_output, program));
        break;
      case WhyNot::kOtherConfiguration:
        Complain(ProblemKind::kOtherConfiguration, log, nullptr,
                 absl::StrCat("aquery was asked with other options than the "
                              "build, or for other targets: nobody makes ",
                              match.unknown_output, program));
        break;
    }
  }

  void ComplainOfUse(const std::string& log, const FileUse& use,
                     const Action* action) {
    if (!use.malformed.empty()) {
      Complain(ProblemKind::kMalformedLog, log, action, use.malformed);
    }
    if (!use.complete) {
      Complain(ProblemKind::kUnfinishedLog, log, action,
               "the log has no end: the action was killed or is running");
    }
    if (use.signal != 0) {
      Complain(ProblemKind::kFailedAction, log, action,
               absl::StrCat("the action was ended by signal ", use.signal));
    } else if (use.status.value_or(0) != 0) {
      Complain(ProblemKind::kFailedAction, log, action,
               absl::StrCat("the action failed with status ", *use.status));
    }
    if (!use.untraced.empty()) {
      Complain(ProblemKind::kIncompleteLog, log, action,
               absl::StrCat("not seen: what these did: ",
                            absl::StrJoin(use.untraced, " ")));
    }
    if (use.gaps) {
      Complain(ProblemKind::kIncompleteLog, log, action,
               "records are missing; the # lines of the log say which");
    }
  }

  void Keep(const Action& action, MatchedLog log) {
    const auto [entry, is_new] = logs_.try_emplace(&action);
    if (is_new || Rank(action, entry->second.use) < Rank(action, log.use)) {
      entry->second = std::move(log);
    }
  }

  void JudgeAction(const Action& action, const MatchedLog& log) {
    ComplainOfUse(log.name, log.use, &action);
    ReportedAction reported;
    reported.target = action.target;
    reported.mnemonic = action.mnemonic;
    reported.output = graph_.artifact(action.outputs.front()).path;
    reported.log = log.name;
    const ExecRoot root(log.folder, workspace_);
    for (const Finding& finding :
         FindingsOf(action, log.use, root, graph_, rules_)) {
      ReportedFinding entry;
      entry.kind = finding.kind;
      entry.path = finding.path;
      if (!absl::StartsWith(finding.path, "/")) {
        entry.label = labels_.Of(finding.path);
      }
      entry.maker = NameOfTarget(finding.maker);
      reported.findings.push_back(std::move(entry));
    }
    report_.actions.push_back(std::move(reported));
  }

  void FindTargetsWithoutLog() {
    std::set<std::string> without;
    for (const Action& action : graph_.actions()) {
      if (!IsInternal(action) && !action.target.empty() &&
          !IsExternal(action.target)) {
        without.insert(action.target);
      }
    }
    for (const ReportedAction& action : report_.actions) {
      without.erase(action.target);
    }
    report_.targets_without_log.assign(without.begin(), without.end());
  }

  const ActionGraph& graph_;
  const Labels& labels_;
  const FindingRules& rules_;
  const std::string& workspace_;
  std::map<const Action*, MatchedLog> logs_;
  Report report_;
};

}  // namespace

Report Judge(const std::vector<Log>& logs, const ActionGraph& graph,
             const Labels& labels, const FindingRules& rules,
             const std::string& workspace) {
  Judging judging(graph, labels, rules, workspace);
  for (const Log& log : logs) judging.Take(log);
  return judging.Finish();
}

}  // namespace filemon::lint
