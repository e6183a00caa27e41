#include "core/pid_namespaces.h"

#include <limits.h>

#include <algorithm>

#include "core/wire.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

constexpr uint32_t kOwn = 100;
constexpr uint32_t kInner = 200;
constexpr uint32_t kOther = 300;
constexpr pid_t kFirst = wire::kPidLimit;
constexpr pid_t kSecond = 2 * wire::kPidLimit;

TEST(PidNamespacesTest, LeavesItsOwnAlone) {
  PidNamespaces namespaces(kOwn);
  EXPECT_EQ(namespaces.SpaceOf(0), 0u);
  EXPECT_EQ(namespaces.SpaceOf(kOwn), 0u);
  EXPECT_EQ(namespaces.SpaceOf(kInner), kInner);
  EXPECT_EQ(namespaces.Number(0, 17), 17);
}

TEST(PidNamespacesTest, KeepsNamespacesApart) {
  PidNamespaces namespaces(kOwn);
  EXPECT_EQ(namespaces.Number(kInner, 2), kFirst + 2);
  EXPECT_EQ(namespaces.Number(kOther, 2), kSecond + 2);
  EXPECT_EQ(namespaces.Number(kInner, 2), kFirst + 2);
}

TEST(PidNamespacesTest, AnInodeNumberMayBecomeAnothers) {
  PidNamespaces namespaces(kOwn);
  namespaces.Number(kInner, 1);
  namespaces.Ended(kInner);
  namespaces.Ended(kOther);
  EXPECT_EQ(namespaces.Number(kInner, 1), kSecond + 1);
}

// One that lives has its range for itself, however many come and go.
TEST(PidNamespacesTest, NumbersStayPositiveAndApart) {
  PidNamespaces namespaces(kOwn);
  const pid_t lasting = namespaces.Number(1, 0);
  pid_t least = INT_MAX;
  for (uint32_t id = 1000; id < 3000; ++id) {
    const pid_t base = namespaces.Number(id, 0);
    EXPECT_NE(base, lasting);
    least = std::min(least, base);
    namespaces.Ended(id);
  }
  EXPECT_GE(least, wire::kPidLimit);
}

TEST(PidNamespacesTest, KnowsTheCallingProcesss) {
  EXPECT_NE(PidNamespaces::OfThisProcess(), 0u);
}

}  // namespace
}  // namespace filemon
