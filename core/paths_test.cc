#include "core/paths.h"

#include <string>

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

TEST(AppendPath, IsJoinPathInPlace) {
  const std::string names[] = {"", "/", "/a", "/a/", "b", "b/c"};
  for (const std::string& dir : names) {
    for (const std::string& name : names) {
      std::string path = dir;
      AppendPath(name, &path);
      EXPECT_EQ(path, JoinPath(dir, name));
    }
  }
}

TEST(IsCleanPath, IsTrueOfCleanAbsolutePathsOnly) {
  EXPECT_TRUE(IsCleanPath("/a"));
  EXPECT_TRUE(IsCleanPath("/a/b.c/d..e"));
  for (const char* path : {"", "a", "a/b", "/", "//", "/a/", "/a//b", "/.",
                           "/./a", "/a/.", "/..", "/a/../b", "/a/.."}) {
    EXPECT_FALSE(IsCleanPath(path)) << path;
  }
}

TEST(IsRemoved, IsTrueOfPathsWithASlashAtTheEnd) {
  EXPECT_TRUE(IsRemoved("/a/"));
  for (const char* path : {"", "/", "/a"}) EXPECT_FALSE(IsRemoved(path));
}

TEST(LastComponent, IsWithoutSlashes) {
  EXPECT_EQ(LastComponent("/a/b"), "b");
  EXPECT_EQ(LastComponent("a/b//"), "b");
  EXPECT_EQ(LastComponent("b"), "b");
  EXPECT_EQ(LastComponent("/"), "");
  EXPECT_EQ(LastComponent(""), "");
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
  EXPECT_EQ(CleanPath(""), ".");
  EXPECT_EQ(CleanPath("a//b/"), "a/b");
  EXPECT_EQ(CleanPath("a/../.."), "..");
  EXPECT_EQ(CleanPath("../a/../../b"), "../../b");
  EXPECT_EQ(CleanPath("/a/b/../../.."), "/");
  EXPECT_EQ(CleanPath("/ab/cd/../ef/."), "/ab/ef");
}

}  // namespace
}  // namespace filemon
