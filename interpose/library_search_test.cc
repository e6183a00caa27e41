#include "interpose/library_search.h"

#include <string.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kName[] = "libx.so";

class LibrarySearchTest : public ::testing::Test {
 protected:
  // Where it is sought along `list` before it is found as `library`; all
  // places, if it is not.
  std::vector<std::string> Tried(const char* list,
                                 const char* library = nullptr) {
    std::vector<std::string> tried;
    const Tokens tokens = {"/o/r", 4, lib_};
    found_ = SearchAlong(list, tokens, kName, library,
                         [&](const char* path) { tried.push_back(path); });
    return tried;
  }
  bool Holds(const char* list, const char* library) {
    Tried(list, library);
    return found_;
  }

  const char* lib_ = "lib64";
  bool found_ = false;
};

TEST_F(LibrarySearchTest, GoesFromDirectoryToDirectory) {
  for (const char* list : {"/a:/b:/c", "/a;/b;/c", "/a:/b;/c"}) {
    EXPECT_THAT(Tried(list),
                ElementsAre("/a/libx.so", "/b/libx.so", "/c/libx.so"));
    EXPECT_FALSE(found_);
    EXPECT_THAT(Tried(list, "/b/libx.so"), ElementsAre("/a/libx.so"));
    EXPECT_TRUE(found_);
  }
  EXPECT_THAT(Tried(""), IsEmpty());
}

TEST_F(LibrarySearchTest, ComparesWholeDirectories) {
  EXPECT_TRUE(Holds("/a/b", "/a/b/libx.so"));
  EXPECT_FALSE(Holds("/a/b", "/a/bc/libx.so"));
  EXPECT_FALSE(Holds("/a/bc", "/a/b/libx.so"));
  EXPECT_FALSE(Holds("/a/b", "/a/libx.so"));
  EXPECT_FALSE(Holds("/a/b", "/a/b/c/libx.so"));
  EXPECT_FALSE(Holds("/b", "/a/b/libx.so"));
}

TEST_F(LibrarySearchTest, EmptyElementsAreTheCurrentDirectory) {
  EXPECT_THAT(Tried(":/b"), ElementsAre("libx.so", "/b/libx.so"));
  EXPECT_THAT(Tried("/b:"), ElementsAre("/b/libx.so", "libx.so"));
  EXPECT_TRUE(Holds("/a::/b", "libx.so"));
  EXPECT_FALSE(Holds("/a", "libx.so"));
}

TEST_F(LibrarySearchTest, TakesSlashesTogether) {
  EXPECT_TRUE(Holds("/a/b/", "/a/b/libx.so"));
  EXPECT_TRUE(Holds("/a/b///:/c", "/a/b/libx.so"));
  EXPECT_TRUE(Holds("/", "/libx.so"));
}

TEST_F(LibrarySearchTest, LooksOnlyOnceInADirectory) {
  EXPECT_THAT(Tried("/a:/b:/a:/c"),
              ElementsAre("/a/libx.so", "/b/libx.so", "/c/libx.so"));
}

TEST_F(LibrarySearchTest, KnowsTheSubdirectoriesForBetterProcessors) {
  EXPECT_TRUE(Holds("/a", "/a/glibc-hwcaps/x86-64-v3/libx.so"));
  EXPECT_FALSE(Holds("/a", "/a/glibc-hwcapsx/x86-64-v3/libx.so"));
  EXPECT_FALSE(Holds("/a", "/a/glibc-hwcaps/x86-64-v3/liby.so"));
  EXPECT_TRUE(Holds("$ORIGIN/l", "/o/r/l/glibc-hwcaps/x86-64-v3/libx.so"));
}

TEST_F(LibrarySearchTest, ReplacesTokens) {
  for (const char* list : {"$ORIGIN/../lib", "${ORIGIN}/../lib"}) {
    // The dynamic linker keeps the dots in the name.
    EXPECT_THAT(Tried(list), ElementsAre("/o/r/../lib/libx.so"));
  }
  EXPECT_THAT(Tried("$ORIGIN:${ORIGIN}x:$ORIGINAL"),
              ElementsAre("/o/r/libx.so", "/o/rx/libx.so"));
  EXPECT_THAT(Tried("/a/$LIB:/b/${LIB}/c"),
              ElementsAre("/a/lib64/libx.so", "/b/lib64/c/libx.so"));
  lib_ = nullptr;
  EXPECT_THAT(Tried("/a/$LIB:/b:$PLATFORM"), ElementsAre("/b/libx.so"));
}

}  // namespace
}  // namespace filemon
