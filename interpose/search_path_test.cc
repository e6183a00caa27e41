#include "interpose/search_path.h"

#include <string.h>

#include "gtest/gtest.h"

namespace filemon {
namespace {

bool Holds(const char* list, const char* library, const char* origin = "/o/r") {
  return SearchPathHolds(list, origin, strlen(origin), library);
}

TEST(SearchPathTest, ComparesWholeDirectories) {
  EXPECT_TRUE(Holds("/a/b", "/a/b/libx.so"));
  EXPECT_FALSE(Holds("/a/b", "/a/bc/libx.so"));
  EXPECT_FALSE(Holds("/a/bc", "/a/b/libx.so"));
  EXPECT_FALSE(Holds("/a/b", "/a/libx.so"));
  EXPECT_FALSE(Holds("/a/b", "/a/b/c/libx.so"));
  EXPECT_FALSE(Holds("/b", "/a/b/libx.so"));
}

TEST(SearchPathTest, LooksAtEachElement) {
  for (const char* list : {"/a:/b:/c", "/a;/b;/c", "/a:/b;/c", ":/a::/b:/c:"}) {
    EXPECT_TRUE(Holds(list, "/a/libx.so")) << list;
    EXPECT_TRUE(Holds(list, "/b/libx.so")) << list;
    EXPECT_TRUE(Holds(list, "/c/libx.so")) << list;
    EXPECT_FALSE(Holds(list, "/d/libx.so")) << list;
  }
}

TEST(SearchPathTest, IgnoresTrailingSlashes) {
  EXPECT_TRUE(Holds("/a/b/", "/a/b/libx.so"));
  EXPECT_TRUE(Holds("/a/b///:/c", "/a/b/libx.so"));
  EXPECT_TRUE(Holds("/", "/libx.so"));
}

TEST(SearchPathTest, EmptyElementsAreNoDirectory) {
  EXPECT_FALSE(Holds("", "/a/libx.so"));
  EXPECT_FALSE(Holds(":", "/a/libx.so"));
  EXPECT_FALSE(Holds("::/b", "/a/libx.so"));
}

TEST(SearchPathTest, KnowsTheSubdirectoriesForBetterProcessors) {
  EXPECT_TRUE(Holds("/a", "/a/glibc-hwcaps/x86-64-v3/libx.so"));
  EXPECT_TRUE(Holds("/a/", "/a/glibc-hwcaps/x86-64-v2/libx.so"));
  EXPECT_FALSE(Holds("/a", "/a/glibc-hwcapsx/x86-64-v3/libx.so"));
  EXPECT_FALSE(Holds("/a", "/b/glibc-hwcaps/x86-64-v3/libx.so"));
  EXPECT_TRUE(Holds("$ORIGIN/l", "/o/r/l/glibc-hwcaps/x86-64-v3/libx.so"));
}

TEST(SearchPathTest, ExpandsTheOrigin) {
  for (const char* list : {"$ORIGIN", "${ORIGIN}", "/a:$ORIGIN/"}) {
    EXPECT_TRUE(Holds(list, "/o/r/libx.so")) << list;
    EXPECT_FALSE(Holds(list, "/o/libx.so")) << list;
    EXPECT_FALSE(Holds(list, "/o/r/lib/libx.so")) << list;
  }
  for (const char* list : {"$ORIGIN/../lib", "/a:${ORIGIN}/../lib:/b"}) {
    // The dynamic linker keeps the dots in the name.
    EXPECT_TRUE(Holds(list, "/o/r/../lib/libx.so")) << list;
    EXPECT_FALSE(Holds(list, "/o/lib/libx.so")) << list;
    EXPECT_FALSE(Holds(list, "/x/r/../lib/libx.so")) << list;
  }
}

TEST(SearchPathTest, TheOriginMayBeLongerThanTheLibrary) {
  EXPECT_FALSE(Holds("$ORIGIN", "/o/libx.so", "/o/r/i/g/i/n/i/s/l/o/n/g"));
}

}  // namespace
}  // namespace filemon
