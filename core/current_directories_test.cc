#include "core/current_directories.h"

#include "gtest/gtest.h"

namespace filemon {
namespace {

class CurrentDirectoriesTest : public ::testing::Test {
 protected:
  CurrentDirectories::Place In(absl::string_view path) {
    CurrentDirectories::Place place;
    all_.Enter(path, &place);
    return place;
  }

  CurrentDirectories all_;
};

TEST_F(CurrentDirectoriesTest, OneIsWhereItHasEntered) {
  CurrentDirectories::Place place;
  EXPECT_EQ(place.path(), "");
  all_.Enter("/a", &place);
  EXPECT_EQ(place.path(), "/a");
  const CurrentDirectories::Place child = place;
  all_.Enter("/b", &place);
  EXPECT_EQ(place.path(), "/b");
  EXPECT_EQ(child.path(), "/a");
  all_.Enter("", &place);
  EXPECT_EQ(place.path(), "");
}

TEST_F(CurrentDirectoriesTest, ARenameMovesWhoIsThereAndBelow) {
  const auto at = In("/w/s");
  const auto child = at;
  const auto below = In("/w/s/x/y");
  const auto beside = In("/w/s.x/y");
  const auto above = In("/w");
  all_.Renamed("/w/s", "/t");
  EXPECT_EQ(at.path(), "/t");
  EXPECT_EQ(child.path(), "/t");
  EXPECT_EQ(below.path(), "/t/x/y");
  EXPECT_EQ(beside.path(), "/w/s.x/y");
  EXPECT_EQ(above.path(), "/w");
  all_.Renamed("/t", "/w/u");
  EXPECT_EQ(below.path(), "/w/u/x/y");
  EXPECT_TRUE(all_.MayHave("u"));
}

TEST_F(CurrentDirectoriesTest, AnExchangeMovesBoth) {
  const auto one = In("/w/a/x");
  const auto other = In("/w/b/y");
  all_.Exchanged("/w/a", "/w/b");
  EXPECT_EQ(one.path(), "/w/b/x");
  EXPECT_EQ(other.path(), "/w/a/y");
}

TEST_F(CurrentDirectoriesTest, ANameMayComeAgain) {
  const auto old = In("/w/s");
  all_.Renamed("/w/s", "/w/t");
  const auto next = In("/w/s");
  all_.Renamed("/w/t", "/w/u");
  EXPECT_EQ(old.path(), "/w/u");
  EXPECT_EQ(next.path(), "/w/s");
}

TEST_F(CurrentDirectoriesTest, ARenameOntoAnEmptyOneTakesItsName) {
  auto gone = In("/w/t");
  const auto moved = In("/w/s");
  all_.Renamed("/w/s", "/w/t");
  EXPECT_EQ(moved.path(), "/w/t");
  all_.Enter("", &gone);
  all_.Renamed("/w/t", "/w/u");
  EXPECT_EQ(moved.path(), "/w/u");
}

TEST_F(CurrentDirectoriesTest, ForgetsWhereNobodyIs) {
  {
    const auto place = In("/w/some/where");
    EXPECT_EQ(all_.size(), 1u);
    EXPECT_TRUE(all_.MayHave("some"));
    EXPECT_FALSE(all_.MayHave("else"));
  }
  EXPECT_EQ(all_.size(), 0u);
  EXPECT_FALSE(all_.MayHave("some"));
}

}  // namespace
}  // namespace filemon
