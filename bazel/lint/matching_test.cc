#include "bazel/lint/matching.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "bazel/lint/graph_builder.h"
#include "gtest/gtest.h"

namespace filemon::lint {
namespace {

class MatchingTest : public ::testing::Test {
 protected:
  Match MatchOf(const std::string& records) const {
    return MatchAction(
        ReadFileUse(absl::StrCat("# Target pid 7\n", records, "# Bye bye\n")),
        graph_);
  }

  const ActionGraph graph_ =
      GraphBuilder()
          .Add("//a:t", "Genrule", {"a/x"},
               {"bazel-out/k8/bin/a/one", "bazel-out/k8/bin/a/two"})
          .Add("//a:tree", "Tree", {"a/x"}, {"bazel-out/k8/bin/a/tree/"})
          .Add("//a:test", "TestRunner", {"a/x"},
               {"bazel-out/k8/testlogs/a/test/test.log"})
          .Build();
  const Action* const genrule_ = &graph_.actions()[0];
  const Action* const tree_ = &graph_.actions()[1];
  const Action* const test_ = &graph_.actions()[2];
};

TEST_F(MatchingTest, ByAnOutput) {
  const Match match =
      MatchOf("W 7 /ob/execroot/ws/bazel-out/k8/bin/a/one\nX 7 0 0\n");
  EXPECT_EQ(match.action, genrule_);
  EXPECT_EQ(match.folder, "/ob/execroot/ws");
}

TEST_F(MatchingTest, ByAnOutputThatWasRenamedOrIsGone) {
  EXPECT_EQ(MatchOf("M 7 '/r/tmp' '/r/bazel-out/k8/bin/a/two'\n").action,
            genrule_);
  EXPECT_EQ(MatchOf("W 7 /r/bazel-out/k8/bin/a/two\n"
                    "D 7 /r/bazel-out/k8/bin/a/two\n")
                .action,
            genrule_);
  EXPECT_EQ(MatchOf("L 7 '/x' '/r/bazel-out/k8/bin/a/two'\n").action, genrule_);
}

TEST_F(MatchingTest, ByAFileInATree) {
  const Match match = MatchOf("W 7 /r/bazel-out/k8/bin/a/tree/deep/f\n");
  EXPECT_EQ(match.action, tree_);
  EXPECT_EQ(match.folder, "/r");
}

TEST_F(MatchingTest, ByRelativeNames) {
  const Match match = MatchOf("W 7 bazel-out/k8/bin/a/one\n");
  EXPECT_EQ(match.action, genrule_);
  EXPECT_EQ(match.folder, "");
}

// An outer Bazel's action, below whose own bazel-out an inner Bazel works.
TEST_F(MatchingTest, BelowAnotherBazelOut) {
  const Match match =
      MatchOf("W 7 /o/bazel-out/x/tmp/in/bazel-out/k8/bin/a/one\n");
  EXPECT_EQ(match.action, genrule_);
  EXPECT_EQ(match.folder, "/o/bazel-out/x/tmp/in");
}

TEST_F(MatchingTest, TheMostOutputsWin) {
  EXPECT_EQ(MatchOf("W 7 /r/bazel-out/k8/bin/a/tree/stray\n"
                    "W 7 /r/bazel-out/k8/bin/a/one\n"
                    "W 7 /r/bazel-out/k8/bin/a/two\n")
                .action,
            genrule_);
}

TEST_F(MatchingTest, TestsByResultsOrRunfiles) {
  EXPECT_EQ(MatchOf("W 7 /r/bazel-out/k8/testlogs/a/test/test.xml\n").action,
            test_);
  const Match match =
      MatchOf("C 7 /r/bazel-out/k8/bin/a/test.runfiles/ws\nX 7 0 0\n");
  EXPECT_EQ(match.action, test_);
  EXPECT_EQ(match.folder, "/r");
}

TEST_F(MatchingTest, SaysWhyNot) {
  Match match = MatchOf("W 7 /r/bazel-out/k8-opt/bin/a/one\n");
  EXPECT_EQ(match.action, nullptr);
  EXPECT_EQ(match.why_not, WhyNot::kOtherConfiguration);
  EXPECT_EQ(match.unknown_output, "bazel-out/k8-opt/bin/a/one");

  match = MatchOf("W 7 /r/bazel-out/k8/bin/b/other\n");
  EXPECT_EQ(match.action, nullptr);
  EXPECT_EQ(match.why_not, WhyNot::kUnknownOutput);
  EXPECT_EQ(match.unknown_output, "bazel-out/k8/bin/b/other");

  match = MatchOf(
      "R 7 /ob/execroot/ws/a/x\nW 7 /r/my-bazel-out/k8/bin/a/one\n"
      "W 7 /ob/execroot/ws/bazel-out/_tmp/stdout-1\n");
  EXPECT_EQ(match.action, nullptr);
  EXPECT_EQ(match.why_not, WhyNot::kNoOutput);
  EXPECT_EQ(MatchOf("R 7 a/x\n").why_not, WhyNot::kNoOutput);

  EXPECT_EQ(MatchOf("R 7 /o/execroot/w/_tmp/0f/in/external/r/x\n").why_not,
            WhyNot::kNoAction);
  EXPECT_EQ(MatchOf("R 7 /o/execroot/w/_tmp/0f/in/execroot/v/x\n").why_not,
            WhyNot::kNoOutput);
  match = MatchOf("E 7 /usr/bin/gcc\nW 7 /tmp/x\n");
  EXPECT_EQ(match.action, nullptr);
  EXPECT_EQ(match.why_not, WhyNot::kNoAction);
}

}  // namespace
}  // namespace filemon::lint
