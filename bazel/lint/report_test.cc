#include "bazel/lint/report.h"

#include <nlohmann/json.hpp>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::lint {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

Report Sample() {
  Report report;
  report.logs = 3;
  report.actions = {
      {"//a:t",
       "Genrule",
       "bazel-out/k8/bin/a/o",
       "logs/1",
       {{FindingKind::kUndeclaredInput, "a b/\"x\"", "//a b:\"x\"", ""},
        {FindingKind::kUndeclaredInput, "/opt/\xff", "", ""},
        {FindingKind::kUndeclaredDerivedInput, "bazel-out/k8/bin/a/p", "//a:p",
         "//a:maker"},
        {FindingKind::kUndeclaredOutput, "bazel-out/k8/bin/a/side", "//a:side",
         ""},
        {FindingKind::kUnreadInput, "a/never", "//a:never", ""}}},
      {"//b:fine", "Genrule", "bazel-out/k8/bin/b/o", "logs/2", {}}};
  report.problems = {
      {ProblemKind::kFailedAction, "logs/3", "//c:t", "failed with status 1"}};
  report.targets_without_log = {"//d:t"};
  return report;
}

std::string BuildFile(absl::string_view package) {
  return std::string(package.substr(2)) + "/BUILD.bazel";
}

TEST(TextReportTest, SaysAllOfIt) {
  const std::string text = TextReport(Sample(), 10);
  EXPECT_THAT(text, HasSubstr("//a:t\n  Genrule bazel-out/k8/bin/a/o\n"
                              "    reads, but does not declare:\n"
                              "      //a b:\"x\"\n      /opt/\xff\n"));
  EXPECT_THAT(text, HasSubstr("      //a:p  (made by //a:maker)\n"));
  EXPECT_THAT(text, HasSubstr("writes, but does not declare:\n"
                              "      //a:side\n"));
  EXPECT_THAT(text, HasSubstr("declares, but does not read:\n"
                              "      //a:never\n"));
  EXPECT_THAT(text, HasSubstr("logs/3: //c:t: failed with status 1\n"));
  EXPECT_THAT(text, HasSubstr("  //d:t\n"));
  EXPECT_THAT(text, Not(HasSubstr("//b:fine")));
  EXPECT_THAT(text, HasSubstr("3 logs of 2 actions: 3 undeclared inputs, "
                              "1 undeclared output, 1 unread input\n"));
}

TEST(TextReportTest, CutsLongLists) {
  const std::string text = TextReport(Sample(), 1);
  EXPECT_THAT(text, HasSubstr("//a b:\"x\"\n      ... and 1 more"));
  EXPECT_THAT(text, Not(HasSubstr("/opt/")));
  EXPECT_THAT(TextReport(Sample(), 0), HasSubstr("/opt/"));
}

TEST(JsonReportTest, HoldsAllOfIt) {
  const Json json = Json::parse(JsonReport(Sample()));
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["logs"], 3);
  ASSERT_EQ(json["actions"].size(), 2u);
  const Json& action = json["actions"][0];
  EXPECT_EQ(action["target"], "//a:t");
  EXPECT_EQ(action["mnemonic"], "Genrule");
  EXPECT_EQ(action["output"], "bazel-out/k8/bin/a/o");
  EXPECT_EQ(action["log"], "logs/1");
  ASSERT_EQ(action["findings"].size(), 5u);
  EXPECT_EQ(action["findings"][0], Json({{"kind", "undeclared-input"},
                                         {"path", "a b/\"x\""},
                                         {"label", "//a b:\"x\""}}));
  // No JSON can hold the byte 0xff as it is.
  EXPECT_EQ(action["findings"][1]["path"], "/opt/\xEF\xBF\xBD");
  EXPECT_EQ(action["findings"][2]["made_by"], "//a:maker");
  EXPECT_EQ(json["problems"][0], Json({{"kind", "failed-action"},
                                       {"log", "logs/3"},
                                       {"target", "//c:t"},
                                       {"text", "failed with status 1"}}));
  EXPECT_EQ(json["targets_without_log"], Json({"//d:t"}));
}

TEST(SarifReportTest, HasWhatTheStandardAsksFor) {
  const Json json = Json::parse(SarifReport(Sample(), BuildFile));
  EXPECT_EQ(json["version"], "2.1.0");
  ASSERT_EQ(json["runs"].size(), 1u);
  const Json& run = json["runs"][0];
  const Json& rules = run["tool"]["driver"]["rules"];
  EXPECT_EQ(run["tool"]["driver"]["name"], "filemon bazel lint");
  ASSERT_EQ(run["results"].size(), 5u);
  for (const Json& result : run["results"]) {
    EXPECT_EQ(rules[result["ruleIndex"].get<size_t>()]["id"], result["ruleId"]);
    EXPECT_TRUE(result["message"]["text"].is_string());
    const Json& location = result["locations"][0];
    EXPECT_EQ(location["physicalLocation"]["artifactLocation"]["uri"],
              "a/BUILD.bazel");
    EXPECT_EQ(location["logicalLocations"][0]["fullyQualifiedName"], "//a:t");
  }
  EXPECT_EQ(run["results"][0]["level"], "error");
  EXPECT_EQ(run["results"][4]["level"], "note");
  EXPECT_THAT(
      run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
          .get<std::string>(),
      HasSubstr("failed with status 1"));
}

TEST(SarifReportTest, WritesPathsAsUris) {
  Report report = Sample();
  report.actions[0].target = "//a b:t";
  const Json json = Json::parse(SarifReport(report, BuildFile));
  EXPECT_EQ(json["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
                ["artifactLocation"]["uri"],
            "a%20b/BUILD.bazel");
}

TEST(ReportTest, AnUndeclaredOutputIsNoUndeclaredInput) {
  Report report = Sample();
  EXPECT_TRUE(HasUndeclaredInputs(report));
  auto& findings = report.actions[0].findings;
  findings.erase(findings.begin(), findings.begin() + 2);
  EXPECT_TRUE(HasUndeclaredInputs(report));
  findings.erase(findings.begin());
  EXPECT_FALSE(HasUndeclaredInputs(report));
}

}  // namespace
}  // namespace filemon::lint
