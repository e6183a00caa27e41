#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bazel/lint/labels.h"
#include "bazel/lint/report.h"

namespace filemon::lint {
namespace {

using Json = nlohmann::ordered_json;

struct Rule {
  FindingKind kind;
  const char* level;
  const char* text;
};

constexpr Rule kRules[] = {
    {FindingKind::kUndeclaredInput, "error",
     "An action reads a file that is none of its inputs"},
    {FindingKind::kUndeclaredDerivedInput, "error",
     "An action reads the output of another action that is none of its inputs"},
    {FindingKind::kUndeclaredOutput, "warning",
     "An action leaves a file that is none of its outputs"},
    {FindingKind::kUnreadInput, "note",
     "An action has an input that it does not read"},
};

size_t RuleIndex(FindingKind kind) {
  size_t index = 0;
  while (kRules[index].kind != kind) ++index;
  return index;
}

absl::string_view Verb(FindingKind kind) {
  switch (kind) {
    case FindingKind::kUndeclaredInput:
    case FindingKind::kUndeclaredDerivedInput:
      return " reads, but does not declare, ";
    case FindingKind::kUndeclaredOutput:
      return " writes, but does not declare, ";
    case FindingKind::kUnreadInput:
      return " declares, but does not read, ";
  }
  return "";
}

// A path as a relative URI: RFC 3986's unreserved characters stay.
std::string Uri(absl::string_view path) {
  constexpr absl::string_view kPlain = "-._~/";
  std::string uri;
  for (const char c : path) {
    if (absl::ascii_isalnum(c) || kPlain.find(c) != kPlain.npos) {
      uri += c;
    } else {
      absl::StrAppend(&uri, "%",
                      absl::BytesToHexString(absl::string_view(&c, 1)));
    }
  }
  return uri;
}

Json RuleObject(const Rule& rule) {
  return {{"id", std::string(NameOf(rule.kind))},
          {"shortDescription", {{"text", rule.text}}},
          {"defaultConfiguration", {{"level", rule.level}}}};
}

Json ResultObject(const ReportedAction& action, const ReportedFinding& finding,
                  const std::string& build_file) {
  const size_t rule = RuleIndex(finding.kind);
  Json location = {{"logicalLocations",
                    Json::array({{{"fullyQualifiedName", action.target}}})}};
  if (!build_file.empty()) {
    location["physicalLocation"] = {
        {"artifactLocation",
         {{"uri", Uri(build_file)}, {"uriBaseId", "%SRCROOT%"}}},
        {"region", {{"startLine", 1}}}};
  }
  const std::string& name =
      finding.label.empty() ? finding.path : finding.label;
  std::string text = absl::StrCat(action.mnemonic, " of ", action.target,
                                  Verb(finding.kind), name);
  if (!finding.maker.empty()) {
    absl::StrAppend(&text, " (made by ", finding.maker, ")");
  }
  // The same finding in the next run has the same name.
  const std::string fingerprint =
      absl::StrCat(action.output, " ", NameOf(finding.kind), " ", finding.path);
  return {{"ruleId", std::string(NameOf(finding.kind))},
          {"ruleIndex", rule},
          {"level", kRules[rule].level},
          {"message", {{"text", text}}},
          {"locations", Json::array({std::move(location)})},
          {"partialFingerprints", {{"actionAndPath/v1", fingerprint}}}};
}

}  // namespace

std::string SarifReport(
    const Report& report,
    const std::function<std::string(absl::string_view package)>& build_file) {
  Json rules = Json::array();
  for (const Rule& rule : kRules) rules.push_back(RuleObject(rule));

  Json results = Json::array();
  for (const ReportedAction& action : report.actions) {
    const std::string place = IsExternal(action.target)
                                  ? std::string()
                                  : build_file(PackageOf(action.target));
    for (const ReportedFinding& finding : action.findings) {
      results.push_back(ResultObject(action, finding, place));
    }
  }

  Json notifications = Json::array();
  for (const Problem& problem : report.problems) {
    notifications.push_back(
        {{"level", "warning"},
         {"descriptor", {{"id", std::string(NameOf(problem.kind))}}},
         {"message",
          {{"text", absl::StrCat(problem.log, ": ", problem.text)}}}});
  }

  Json run = {
      {"tool",
       {{"driver", {{"name", "filemon bazel lint"}, {"rules", rules}}}}},
      {"invocations",
       Json::array({{{"executionSuccessful", true},
                     {"toolExecutionNotifications", notifications}}})},
      {"results", std::move(results)}};
  const Json json = {
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs", Json::array({std::move(run)})}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace filemon::lint
