#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bazel/lint/report.h"

namespace filemon::lint {
namespace {

constexpr FindingKind kKinds[] = {
    FindingKind::kUndeclaredInput, FindingKind::kUndeclaredDerivedInput,
    FindingKind::kUndeclaredOutput, FindingKind::kUnreadInput};

absl::string_view Heading(FindingKind kind) {
  switch (kind) {
    case FindingKind::kUndeclaredInput:
      return "reads, but does not declare:";
    case FindingKind::kUndeclaredDerivedInput:
      return "reads what another action makes, but does not declare it:";
    case FindingKind::kUndeclaredOutput:
      return "writes, but does not declare:";
    case FindingKind::kUnreadInput:
      return "declares, but does not read:";
  }
  return "";
}

std::string Line(const ReportedFinding& finding) {
  std::string line = absl::StrCat(
      "      ", finding.label.empty() ? finding.path : finding.label);
  if (!finding.maker.empty() && finding.maker != finding.label) {
    absl::StrAppend(&line, "  (made by ", finding.maker, ")");
  }
  return line + "\n";
}

void AppendFindings(const ReportedAction& action, FindingKind kind, size_t most,
                    std::string* text) {
  std::vector<const ReportedFinding*> findings;
  for (const ReportedFinding& finding : action.findings) {
    if (finding.kind == kind) findings.push_back(&finding);
  }
  if (findings.empty()) return;
  absl::StrAppend(text, "    ", Heading(kind), "\n");
  const size_t shown =
      most == 0 ? findings.size() : std::min(most, findings.size());
  for (size_t i = 0; i < shown; ++i) *text += Line(*findings[i]);
  if (shown < findings.size()) {
    absl::StrAppend(text, "      ... and ", findings.size() - shown,
                    " more (--most=0 shows all)\n");
  }
}

std::string Counted(size_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

// What is the same of several logs is said once.
void AppendProblems(const Report& report, std::string* text) {
  if (report.problems.empty()) return;
  absl::StrAppend(text, "Not all could be judged:\n");
  std::vector<std::pair<const Problem*, size_t>> lines;
  std::map<std::pair<absl::string_view, absl::string_view>, size_t> known;
  for (const Problem& problem : report.problems) {
    const auto [entry, is_new] =
        known.try_emplace({problem.target, problem.text}, lines.size());
    if (is_new) lines.push_back({&problem, 0});
    ++lines[entry->second].second;
  }
  for (const auto& [problem, count] : lines) {
    absl::StrAppend(text, "  ", problem->log);
    if (count > 1) absl::StrAppend(text, " and ", count - 1, " more");
    absl::StrAppend(text, ": ");
    if (!problem->target.empty()) absl::StrAppend(text, problem->target, ": ");
    absl::StrAppend(text, problem->text, "\n");
  }
  *text += "\n";
}

void AppendWithoutLog(const Report& report, size_t most, std::string* text) {
  const std::vector<std::string>& targets = report.targets_without_log;
  if (targets.empty()) return;
  absl::StrAppend(text, "No log of ", Counted(targets.size(), "target"),
                  " (not run since the hook is in, not run here, or not "
                  "traceable):\n");
  const size_t shown =
      most == 0 ? targets.size() : std::min(most, targets.size());
  for (size_t i = 0; i < shown; ++i) {
    absl::StrAppend(text, "  ", targets[i], "\n");
  }
  if (shown < targets.size()) {
    absl::StrAppend(text, "  ... and ", targets.size() - shown, " more\n");
  }
  *text += "\n";
}

}  // namespace

std::string TextReport(const Report& report, size_t most) {
  std::string text;
  absl::string_view target;
  for (const ReportedAction& action : report.actions) {
    if (action.findings.empty()) continue;
    if (action.target != target) {
      target = action.target;
      absl::StrAppend(&text, target, "\n");
    }
    absl::StrAppend(&text, "  ", action.mnemonic, " ", action.output, "\n");
    for (const FindingKind kind : kKinds) {
      AppendFindings(action, kind, most, &text);
    }
    text += "\n";
  }
  AppendProblems(report, &text);
  AppendWithoutLog(report, most, &text);
  if (report.logs_of_no_action > 0) {
    absl::StrAppend(&text, Counted(report.logs_of_no_action, "log"),
                    " of no action: of repository rules, for example\n\n");
  }

  const size_t undeclared =
      CountOf(report, FindingKind::kUndeclaredInput) +
      CountOf(report, FindingKind::kUndeclaredDerivedInput);
  absl::StrAppend(
      &text, Counted(report.logs, "log"), " of ",
      Counted(report.actions.size(), "action"), ": ",
      Counted(undeclared, "undeclared input"), ", ",
      Counted(CountOf(report, FindingKind::kUndeclaredOutput),
              "undeclared output"),
      ", ", Counted(CountOf(report, FindingKind::kUnreadInput), "unread input"),
      "\n");
  return text;
}

}  // namespace filemon::lint
