#include "interpose/guest_sessions.h"

#include <sys/types.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "interpose/session.h"

namespace filemon {
namespace {

class GuestSessionsTest : public ::testing::Test {
 protected:
  GuestSessionsTest() {
    g_owner_session = DormantSession();
    g_owner_session.inode = 1;
  }
  // Whatever a test has left.
  ~GuestSessionsTest() override {
    TakeOverGuestSession(0);
    g_owner_session = DormantSession();
  }
};

TEST_F(GuestSessionsTest, EveryoneHasTheOwnersUntilThereIsAGuest) {
  EXPECT_EQ(&ThisSession(), &g_owner_session);
  EXPECT_EQ(g_guests, 0);
}

TEST_F(GuestSessionsTest, AGuestHasItsOwnAndNobodyElseHas) {
  Session* const guest = AddGuestSession(getpid());
  ASSERT_NE(guest, nullptr);
  guest->inode = 2;
  EXPECT_EQ(ThisSession().inode, 2u);
  EXPECT_EQ(AddGuestSession(getpid()), guest);
  RemoveGuestSession(getpid());
  EXPECT_EQ(ThisSession().inode, 1u);
  EXPECT_EQ(g_guests, 0);

  Session* const other = AddGuestSession(getpid() + 1);
  ASSERT_NE(other, nullptr);
  other->inode = 3;
  EXPECT_EQ(ThisSession().inode, 1u);
}

TEST_F(GuestSessionsTest, PlacesAreUsedAgain) {
  for (pid_t pid = 1000000; pid < 1000100; ++pid) {
    ASSERT_NE(AddGuestSession(pid), nullptr);
    RemoveGuestSession(pid);
  }
  int places = 0;
  while (AddGuestSession(1000000 + places) != nullptr) ++places;
  EXPECT_GE(places, 8);
  EXPECT_EQ(g_guests, places);
}

// A guest's own vfork() child.
TEST_F(GuestSessionsTest, AGuestsGuestInherits) {
  Session* const parent = AddGuestSession(1000000);
  ASSERT_NE(parent, nullptr);
  parent->inode = 4;
  InheritGuestSession(1000000);
  EXPECT_EQ(ThisSession().inode, 4u);
  EXPECT_EQ(ThisSession().pid, getpid());
}

// A guest's fork() child, whose memory is a copy.
TEST_F(GuestSessionsTest, AForkedChildKeepsItsParentsSession) {
  Session* const parent = AddGuestSession(1000000);
  ASSERT_NE(parent, nullptr);
  parent->inode = 5;
  ExpectGuest();
  TakeOverGuestSession(1000000);
  EXPECT_EQ(&ThisSession(), &g_owner_session);
  EXPECT_EQ(ThisSession().inode, 5u);
  EXPECT_FALSE(MayBeGuest());
}

TEST_F(GuestSessionsTest, GuestsAreExpectedAsLongAsOneIsThere) {
  EXPECT_FALSE(MayBeGuest());
  ExpectGuest();
  ExpectGuest();
  GuestIsGone();
  EXPECT_TRUE(MayBeGuest());
  GuestIsGone();
  EXPECT_FALSE(MayBeGuest());
  // One that was killed before it could say that it was there.
  GuestIsGone();
  ExpectGuest();
  EXPECT_TRUE(MayBeGuest());
}

}  // namespace
}  // namespace filemon
