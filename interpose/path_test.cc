#include "interpose/path.h"

#include <string.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace filemon {
namespace {

// What JoinPath() makes, "-" for false. The buffer is on the heap, so that ASan
// sees a byte too many.
std::string Join(const char* directory, const char* name, size_t size = 64) {
  std::vector<char> out(size, '#');
  return JoinPath(directory, name, out.data(), size) ? out.data() : "-";
}

TEST(JoinPathTest, JoinsAndCleans) {
  EXPECT_EQ(Join("/d/e", "a"), "/d/e/a");
  EXPECT_EQ(Join("/d/e", "a/b"), "/d/e/a/b");
  EXPECT_EQ(Join("/d/e/", "a"), "/d/e/a");
  EXPECT_EQ(Join("/d", "./a/./b/."), "/d/a/b");
  EXPECT_EQ(Join("/d", "a//b///"), "/d/a/b");
  EXPECT_EQ(Join("/d", "."), "/d");
  EXPECT_EQ(Join("/d", ""), "/d");
  EXPECT_EQ(Join("/d", "..."), "/d/...");
  EXPECT_EQ(Join("/d", ".a/..b"), "/d/.a/..b");
}

TEST(JoinPathTest, StartsAtTheRoot) {
  EXPECT_EQ(Join("/", "a"), "/a");
  EXPECT_EQ(Join("/", "."), "/");
  EXPECT_EQ(Join("//", "a"), "/a");
}

TEST(JoinPathTest, GoesUpFromTheDirectory) {
  EXPECT_EQ(Join("/d/e", "../a"), "/d/a");
  EXPECT_EQ(Join("/d/e", ".././../a"), "/a");
  EXPECT_EQ(Join("/d/e", ".."), "/d");
  EXPECT_EQ(Join("/d", ".."), "/");
  EXPECT_EQ(Join("/d", "../.."), "/");
  EXPECT_EQ(Join("/d/e", "../../../../a"), "/a");
}

TEST(JoinPathTest, LeavesToTheKernelWhatMayBeASymbolicLink) {
  EXPECT_EQ(Join("/d", "a/.."), "-");
  EXPECT_EQ(Join("/d", "../a/../b"), "-");
}

TEST(JoinPathTest, FitsExactlyOrNotAtAll) {
  const size_t need = strlen("/d/e/abc") + 1;
  EXPECT_EQ(Join("/d/e", "abc", need), "/d/e/abc");
  EXPECT_EQ(Join("/d/e", "abc", need - 1), "-");
  EXPECT_EQ(Join("/d/e", "abc", 3), "-");
  EXPECT_EQ(Join("/d/e", "abc", 1), "-");
}

}  // namespace
}  // namespace filemon
