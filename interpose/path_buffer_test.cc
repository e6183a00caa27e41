#include "interpose/path_buffer.h"

#include <string.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace filemon {
namespace {

// A source of the path `text`, that notes the sizes it was offered.
struct Source {
  std::string text;
  std::vector<size_t> sizes = {};
  bool operator()(char* out, size_t size) {
    sizes.push_back(size);
    if (text.size() >= size) {
      memset(out, 'x', size);  // cut
      return false;
    }
    memcpy(out, text.c_str(), text.size() + 1);
    return true;
  }
};

TEST(PathBufferTest, IsEmptyAtFirst) { EXPECT_STREQ(PathBuffer().path(), ""); }

TEST(PathBufferTest, HoldsAShortPathInItself) {
  Source source = {"/short"};
  PathBuffer buffer;
  EXPECT_TRUE(buffer.Fill([&](char* out, size_t n) { return source(out, n); }));
  EXPECT_STREQ(buffer.path(), "/short");
  EXPECT_EQ(source.sizes.size(), 1u);
  EXPECT_LT(sizeof(buffer), 600u);
}

TEST(PathBufferTest, HoldsTheLongestPath) {
  const std::string longest(4095, 'p');
  Source source = {longest};
  PathBuffer buffer;
  EXPECT_TRUE(buffer.Fill([&](char* out, size_t n) { return source(out, n); }));
  EXPECT_EQ(buffer.path(), longest);
  EXPECT_EQ(source.sizes.size(), 2u);
}

TEST(PathBufferTest, IsEmptyWithoutAPath) {
  PathBuffer buffer;
  EXPECT_FALSE(buffer.Fill([](char* out, size_t) {
    out[0] = 'x';
    return false;
  }));
  EXPECT_STREQ(buffer.path(), "");
}

TEST(PathBufferTest, CanBeFilledAgain) {
  PathBuffer buffer;
  for (const size_t size : {10, 4000, 10}) {
    Source source = {std::string(size, 'p')};
    EXPECT_TRUE(
        buffer.Fill([&](char* out, size_t n) { return source(out, n); }));
    EXPECT_EQ(strlen(buffer.path()), size);
  }
}

}  // namespace
}  // namespace filemon
