#include "core/shared_text.h"

#include "gtest/gtest.h"

namespace filemon {
namespace {

TEST(SharedTextTest, IsEmptyAtFirst) {
  SharedText text;
  EXPECT_EQ(text.view(), "");
  text.Set("");
  EXPECT_EQ(text.view(), "");
}

TEST(SharedTextTest, ACopyHasTheSameMemoryUntilItIsSet) {
  SharedText parent;
  parent.Set("/work");
  SharedText child = parent;
  EXPECT_EQ(child.view().data(), parent.view().data());
  child.Set("/work");
  EXPECT_EQ(child.view().data(), parent.view().data());
  child.Set("/other");
  EXPECT_EQ(child.view(), "/other");
  EXPECT_EQ(parent.view(), "/work");
}

TEST(SharedTextTest, CanBeSetToAPartOfItself) {
  SharedText text;
  text.Set("/work/and/more/than/fits/into/a/short/string");
  text.Set(text.view().substr(0, 5));
  EXPECT_EQ(text.view(), "/work");
}

}  // namespace
}  // namespace filemon
