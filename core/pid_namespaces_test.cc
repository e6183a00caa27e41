#include "core/pid_namespaces.h"

#include <limits.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::Optional;
using ::testing::Pair;
using wire::Kind;

constexpr uint32_t kOwn = 100;
constexpr uint32_t kInner = 200;
constexpr uint32_t kInnermost = 300;
constexpr pid_t kFirst = wire::kPidLimit;
constexpr pid_t kSecond = 2 * wire::kPidLimit;

Record Make(Kind kind, uint32_t id, pid_t pid, int32_t a = 0, int32_t b = 0) {
  Record record;
  record.kind = kind;
  record.pid_namespace = id;
  record.pid = pid;
  record.a = a;
  record.b = b;
  return record;
}

class PidNamespacesTest : public ::testing::Test {
 protected:
  // The number of a process.
  pid_t NumberOf(uint32_t id, pid_t pid) {
    return namespaces_.Translate(Make(Kind::kOpen, id, pid, 1)).pid;
  }

  PidNamespaces namespaces_{kOwn};
};

TEST_F(PidNamespacesTest, LeavesItsOwnAlone) {
  for (const uint32_t id : {0u, kOwn}) {
    const Record record =
        namespaces_.Translate(Make(Kind::kFork, id, 17, 18, 1));
    EXPECT_EQ(record.pid, 17);
    EXPECT_EQ(record.a, 18);
    EXPECT_EQ(record.b, 1);
    namespaces_.Enter(Make(Kind::kEntered, id, 17, 5, 0));
    EXPECT_EQ(NumberOf(id, 17), 17);
  }
}

TEST_F(PidNamespacesTest, KeepsNamespacesApart) {
  EXPECT_EQ(NumberOf(kInner, 2), kFirst + 2);
  EXPECT_EQ(NumberOf(kInnermost, 2), kSecond + 2);
  EXPECT_EQ(NumberOf(kInner, 2), kFirst + 2);
  EXPECT_EQ(NumberOf(kOwn, 2), 2);
}

TEST_F(PidNamespacesTest, TranslatesWhatIsAProcess) {
  const auto translated = [this](Kind kind, int32_t a, int32_t b) {
    const Record record = namespaces_.Translate(Make(kind, kInner, 2, a, b));
    EXPECT_EQ(record.pid, kFirst + 2);
    return std::make_pair(record.a, record.b);
  };
  EXPECT_THAT(translated(Kind::kStart, 0, 0), Pair(0, 0));
  EXPECT_THAT(translated(Kind::kStart, 3, 0), Pair(kFirst + 3, 0));
  EXPECT_THAT(translated(Kind::kFork, 3, 1), Pair(kFirst + 3, 1));
  EXPECT_THAT(translated(Kind::kChildEnded, 3, 9), Pair(kFirst + 3, 9));
  EXPECT_THAT(translated(Kind::kSpawnBegin, 3, 0), Pair(3, 0));
  EXPECT_THAT(translated(Kind::kSpawnEnd, 3, 4), Pair(3, kFirst + 4));
  EXPECT_THAT(translated(Kind::kSpawnEnd, 3, 0), Pair(3, 0));
  EXPECT_THAT(translated(Kind::kExit, 3, 0), Pair(3, 0));
  EXPECT_THAT(translated(Kind::kLost, 3, 0), Pair(3, 0));
}

TEST_F(PidNamespacesTest, WhoEnteredIsWhoItWas) {
  namespaces_.Enter(Make(Kind::kEntered, kInner, 1, 4711, kOwn));
  EXPECT_EQ(NumberOf(kInner, 1), 4711);
  EXPECT_EQ(NumberOf(kInner, 2), kFirst + 2);
  // A later guess changes nothing.
  namespaces_.Enter(Make(Kind::kEntered, kInner, 1, 4712, 0));
  EXPECT_EQ(NumberOf(kInner, 1), 4711);
}

TEST_F(PidNamespacesTest, AParentOutside) {
  EXPECT_EQ(namespaces_.Translate(Make(Kind::kStart, kInner, 1, 0, 7)).a, 0);
  namespaces_.Enter(Make(Kind::kEntered, kInner, 1, 4711, kOwn));
  EXPECT_EQ(namespaces_.Translate(Make(Kind::kStart, kInner, 1, 0, 7)).a, 7);
  EXPECT_EQ(namespaces_.Translate(Make(Kind::kStart, kInner, 1, 0, 0)).a, 0);
  namespaces_.Enter(Make(Kind::kEntered, kInnermost, 1, 5, kInner));
  EXPECT_EQ(namespaces_.Translate(Make(Kind::kStart, kInnermost, 1, 0, 7)).a,
            kFirst + 7);
}

TEST_F(PidNamespacesTest, NamespacesInNamespaces) {
  namespaces_.Enter(Make(Kind::kEntered, kInner, 1, 4711, 0));
  namespaces_.Enter(Make(Kind::kEntered, kInnermost, 1, 5, kInner));
  EXPECT_EQ(NumberOf(kInnermost, 1), kFirst + 5);
  EXPECT_EQ(NumberOf(kInnermost, 2), kSecond + 2);
  EXPECT_THAT(namespaces_.Ended(kFirst + 5),
              Optional(Pair(kSecond, kSecond + wire::kPidLimit - 1)));
  EXPECT_THAT(namespaces_.Ended(4711),
              Optional(Pair(kFirst, kFirst + wire::kPidLimit - 1)));
}

TEST_F(PidNamespacesTest, ANamespaceEndsWithItsInit) {
  namespaces_.Enter(Make(Kind::kEntered, kInner, 1, 4711, 0));
  namespaces_.Enter(Make(Kind::kEntered, kInner, 9, 4712, 0));
  EXPECT_EQ(namespaces_.Ended(1), absl::nullopt);
  EXPECT_EQ(namespaces_.Ended(4712), absl::nullopt);
  EXPECT_EQ(NumberOf(kInner, 9), kFirst + 9);
  EXPECT_THAT(namespaces_.Ended(4711),
              Optional(Pair(kFirst, kFirst + wire::kPidLimit - 1)));
  EXPECT_EQ(namespaces_.Ended(4711), absl::nullopt);
  // Another one of the same inode number.
  EXPECT_EQ(NumberOf(kInner, 1), kSecond + 1);
}

TEST_F(PidNamespacesTest, NumbersStayPositive) {
  pid_t least = INT_MAX;
  for (uint32_t id = 1000; id < 2000; ++id) {
    least = std::min(least, NumberOf(id, wire::kPidLimit - 1));
    namespaces_.Enter(Make(Kind::kEntered, id, 1, 5, 0));
    namespaces_.Ended(5);
  }
  EXPECT_GE(least, wire::kPidLimit);
}

TEST_F(PidNamespacesTest, KnowsTheCallingProcesss) {
  EXPECT_NE(PidNamespaces::OfThisProcess(), 0u);
}

}  // namespace
}  // namespace filemon
