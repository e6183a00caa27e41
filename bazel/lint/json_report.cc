#include <nlohmann/json.hpp>

#include "bazel/lint/report.h"

namespace filemon::lint {
namespace {

using Json = nlohmann::ordered_json;

Json FindingObject(const ReportedFinding& finding) {
  Json object = {{"kind", std::string(NameOf(finding.kind))},
                 {"path", finding.path}};
  if (!finding.label.empty()) object["label"] = finding.label;
  if (!finding.maker.empty()) object["made_by"] = finding.maker;
  return object;
}

}  // namespace

std::string JsonReport(const Report& report) {
  Json actions = Json::array();
  for (const ReportedAction& action : report.actions) {
    Json findings = Json::array();
    for (const ReportedFinding& finding : action.findings) {
      findings.push_back(FindingObject(finding));
    }
    actions.push_back({{"target", action.target},
                       {"mnemonic", action.mnemonic},
                       {"output", action.output},
                       {"log", action.log},
                       {"findings", std::move(findings)}});
  }
  Json problems = Json::array();
  for (const Problem& problem : report.problems) {
    Json object = {{"kind", std::string(NameOf(problem.kind))},
                   {"log", problem.log},
                   {"text", problem.text}};
    if (!problem.target.empty()) object["target"] = problem.target;
    problems.push_back(std::move(object));
  }
  const Json json = {{"version", 1},
                     {"logs", report.logs},
                     {"logs_of_no_action", report.logs_of_no_action},
                     {"actions", std::move(actions)},
                     {"problems", std::move(problems)},
                     {"targets_without_log", report.targets_without_log}};
  // A name that is no UTF-8 cannot be in JSON as it is.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace filemon::lint
