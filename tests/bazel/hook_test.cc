// The hook and the lint, with the Bazel at hand, under each of its strategies.
#include <algorithm>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/bazel/hooked_workspace.h"

namespace filemon {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::json;

// All that needs nothing but the hook.
constexpr char kAll[] =
    "//crowd/... + //data/... + //greet/... + //sane/... + //sins/...";

// One Bazel for all tests: its start takes longer than the rest.
class HookTest : public ::testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() {
    if (workspace_ == nullptr) workspace_ = new HookedWorkspace;
  }
  static void TearDownTestSuite() {
    delete workspace_;
    workspace_ = nullptr;
  }

  // Builds from nothing with this test's strategy, for everything.
  CommandResult Build(const std::string& command) const {
    workspace_->Bazel("clean");
    workspace_->RemoveLogs();
    return workspace_->Bazel(absl::StrCat(
        command, " --config=filemon ", "--spawn_strategy=", GetParam(),
        " --genrule_strategy=", GetParam(), " --noshow_progress"));
  }

  Json Report(const std::string& aquery) const {
    const CommandResult lint = workspace_->Lint(aquery, "--format=json");
    // 2: no action could be judged.
    EXPECT_THAT(lint.status, AnyOf(0, 2)) << lint.output;
    Json report = Json::parse(lint.output, nullptr, false);
    EXPECT_FALSE(report.is_discarded()) << lint.output;
    if (!report.is_object()) report = Json::object();
    for (const char* list : {"actions", "problems", "targets_without_log"}) {
      if (!report.contains(list)) report[list] = Json::array();
    }
    return report;
  }

  static HookedWorkspace* workspace_;
};

HookedWorkspace* HookTest::workspace_ = nullptr;

// Each finding as "target kind label", and who makes the file.
std::vector<std::string> Findings(const Json& report) {
  std::vector<std::string> findings;
  for (const Json& action : report["actions"]) {
    for (const Json& finding : action["findings"]) {
      std::string text = absl::StrCat(
          action["target"].get<std::string>(), " ",
          finding["kind"].get<std::string>(), " ",
          finding.value("label", finding["path"].get<std::string>()));
      if (finding.contains("made_by")) {
        absl::StrAppend(&text, " of ", finding["made_by"].get<std::string>());
      }
      findings.push_back(text);
    }
  }
  return findings;
}

std::vector<std::string> TargetsWithLogs(const Json& report) {
  std::vector<std::string> targets;
  for (const Json& action : report["actions"]) {
    targets.push_back(absl::StrCat(action["target"].get<std::string>(), " ",
                                   action["mnemonic"].get<std::string>()));
  }
  return targets;
}

// Each problem as "kind target text".
std::vector<std::string> Problems(const Json& report) {
  std::vector<std::string> problems;
  for (const Json& problem : report["problems"]) {
    problems.push_back(absl::StrCat(problem["kind"].get<std::string>(), " ",
                                    problem.value("target", ""), " ",
                                    problem["text"].get<std::string>()));
  }
  return problems;
}

TEST_P(HookTest, FindsTheSinsAndNothingElse) {
  const CommandResult build =
      Build(absl::StrCat("test ", absl::StrReplaceAll(kAll, {{" + ", " "}})));
  ASSERT_EQ(build.status, 0) << build.output;

  const Json report = Report(absl::StrCat("'deps(", kAll, ")'"));
  EXPECT_THAT(
      Findings(report),
      UnorderedElementsAre(
          "//sins:careless unread-input //sins:never.txt",
          "//sins:never_read unread-input //sins:never.txt",
          "//sins:prying_test undeclared-input //sins:secret.h",
          "//sins:prying_test unread-input //sins:never.txt",
          "//sins:reads_output_of_other undeclared-derived-input //sins:b.txt "
          "of //sins:pair",
          "//sins:undeclared_header undeclared-input //sins:secret.h",
          "//sins:undeclared_output undeclared-output //sins:side.txt"));
  EXPECT_THAT(Problems(report), IsEmpty());
  EXPECT_THAT(
      TargetsWithLogs(report),
      IsSupersetOf({"//greet:greet CppCompile", "//greet:greet CppLink",
                    "//greet:greet_test CppCompile",
                    "//greet:greet_test TestRunner", "//greet:hello CppLink",
                    "//greet:shell_test TestRunner", "//sane:from_tree Genrule",
                    "//sane:leaves Tree", "//sane:run_hello Genrule",
                    "//sane:scratch Genrule", "//sane:tooled Genrule",
                    "//sins:pair Genrule"}));
  EXPECT_THAT(report["targets_without_log"], IsEmpty());
}

TEST_P(HookTest, AnUndeclaredInputCanBeAnError) {
  ASSERT_EQ(Build("build //sins:undeclared_header").status, 0);
  const std::string aquery = "//sins:undeclared_header";
  EXPECT_EQ(workspace_->Lint(aquery, "--error").status, 1);
  EXPECT_EQ(workspace_->Lint(aquery, "--error --allow=//sins/secret.h").status,
            0);
  const CommandResult text = workspace_->Lint(aquery, "");
  EXPECT_EQ(text.status, 0);
  EXPECT_THAT(text.output, HasSubstr("//sins:secret.h"));
}

TEST_P(HookTest, SaysWhichActionsDidNotEndWell) {
  const CommandResult build = Build(
      "test --keep_going --test_timeout=1 //sins:fails //sins:killed "
      "//sins:endless_test");
  EXPECT_NE(build.status, 0);

  const std::vector<std::string> problems =
      Problems(Report("'//sins:fails + //sins:killed + //sins:endless_test'"));
  EXPECT_THAT(problems, Contains("failed-action //sins:fails the action failed "
                                 "with status 3"));
  EXPECT_THAT(problems, Contains(HasSubstr("failed-action //sins:killed ")));
  EXPECT_THAT(problems, Contains(HasSubstr("//sins:endless_test")));
}

TEST_P(HookTest, SaysWhenAqueryIsOfAnotherConfiguration) {
  ASSERT_EQ(Build("build //sins:pair").status, 0);
  const Json report = Report("-c opt //sins:pair");
  EXPECT_THAT(report["actions"], IsEmpty());
  EXPECT_THAT(Problems(report),
              AllOf(SizeIs(1), Each(HasSubstr("other-configuration"))));
}

TEST_P(HookTest, LosesNoLogInACrowd) {
  const CommandResult build = Build("build //crowd/... --jobs=16");
  ASSERT_EQ(build.status, 0) << build.output;
  const Json report = Report("//crowd/...");
  EXPECT_THAT(report["actions"], SizeIs(100));
  EXPECT_THAT(Findings(report), IsEmpty());
  EXPECT_THAT(Problems(report), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Strategies, HookTest,
                         ::testing::Values("linux-sandbox",
                                           "processwrapper-sandbox", "local"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace filemon
