#include "bazel/lint/action_graph.h"

#include <string>
#include <vector>

#include "bazel/lint/graph_builder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::lint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// The inputs of the graph's action `index`; one that came in a bundle in
// parentheses.
std::vector<std::string> Inputs(const ActionGraph& graph, size_t index) {
  std::vector<std::string> names;
  for (const Input& input : graph.InputsOf(graph.actions()[index])) {
    const std::string& path = input.artifact->path;
    names.push_back(input.bundled ? "(" + path + ")" : path);
  }
  return names;
}

TEST(ActionGraphTest, CollectsInputsOfSetsOfSets) {
  // 0 and 1 contain one another, which Bazel never writes.
  const ActionGraph graph({{"a"}, {"b"}, {"c"}},
                          {{{1}, {0}}, {{0, 2}, {1}}, {{}, {1, 2}}},
                          {{"//:t", "Genrule", false, {0}, {}}});
  EXPECT_THAT(Inputs(graph, 0), ElementsAre("a", "b", "c"));
}

TEST(ActionGraphTest, TakesBundlesApart) {
  const ActionGraph graph =
      GraphBuilder()
          .Add("//:t", "Genrule", {"src", "mid", "both"}, {"bazel-out/k/bin/o"})
          .Add("//:tool", "Middleman", {"data", "both", "inner"}, {"mid"})
          .Add("//:lib", "Middleman", {"deep", "mid"}, {"inner"})
          .Build();
  EXPECT_THAT(Inputs(graph, 0),
              ElementsAre("both", "(data)", "(deep)", "(inner)", "mid", "src"));
}

TEST(ActionGraphTest, KnowsWhoMakesWhat) {
  const ActionGraph graph =
      GraphBuilder()
          .Add("//a:t", "Tree", {"a/x"}, {"bazel-out/k8/bin/a/t/"})
          .Add("//a:f", "Genrule", {"a/x"}, {"bazel-out/k8/bin/a/f"})
          .Add("//a:m", "Middleman", {"a/x"}, {"bazel-out/k8/internal/mid"})
          .Build();
  EXPECT_EQ(graph.MakerOf("bazel-out/k8/bin/a/f"), &graph.actions()[1]);
  EXPECT_EQ(graph.MakerOf("bazel-out/k8/bin/a/t/b/c"), &graph.actions()[0]);
  EXPECT_EQ(graph.MakerOf("bazel-out/k8/bin/a/ff"), nullptr);
  EXPECT_EQ(graph.MakerOf("bazel-out/k8/bin/a"), nullptr);
  EXPECT_EQ(graph.MakerOf("a/x"), nullptr);
  EXPECT_EQ(graph.MakerOf("bazel-out/k8/internal/mid"), nullptr);
  EXPECT_THAT(graph.output_folders(), UnorderedElementsAre("k8"));
}

TEST(ActionGraphTest, KnowsTestsByResultsAndRunfiles) {
  const ActionGraph graph =
      GraphBuilder()
          .Add("//a:t", "TestRunner", {"a/x"},
               {"bazel-out/k8/testlogs/a/t/test.log",
                "bazel-out/k8/testlogs/a/t/test.cache_status"})
          .Build();
  const Action* const test = &graph.actions()[0];
  EXPECT_EQ(graph.TestWithResultsAt("bazel-out/k8/testlogs/a/t/test.xml"),
            test);
  EXPECT_EQ(graph.TestWithResultsAt("bazel-out/k8/testlogs/a/u/test.xml"),
            nullptr);
  EXPECT_EQ(graph.TestWithRunfile("bazel-out/k8/bin/a/t.runfiles/ws/data"),
            test);
  EXPECT_EQ(graph.TestWithRunfile("bazel-out/k8/bin/a/t"), nullptr);
}

TEST(ActionGraphTest, FollowsBazelsLinksBothWays) {
  const ActionGraph graph =
      GraphBuilder()
          .Add("//:a", "SolibSymlink", {"real.so"}, {"solib/real.so"})
          .Add("//:b", "ExecutableSymlink", {"solib/real.so"}, {"third"})
          .Add("//:c", "Genrule", {"real.so"}, {"copy"})
          .Build();
  EXPECT_THAT(graph.LinkedWith("third"),
              UnorderedElementsAre("solib/real.so", "real.so"));
  EXPECT_THAT(graph.LinkedWith("real.so"),
              UnorderedElementsAre("solib/real.so", "third"));
  EXPECT_THAT(graph.LinkedWith("copy"), IsEmpty());
}

}  // namespace
}  // namespace filemon::lint
