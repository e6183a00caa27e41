#include "bazel/lint/aquery.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::lint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Inputs(const ActionGraph& graph, size_t action) {
  std::vector<std::string> paths;
  for (const Input& input : graph.InputsOf(graph.actions()[action])) {
    paths.push_back(input.artifact->path);
  }
  return paths;
}

std::vector<std::string> Outputs(const ActionGraph& graph, size_t action) {
  std::vector<std::string> paths;
  for (const size_t output : graph.actions()[action].outputs) {
    paths.push_back(graph.artifact(output).path);
  }
  return paths;
}

TEST(AqueryTest, ReadsWhatBazel4To8Print) {
  const auto graph = ParseAquery(R"({
    "artifacts": [
      {"id": 1, "pathFragmentId": 2},
      {"id": 2, "pathFragmentId": 3},
      {"id": 3, "pathFragmentId": 6, "isTreeArtifact": true},
      {"id": 4, "pathFragmentId": 7}],
    "actions": [{
      "targetId": 1, "actionKey": "00", "mnemonic": "Genrule",
      "configurationId": 1, "inputDepSetIds": [1], "outputIds": [4, 3],
      "primaryOutputId": 3, "discoversInputs": true}],
    "targets": [{"id": 1, "label": "//gen:t", "ruleClassId": 1}],
    "depSetOfFiles": [
      {"id": 2, "directArtifactIds": [2]},
      {"id": 1, "transitiveDepSetIds": [2], "directArtifactIds": [1]}],
    "pathFragments": [
      {"id": 1, "label": "data"},
      {"id": 2, "label": "with blank.txt", "parentId": 1},
      {"id": 3, "label": "\u00fcmlaut.txt", "parentId": 1},
      {"id": 4, "label": "bazel-out"},
      {"id": 5, "label": "k8", "parentId": 4},
      {"id": 6, "label": "t", "parentId": 5},
      {"id": 7, "label": "u", "parentId": 5}]})");
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->actions().size(), 1u);
  const Action& action = graph->actions()[0];
  EXPECT_EQ(action.target, "//gen:t");
  EXPECT_EQ(action.mnemonic, "Genrule");
  EXPECT_TRUE(action.discovers_inputs);
  EXPECT_THAT(Inputs(*graph, 0),
              ElementsAre("data/with blank.txt", "data/ümlaut.txt"));
  EXPECT_THAT(Outputs(*graph, 0),
              ElementsAre("bazel-out/k8/t", "bazel-out/k8/u"));
  EXPECT_TRUE(graph->artifact(action.outputs[0]).is_tree);
  EXPECT_FALSE(graph->artifact(action.outputs[1]).is_tree);
}

TEST(AqueryTest, ReadsTheOlderForm) {
  const auto graph = ParseAquery(R"({
    "artifacts": [{"id": "0", "execPath": "a/x"},
                  {"id": "1", "execPath": "bazel-out/k8/bin/a/y"}],
    "actions": [{"targetId": "0", "mnemonic": "Genrule",
                 "inputDepSetIds": ["0"], "outputIds": ["1"]}],
    "targets": [{"id": "0", "label": "//a:y"}],
    "depSetOfFiles": [{"id": "0", "directArtifactIds": ["0"]}]})");
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->actions().size(), 1u);
  EXPECT_EQ(graph->actions()[0].target, "//a:y");
  EXPECT_THAT(Inputs(*graph, 0), ElementsAre("a/x"));
  EXPECT_THAT(Outputs(*graph, 0), ElementsAre("bazel-out/k8/bin/a/y"));
}

TEST(AqueryTest, KnowsTheMainRepositoryByItsLongNames) {
  const auto graph = ParseAquery(R"({
    "actions": [{"targetId": 1}, {"targetId": 2}, {"targetId": 3},
                {"targetId": 4}],
    "targets": [{"id": 1, "label": "@//a:b"}, {"id": 2, "label": "@@//a:b"},
                {"id": 3, "label": "@r//a:b"}, {"id": 4, "label": "//a:b"}]})");
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<std::string> labels;
  for (const Action& action : graph->actions()) labels.push_back(action.target);
  EXPECT_THAT(labels, ElementsAre("//a:b", "//a:b", "@r//a:b", "//a:b"));
}

TEST(AqueryTest, LeavesOutWhatIsNotThere) {
  const auto graph = ParseAquery(R"({
    "artifacts": [{"id": 1, "pathFragmentId": 9}, 7, {"pathFragmentId": 1},
                  {"id": 2, "pathFragmentId": 2}],
    "pathFragments": [{"id": 1, "label": "a", "parentId": 2},
                      {"id": 2, "label": "b", "parentId": 1}],
    "actions": [{"targetId": 3, "inputDepSetIds": [4, "x", {}, -1, 1.5],
                 "outputIds": {"1": 1}, "primaryOutputId": 77}, "no object"]})");
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->actions().size(), 2u);
  EXPECT_EQ(graph->actions()[0].target, "");
  EXPECT_THAT(Inputs(*graph, 0), IsEmpty());
  EXPECT_THAT(Outputs(*graph, 0), IsEmpty());
}

TEST(AqueryTest, TakesAQueryWithoutAnswers) {
  const auto graph = ParseAquery("{\n}\n");
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_THAT(graph->actions(), IsEmpty());
}

TEST(AqueryTest, RefusesOtherThings) {
  EXPECT_THAT(ParseAquery("").status().message(), HasSubstr("not JSON"));
  EXPECT_THAT(ParseAquery("action 'Compiling'").status().message(),
              HasSubstr("not JSON"));
  EXPECT_THAT(ParseAquery("{\"actions\": [").status().message(),
              HasSubstr("not JSON"));
  EXPECT_THAT(ParseAquery("[]").status().message(), HasSubstr("jsonproto"));
  EXPECT_THAT(ParseAquery("{\"results\": []}").status().message(),
              HasSubstr("no actions"));
}

// A parser that calls itself for each bracket would not return from this.
TEST(AqueryTest, StandsDeepNesting) {
  const std::string deep(100000, '[');
  EXPECT_FALSE(ParseAquery(deep).ok());
  EXPECT_TRUE(
      ParseAquery("{\"actions\": " + deep + std::string(deep.size(), ']') + "}")
          .ok());
}

}  // namespace
}  // namespace filemon::lint
