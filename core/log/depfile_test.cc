#include "core/log/depfile.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::log {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Both(absl::string_view name) {
  return DepfileName(name, DepfileReader::kBoth).value_or("(none)");
}

TEST(DepfileNameTest, WhatBothTake) {
  EXPECT_EQ(Both("a.c"), "a.c");
  EXPECT_EQ(Both("a b"), "a\\ b");
  EXPECT_EQ(Both(" a"), "\\ a");
  EXPECT_EQ(Both("a#b"), "a\\#b");
  EXPECT_EQ(Both("a$b$$"), "a$$b$$$$");
  EXPECT_EQ(Both("a:b"), "a\\:b");
  EXPECT_EQ(Both("a\\b"), "a\\b");
  EXPECT_EQ(Both("a\\ b"), "a\\\\\\ b");
  EXPECT_EQ(Both("a%b=c"), "a%b=c");
  EXPECT_EQ(Both("~a"), "./~a");
  EXPECT_EQ(Both("a[b]{c},@!+"), "a[b]{c},@!+");
  EXPECT_EQ(Both("\xff\xc3\xa9"), "\xff\xc3\xa9");
}

TEST(DepfileNameTest, WhatNeitherTakes) {
  for (const char* name : {"", "a;b", "a|b", "a\tb", "a\rb", "a\nb", "a\\"}) {
    for (const auto reader :
         {DepfileReader::kBoth, DepfileReader::kMake, DepfileReader::kNinja}) {
      EXPECT_EQ(DepfileName(name, reader), absl::nullopt) << name;
    }
  }
}

TEST(DepfileNameTest, WhatOneTakes) {
  for (const char* name : {"a&b", "a'b", "a\"b", "a<b>", "a^b", "a`b", "x:"}) {
    EXPECT_EQ(Both(name), "(none)");
    EXPECT_TRUE(DepfileName(name, DepfileReader::kMake)) << name;
  }
  EXPECT_EQ(*DepfileName("a*?[", DepfileReader::kMake), "a\\*\\?\\[");
  EXPECT_EQ(*DepfileName("a\\#b", DepfileReader::kMake), "a\\\\\\#b");
  EXPECT_EQ(*DepfileName("a\\#b", DepfileReader::kNinja), "a\\\\#b");
  for (const char* name : {"a ", "lib(member)"}) {
    EXPECT_EQ(Both(name), "(none)");
    EXPECT_TRUE(DepfileName(name, DepfileReader::kNinja)) << name;
  }
}

TEST(MakeDepfileTest, HasARuleForEachInput) {
  const Depfile depfile =
      MakeDepfile({"out"}, {"a=b", "in a", "p%q"}, DepfileReader::kBoth);
  EXPECT_EQ(depfile.text, "out: \\\n  in\\ a \\\n  a=b \\\n  p%q\nin\\ a:\n");
  EXPECT_THAT(depfile.left_out, IsEmpty());
}

TEST(MakeDepfileTest, SaysWhatItLeavesOut) {
  const Depfile depfile =
      MakeDepfile({"a", "b;"}, {"x", "y\\"}, DepfileReader::kBoth);
  EXPECT_EQ(depfile.text, "a: \\\n  x\nx:\n");
  EXPECT_THAT(depfile.left_out, ElementsAre("b;", "y\\"));
}

TEST(MakeDepfileTest, ALoneNameThatMakeTakesForAVariableIsLeftOut) {
  EXPECT_THAT(MakeDepfile({"out"}, {"a=b"}, DepfileReader::kBoth).left_out,
              ElementsAre("a=b"));
  EXPECT_THAT(MakeDepfile({"out"}, {"a=b"}, DepfileReader::kNinja).left_out,
              IsEmpty());
}

}  // namespace
}  // namespace filemon::log
