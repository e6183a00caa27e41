#include "bazel/lint/report.h"

namespace filemon::lint {

absl::string_view NameOf(FindingKind kind) {
  switch (kind) {
    case FindingKind::kUndeclaredInput:
      return "undeclared-input";
    case FindingKind::kUndeclaredDerivedInput:
      return "undeclared-derived-input";
    case FindingKind::kUndeclaredOutput:
      return "undeclared-output";
    case FindingKind::kUnreadInput:
      return "unread-input";
  }
  return "";
}

absl::string_view NameOf(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::kUnreadableLog:
      return "unreadable-log";
    case ProblemKind::kNoLog:
      return "no-log";
    case ProblemKind::kMalformedLog:
      return "malformed-log";
    case ProblemKind::kUnfinishedLog:
      return "unfinished-log";
    case ProblemKind::kFailedAction:
      return "failed-action";
    case ProblemKind::kIncompleteLog:
      return "incomplete-log";
    case ProblemKind::kNoSuchAction:
      return "no-such-action";
    case ProblemKind::kOtherConfiguration:
      return "other-configuration";
  }
  return "";
}

size_t CountOf(const Report& report, FindingKind kind) {
  size_t count = 0;
  for (const ReportedAction& action : report.actions) {
    for (const ReportedFinding& finding : action.findings) {
      if (finding.kind == kind) ++count;
    }
  }
  return count;
}

bool HasUndeclaredInputs(const Report& report) {
  return CountOf(report, FindingKind::kUndeclaredInput) > 0 ||
         CountOf(report, FindingKind::kUndeclaredDerivedInput) > 0;
}

}  // namespace filemon::lint
