#include "core/sequencer.h"

#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Due(Sequencer* sequencer, uint64_t before) {
  std::vector<std::string> due;
  sequencer->Deliver(
      before, [&](absl::string_view record) { due.emplace_back(record); });
  return due;
}

TEST(SequencerTest, OrdersStreamsByStamp) {
  Sequencer sequencer;
  EXPECT_TRUE(sequencer.empty());
  sequencer.Add(0, 1, "a");
  sequencer.Add(0, 4, "dd");
  sequencer.Add(0, 5, "e");
  sequencer.Add(2, 2, "bbb");
  sequencer.Add(2, 6, "f");
  sequencer.Add(1, 3, "");
  EXPECT_FALSE(sequencer.empty());
  EXPECT_THAT(Due(&sequencer, 100),
              ElementsAre("a", "bbb", "", "dd", "e", "f"));
  EXPECT_TRUE(sequencer.empty());
}

TEST(SequencerTest, KeepsWhatIsNotDue) {
  Sequencer sequencer;
  sequencer.Add(0, 10, "ten");
  sequencer.Add(0, 20, "twenty");
  sequencer.Add(1, 15, "fifteen");
  EXPECT_THAT(Due(&sequencer, 10), IsEmpty());
  EXPECT_THAT(Due(&sequencer, 15), ElementsAre("ten"));
  // Earlier than what waits, and than what has been delivered.
  sequencer.Add(0, 12, "twelve");
  sequencer.Add(1, 1, "one");
  EXPECT_THAT(Due(&sequencer, 20), ElementsAre("one", "twelve", "fifteen"));
  EXPECT_THAT(Due(&sequencer, 21), ElementsAre("twenty"));
  EXPECT_TRUE(sequencer.empty());
}

TEST(SequencerTest, KeepsTheOrderOfArrivalAmongEquals) {
  Sequencer sequencer;
  for (const char* record : {"a", "b", "c"}) sequencer.Add(0, 7, record);
  EXPECT_THAT(Due(&sequencer, 8), ElementsAre("a", "b", "c"));
}

// Any order of arrival, in more than the short way that a record is moved at
// once, and rounds that end anywhere.
TEST(SequencerTest, OrdersWhatComesInAnyOrder) {
  std::mt19937 random(20261122);
  for (int round = 0; round < 50; ++round) {
    std::vector<int> stamps(300);
    for (size_t i = 0; i < stamps.size(); ++i) stamps[i] = static_cast<int>(i);
    std::shuffle(stamps.begin(), stamps.end(), random);
    Sequencer sequencer;
    for (int stamp : stamps) {
      sequencer.Add(random() % 4, stamp, std::to_string(stamp));
    }
    std::vector<std::string> all;
    for (int before : {0, 57, 58, 211, 300}) {
      for (std::string& record : Due(&sequencer, before)) {
        EXPECT_LT(std::stoi(record), before);
        all.push_back(record);
      }
    }
    ASSERT_EQ(all.size(), stamps.size());
    for (size_t i = 0; i < all.size(); ++i) {
      ASSERT_EQ(all[i], std::to_string(i));
    }
  }
}

}  // namespace
}  // namespace filemon
