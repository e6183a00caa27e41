#include "core/process_map.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"

namespace filemon {
namespace {

TEST(ProcessMapTest, FindsWhatWasMade) {
  ProcessMap<int> map;
  EXPECT_EQ(map.Find(0), nullptr);
  EXPECT_EQ(map.Find(7), nullptr);
  map[7] = 70;
  map[8] = 80;
  ASSERT_NE(map.Find(7), nullptr);
  EXPECT_EQ(*map.Find(7), 70);
  EXPECT_EQ(map[8], 80);
  EXPECT_EQ(map.Find(9), nullptr);
  const ProcessMap<int>& reader = map;
  EXPECT_EQ(*reader.Find(8), 80);
}

TEST(ProcessMapTest, ForgetsWhatWasErased) {
  ProcessMap<int> map;
  map[7] = 70;
  map[8] = 80;
  EXPECT_EQ(*map.Find(7), 70);
  map.Erase(8);
  EXPECT_EQ(*map.Find(7), 70);
  map.Erase(7);
  EXPECT_EQ(map.Find(7), nullptr);
  EXPECT_EQ(map.Find(8), nullptr);
  EXPECT_EQ(map[7], 0);
  map.Erase(9);
}

TEST(ProcessMapTest, HoldsThemWhereTheyAre) {
  ProcessMap<int> map;
  int* const first = &map[1];
  for (int pid = 2; pid < 1000; ++pid) map[pid] = pid;
  EXPECT_EQ(map.Find(1), first);
}

TEST(ProcessMapTest, GoesThroughAll) {
  ProcessMap<int> map;
  map[3] = 30;
  map[1] = 10;
  std::vector<int> found;
  for (const auto& entry : map)
    found.push_back(static_cast<int>(entry.first) + *entry.second);
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (std::vector<int>{11, 33}));
}

}  // namespace
}  // namespace filemon
