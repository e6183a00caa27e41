#include "bazel/lint/labels.h"

#include "bazel/lint/graph_builder.h"
#include "gtest/gtest.h"

namespace filemon::lint {
namespace {

class LabelsTest : public ::testing::Test {
 protected:
  const ActionGraph graph_ = GraphBuilder()
                                 .Add("//a/b:t", "Genrule", {"x"}, {"o"})
                                 .Add("//:top", "Genrule", {"x"}, {"p"})
                                 .Add("@r//q:t", "Genrule", {"x"}, {"q"})
                                 .Add("@@s~1//:t", "Genrule", {"x"}, {"s"})
                                 .Build();
  const Labels labels_{
      graph_, [](const std::string& folder) { return folder == "on/disk"; }};
};

TEST_F(LabelsTest, TakesTheDeepestPackage) {
  EXPECT_EQ(labels_.Of("a/b/c/d.h"), "//a/b:c/d.h");
  EXPECT_EQ(labels_.Of("a/d.h"), "//:a/d.h");
  EXPECT_EQ(labels_.Of("d e.h"), "//:d e.h");
  EXPECT_EQ(labels_.Of("on/disk/x"), "//on/disk:x");
}

TEST_F(LabelsTest, KnowsOutputs) {
  EXPECT_EQ(labels_.Of("bazel-out/k8-opt/bin/a/b/o"), "//a/b:o");
  EXPECT_EQ(labels_.Of("bazel-out/k8-opt/bin/external/r/q/o"), "@r//q:o");
}

TEST_F(LabelsTest, KnowsOtherRepositories) {
  EXPECT_EQ(labels_.Of("external/r/q/f"), "@r//q:f");
  EXPECT_EQ(labels_.Of("external/s~1/f"), "@s~1//:f");
  EXPECT_EQ(labels_.Of("external/r/f"), "");
  EXPECT_EQ(labels_.Of("external/unknown/f"), "");
}

TEST_F(LabelsTest, KnowsNothingOfAFolderAlone) {
  EXPECT_EQ(labels_.Of(""), "");
  EXPECT_EQ(labels_.Of("bazel-out/k8-opt"), "");
}

TEST(LabelTest, Parts) {
  EXPECT_EQ(PackageOf("//a/b:c"), "//a/b");
  EXPECT_EQ(PackageOf("//a"), "//a");
  EXPECT_TRUE(IsExternal("@r//a:b"));
  EXPECT_FALSE(IsExternal("//a:b"));
}

}  // namespace
}  // namespace filemon::lint
