#include "core/log/names.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace filemon::log {
namespace {

TEST(NamesTest, EachNameHasOneNumber) {
  Names names;
  EXPECT_EQ(names.Find("a"), kNoName);
  const NameId a = names.Add("a");
  const NameId empty = names.Add("");
  EXPECT_EQ(names.Add("a"), a);
  EXPECT_NE(empty, a);
  EXPECT_EQ(names.Find(""), empty);
  EXPECT_EQ(names[a], "a");
  EXPECT_EQ(names[empty], "");
  EXPECT_EQ(names.size(), 2u);
}

TEST(NamesTest, TextsStayWhereTheyAre) {
  Names names;
  const absl::string_view first = names[names.Add("first")];
  const std::string longest(1 << 20, 'x');
  const NameId id = names.Add(longest);
  for (int i = 0; i < 100000; ++i) names.Add(absl::StrCat("name ", i));
  EXPECT_EQ(first, "first");
  EXPECT_EQ(names[id], longest);
  EXPECT_EQ(names[names.Find("name 99999")], "name 99999");
}

}  // namespace
}  // namespace filemon::log
