#include "bazel/lint/exec_root.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::lint {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

TEST(ExecRootTest, WithoutASandbox) {
  const ExecRoot root("/ob/execroot/ws", "/src");
  EXPECT_FALSE(root.sandboxed());
  EXPECT_EQ(root.ExecPath("/ob/execroot/ws/a/b.c"), "a/b.c");
  EXPECT_EQ(root.ExecPath("/ob/execroot/ws"), "");
  EXPECT_EQ(root.ExecPath("/ob/external/r/a"), "external/r/a");
  EXPECT_EQ(root.ExecPath("/src/a/b c"), "a/b c");
  EXPECT_EQ(root.ExecPath("a/b"), "a/b");
  EXPECT_EQ(root.ExecPath("."), "");
  EXPECT_EQ(root.ExecPath("../a"), absl::nullopt);
  EXPECT_EQ(root.ExecPath("/ob/execroot/wss/a"), absl::nullopt);
  EXPECT_EQ(root.ExecPath("/usr/lib/a"), absl::nullopt);
}

TEST(ExecRootTest, InASandbox) {
  const ExecRoot root("/ob/sandbox/linux-sandbox/12/execroot/ws", "/src");
  EXPECT_TRUE(root.sandboxed());
  EXPECT_EQ(root.ExecPath("/ob/sandbox/linux-sandbox/12/execroot/ws/a"), "a");
  EXPECT_TRUE(root.Contains("/ob/sandbox/linux-sandbox/12/execroot/ws/a"));
  // The same file as everyone else sees it.
  EXPECT_EQ(root.ExecPath("/ob/execroot/ws/a"), "a");
  EXPECT_FALSE(root.Contains("/ob/execroot/ws/a"));
  EXPECT_EQ(root.ExecPath("/src/a"), "a");
  EXPECT_TRUE(root.IsMachinery("/ob/sandbox/linux-sandbox/12/stats.out"));
  EXPECT_FALSE(root.IsMachinery("/ob/sandbox/linux-sandbox/13/execroot/ws/a"));
  EXPECT_FALSE(root.IsMachinery("/ob/sandbox/linux-sandbox/12/execroot/ws/a"));
}

TEST(ExecRootTest, InSandboxesElsewhere) {
  const ExecRoot base("/dev/shm/b.0/processwrapper-sandbox/3/execroot/ws", "");
  EXPECT_TRUE(base.sandboxed());
  EXPECT_EQ(
      base.ExecPath("/dev/shm/b.0/processwrapper-sandbox/3/execroot/ws/a"),
      "a");
  EXPECT_TRUE(ExecRoot("/tmp/bazel-working-directory/_main", "").sandboxed());
  // Another machine: nothing but the folder itself is known.
  const ExecRoot remote("/worker/build/77", "");
  EXPECT_FALSE(remote.sandboxed());
  EXPECT_EQ(remote.ExecPath("/worker/build/77/a"), "a");
  EXPECT_EQ(remote.ExecPath("/worker/a"), absl::nullopt);
}

TEST(ExecRootTest, KnowsBazelsOwnPrograms) {
  const ExecRoot root("/ob/execroot/ws", "");
  EXPECT_TRUE(root.IsMachinery("/cache/install/0f/linux-sandbox"));
  EXPECT_TRUE(root.IsMachinery("/cache/install/0f/process-wrapper"));
  EXPECT_FALSE(root.IsMachinery("/cache/install/0f/other"));
}

TEST(ExecRootTest, NothingKnown) {
  const ExecRoot root("", "");
  EXPECT_FALSE(root.sandboxed());
  EXPECT_EQ(root.ExecPath("a"), "a");
  EXPECT_TRUE(root.Contains("a"));
  EXPECT_FALSE(root.Contains("/a"));
  EXPECT_EQ(root.ExecPath("/a"), absl::nullopt);
}

TEST(RunfileTargetsTest, NamesAllThatItCanBe) {
  const auto targets =
      RunfileTargets("bazel-out/k8/bin/p/t.runfiles/ws/data/a b");
  EXPECT_THAT(targets, Contains("data/a b"));
  EXPECT_THAT(targets, Contains("external/ws/data/a b"));
  EXPECT_THAT(targets, Contains("bazel-out/k8/bin/data/a b"));
  EXPECT_THAT(targets, Contains("bazel-out/k8/bin/external/ws/data/a b"));
  EXPECT_THAT(RunfileTargets("bazel-out/k8/bin/p/t.runfiles/MANIFEST"),
              IsEmpty());
  EXPECT_THAT(RunfileTargets("data/a"), IsEmpty());
}

}  // namespace
}  // namespace filemon::lint
