#include "interpose/object_table.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ObjectTableTest : public ::testing::Test {
 protected:
  // A list of these of the ten objects.
  std::vector<int> Update(const std::vector<int>& list) {
    link_map* next = nullptr;
    for (auto i = list.rbegin(); i != list.rend(); ++i) {
      objects_[*i].l_next = next;
      next = &objects_[*i];
    }
    std::vector<int> found;
    table_.Update(next, [&](const link_map* map) {
      found.push_back(static_cast<int>(map - objects_));
    });
    return found;
  }

  link_map objects_[1000] = {};
  ElfW(Dyn) dynamic_[2] = {};
  ObjectTable table_ = {};
};

TEST_F(ObjectTableTest, TellsWhatIsNew) {
  EXPECT_THAT(Update({}), IsEmpty());
  EXPECT_THAT(Update({1, 2}), ElementsAre(1, 2));
  EXPECT_THAT(Update({1, 2}), IsEmpty());
  EXPECT_THAT(Update({1, 2, 3}), ElementsAre(3));
}

TEST_F(ObjectTableTest, ForgetsWhatIsGone) {
  Update({1, 2, 3, 4});
  EXPECT_THAT(Update({1, 3}), IsEmpty());
  EXPECT_THAT(Update({1, 3, 2, 4}), ElementsAre(2, 4));
  EXPECT_THAT(Update({}), IsEmpty());
  EXPECT_THAT(Update({4}), ElementsAre(4));
}

// The memory of an object is the next one's.
TEST_F(ObjectTableTest, KnowsAPlaceThatIsUsedAgain) {
  Update({1, 2, 3});
  EXPECT_THAT(Update({1, 3, 2}), ElementsAre(2));
  objects_[2].l_ld = dynamic_;
  EXPECT_THAT(Update({1, 3, 2}), ElementsAre(2));
  EXPECT_THAT(Update({1, 3, 2}), IsEmpty());
}

TEST_F(ObjectTableTest, Grows) {
  std::vector<int> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(i);
    EXPECT_THAT(Update(all), ElementsAre(i));
  }
  all.erase(all.begin() + 10, all.begin() + 900);
  EXPECT_THAT(Update(all), IsEmpty());
  all.push_back(20);
  EXPECT_THAT(Update(all), ElementsAre(20));
}

}  // namespace
}  // namespace filemon
