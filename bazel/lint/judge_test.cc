#include "bazel/lint/judge.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "bazel/lint/graph_builder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::lint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kEnd[] = "X 7 0 0\n# Stop 2.0\n# Bye bye\n";

std::string LogText(double start, const std::string& records,
                    const std::string& end = kEnd) {
  return absl::StrCat("# filemon version 5\n# Target pid 7\n# Start ", start,
                      "\nV 5\n", records, end);
}

class JudgeTest : public ::testing::Test {
 protected:
  Report JudgeLogs(const std::vector<Log>& logs) const {
    return Judge(logs, graph_, labels_, rules_, "/src");
  }

  // What is wrong with one log, as "kind target text".
  std::vector<std::string> ProblemsOf(const std::string& text) const {
    std::vector<std::string> problems;
    for (const Problem& problem : JudgeLogs({{"log", text}}).problems) {
      EXPECT_EQ(problem.log, "log");
      problems.push_back(absl::StrCat(NameOf(problem.kind), " ", problem.target,
                                      " ", problem.text));
    }
    return problems;
  }

  const ActionGraph graph_ =
      GraphBuilder()
          .Add("//b:t", "Genrule", {"b/x"}, {"bazel-out/k8/bin/b/o"})
          .Add("//a:t", "Genrule", {"a/x"}, {"bazel-out/k8/bin/a/o"})
          .Add("//a:test", "TestRunner", {"a/x"},
               {"bazel-out/k8/testlogs/a/test/test.log"})
          .Add("//a:nothing", "FileWrite", {}, {"bazel-out/k8/bin/a/w"})
          .Add("@r//a:t", "Genrule", {"a/x"}, {"bazel-out/k8/bin/r"})
          .Build();
  const Labels labels_{graph_, [](const std::string&) { return false; }};
  const FindingRules rules_{};
  const std::string a_ = "R 7 /r/a/x\nW 7 /r/bazel-out/k8/bin/a/o\n";
  const std::string b_ = "R 7 /r/b/x\nW 7 /r/bazel-out/k8/bin/b/o\n";
};

TEST_F(JudgeTest, ReportsEachAction) {
  const Report report =
      JudgeLogs({{"2", LogText(1, b_)},
                 {"1", LogText(1, a_ + "R 7 /r/bazel-out/k8/bin/b/o\n"
                                       "R 7 /src/a/y\n")}});
  EXPECT_EQ(report.logs, 2u);
  EXPECT_THAT(report.problems, IsEmpty());
  ASSERT_EQ(report.actions.size(), 2u);
  EXPECT_EQ(report.actions[0].target, "//a:t");
  EXPECT_EQ(report.actions[0].mnemonic, "Genrule");
  EXPECT_EQ(report.actions[0].output, "bazel-out/k8/bin/a/o");
  EXPECT_EQ(report.actions[0].log, "1");
  ASSERT_EQ(report.actions[0].findings.size(), 2u);
  const ReportedFinding& source = report.actions[0].findings[0];
  EXPECT_EQ(source.kind, FindingKind::kUndeclaredInput);
  EXPECT_EQ(source.path, "a/y");
  EXPECT_EQ(source.label, "//a:y");
  EXPECT_EQ(source.maker, "");
  const ReportedFinding& derived = report.actions[0].findings[1];
  EXPECT_EQ(derived.kind, FindingKind::kUndeclaredDerivedInput);
  EXPECT_EQ(derived.label, "//b:o");
  EXPECT_EQ(derived.maker, "//b:t");
  EXPECT_EQ(report.actions[1].target, "//b:t");
  EXPECT_THAT(report.actions[1].findings, IsEmpty());
  // Of other repositories, and of actions without processes, nobody asks.
  EXPECT_THAT(report.targets_without_log, ElementsAre("//a:test"));
}

TEST_F(JudgeTest, BazelsOwnProgramsAreNotJudged) {
  const Report report = JudgeLogs(
      {{"1", LogText(1, "R 7 /opt/x\nW 7 /r/bazel-out/k8/bin/a/w\n")}});
  EXPECT_THAT(report.actions, IsEmpty());
  EXPECT_THAT(report.problems, IsEmpty());
}

TEST_F(JudgeTest, RepositoryRulesAreCounted) {
  const Report report =
      JudgeLogs({{"1", LogText(1, "E 7 /usr/bin/gcc\n", "X 7 1 0\n")}});
  EXPECT_THAT(report.actions, IsEmpty());
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.logs_of_no_action, 1u);
}

TEST_F(JudgeTest, TheLastLogCounts) {
  const Log early{"1", LogText(1, a_ + "R 7 /opt/early\n")};
  const Log late{"2", LogText(2, a_ + "R 7 /opt/late\n")};
  for (const auto& logs :
       {std::vector<Log>{early, late}, std::vector<Log>{late, early}}) {
    const Report report = JudgeLogs(logs);
    ASSERT_EQ(report.actions.size(), 1u);
    ASSERT_EQ(report.actions[0].findings.size(), 1u);
    EXPECT_EQ(report.actions[0].findings[0].path, "/opt/late");
    EXPECT_EQ(report.actions[0].log, "2");
  }
}

TEST_F(JudgeTest, TheTestCountsAndNotTheWriterOfItsXml) {
  const std::string runs = "C 7 /r/bazel-out/k8/bin/a/test.runfiles/ws\n";
  const std::string writes = "W 7 /r/bazel-out/k8/testlogs/a/test/test.xml\n";
  const Report report =
      JudgeLogs({{"test", LogText(1, runs)}, {"xml", LogText(2, writes)}});
  ASSERT_EQ(report.actions.size(), 1u);
  EXPECT_EQ(report.actions[0].log, "test");
}

TEST_F(JudgeTest, SaysWhatIsWrongWithALog) {
  EXPECT_THAT(ProblemsOf(LogText(1, a_)), IsEmpty());
  EXPECT_THAT(ProblemsOf(""), ElementsAre("no-log  this is no filemon log"));
  EXPECT_THAT(ProblemsOf("\x7f"
                         "ELF"),
              ElementsAre(HasSubstr("no-log")));
  EXPECT_THAT(ProblemsOf(LogText(1, a_ + "R\n")),
              ElementsAre(HasSubstr("malformed-log //a:t line 7: ")));
  EXPECT_THAT(ProblemsOf(LogText(1, a_, "")),
              ElementsAre(HasSubstr("unfinished-log //a:t ")));
  EXPECT_THAT(ProblemsOf(LogText(1, a_, "X 7 2 0\n# Bye bye\n")),
              ElementsAre("failed-action //a:t the action failed with "
                          "status 2"));
  EXPECT_THAT(ProblemsOf(LogText(1, a_, "X 7 0 15\n# Bye bye\n")),
              ElementsAre("failed-action //a:t the action was ended by "
                          "signal 15"));
  EXPECT_THAT(ProblemsOf(LogText(1, a_ + "# untraced 8 /opt/t: static\n")),
              ElementsAre("incomplete-log //a:t not seen: what these did: "
                          "/opt/t"));
  EXPECT_THAT(ProblemsOf(LogText(1, a_ + "# lost 1 records of 7\n")),
              ElementsAre(HasSubstr("incomplete-log //a:t ")));
  EXPECT_THAT(ProblemsOf(LogText(1, "W 7 /r/bazel-out/k9/bin/a/o\n")),
              ElementsAre(HasSubstr("other-configuration  ")));
  EXPECT_THAT(ProblemsOf(LogText(1, "E 7 /bin/ls\nR 7 /o/execroot/w/x\n")),
              ElementsAre("no-such-action  it wrote no file below bazel-out "
                          "(/bin/ls)"));
}

TEST_F(JudgeTest, GoesOnAfterALogThatCannotBeRead) {
  const Report report = JudgeLogs(
      {{"0", absl::UnknownError("cannot read 0")}, {"1", LogText(1, a_)}});
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_EQ(report.problems[0].kind, ProblemKind::kUnreadableLog);
  EXPECT_EQ(report.problems[0].text, "cannot read 0");
  EXPECT_EQ(report.actions.size(), 1u);
}

// Undeclared is undeclared, also in a run that failed.
TEST_F(JudgeTest, JudgesFailedActionsToo) {
  const Report report =
      JudgeLogs({{"1", LogText(1, "R 7 /opt/x\nW 7 /r/bazel-out/k8/bin/a/o\n",
                               "X 7 1 0\n# Bye bye\n")}});
  ASSERT_EQ(report.actions.size(), 1u);
  ASSERT_EQ(report.actions[0].findings.size(), 1u);
  EXPECT_EQ(report.actions[0].findings[0].path, "/opt/x");
}

}  // namespace
}  // namespace filemon::lint
