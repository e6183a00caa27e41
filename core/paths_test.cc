#include "core/paths.h"

#include "gtest/gtest.h"

namespace filemon {
namespace {

TEST(JoinPath, Joins) {
  EXPECT_EQ(JoinPath("/a", "b"), "/a/b");
  EXPECT_EQ(JoinPath("/", "b"), "/b");
  EXPECT_EQ(JoinPath("/a", "/b"), "/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(JoinPath("/a", ""), "/a");
  EXPECT_EQ(JoinPath("", ""), "");
}

TEST(CleanPath, Cleans) {
  EXPECT_EQ(CleanPath("/a/./b//c/"), "/a/b/c");
  EXPECT_EQ(CleanPath("/a/../b"), "/b");
  EXPECT_EQ(CleanPath("/.."), "/");
  EXPECT_EQ(CleanPath("//"), "/");
  EXPECT_EQ(CleanPath("/../../a"), "/a");
  EXPECT_EQ(CleanPath("a/.."), ".");
  EXPECT_EQ(CleanPath("../a/../b"), "../b");
  EXPECT_EQ(CleanPath("../../a"), "../../a");
  EXPECT_EQ(CleanPath("/a/...b/..c"), "/a/...b/..c");
}

}  // namespace
}  // namespace filemon
