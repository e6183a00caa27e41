#include "interpose/own_lane.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interpose/channel.h"
#include "interpose/fake_collector.h"
#include "interpose/process.h"
#include "interpose/session.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::Kind;

void Open(const std::string& name) {
  OutgoingRecord record = {Kind::kOpen, CurrentProcess()};
  record.a = wire::kReads;
  record.name[0] = "";
  record.name[1] = name.c_str();
  Emit(record);
}

Arrived Opened(const std::string& name) {
  return {Kind::kOpen, getpid(), wire::kReads, 0, {"", name}};
}

class OwnLaneTest : public ::testing::Test {
 protected:
  OwnLaneTest() {
    collector_.Attach();
    collector_.OfferLanes();
  }

  void SetUp() override {
    if (ThisSession().lanes == 0) GTEST_SKIP() << "there are no lanes here";
  }

  // Reports until the process has a lane: what the pipe got. False if it never
  // gets one.
  bool GetLane() {
    for (int i = 0; i < 2000; ++i) {
      Open("more");
      if (HasLane()) {
        collector_.Records();
        collector_.RecordsInLanes();
        return true;
      }
    }
    return false;
  }

  static bool HasLane() {
    return g_own_page != nullptr && g_own_page->lane != nullptr &&
           g_own_page->lane_cookie == ThisSession().cookie;
  }

  FakeCollector collector_;
};

// The status of a child that runs `body`, 0 if it returns true.
template <typename Body>
int InChild(Body body) {
  const ProcessId parent = CurrentProcess();
  const pid_t pid = fork();
  if (pid == 0) {
    AnnounceForkedChild(parent, NewLife(parent));
    _exit(body() ? 0 : 1);
  }
  int status;
  waitpid(pid, &status, 0);
  return status;
}

TEST_F(OwnLaneTest, IsForWhoReportsMuch) {
  Open("first");
  EXPECT_THAT(collector_.Records(), ElementsAre(Opened("first")));
  EXPECT_THAT(collector_.RecordsInLanes(), IsEmpty());
  ASSERT_TRUE(GetLane());
  Open("in the lane");
  EXPECT_THAT(collector_.Records(), IsEmpty());
  EXPECT_THAT(collector_.RecordsInLanes(), ElementsAre(Opened("in the lane")));
  EXPECT_EQ(collector_.dropped(), 0u);
}

TEST_F(OwnLaneTest, LeavesLongRecordsToThePipe) {
  ASSERT_TRUE(GetLane());
  const std::string longest(lane::kLongest - sizeof(wire::Header) - 2, 'n');
  Open(longest);
  EXPECT_THAT(collector_.RecordsInLanes(), ElementsAre(Opened(longest)));
  Open(longest + "n");
  EXPECT_THAT(collector_.RecordsInLanes(), IsEmpty());
  EXPECT_THAT(collector_.Records(), ElementsAre(Opened(longest + "n")));
}

TEST_F(OwnLaneTest, GoesOnInThePipeWhenItIsFull) {
  ASSERT_TRUE(GetLane());
  std::vector<Arrived> expected;
  const std::string name(200, 'n');
  int opens = 0;
  for (; collector_.Pending() == 0; ++opens) Open(name);
  const std::vector<Arrived> in_lane = collector_.RecordsInLanes();
  const std::vector<Arrived> in_pipe = collector_.Records();
  EXPECT_EQ(in_lane.size() + in_pipe.size(), static_cast<size_t>(opens));
  EXPECT_EQ(in_pipe.size(), 1u);
  Open("room again");
  EXPECT_THAT(collector_.RecordsInLanes(), ElementsAre(Opened("room again")));
}

TEST_F(OwnLaneTest, IsNotAForkedChilds) {
  ASSERT_TRUE(GetLane());
  EXPECT_EQ(InChild([] {
              Open("child");
              return !HasLane();
            }),
            0);
  EXPECT_THAT(collector_.RecordsInLanes(), IsEmpty());
  EXPECT_THAT(collector_.Records(), ::testing::SizeIs(2));  // its fork, too
}

TEST_F(OwnLaneTest, OfAForkedChildIsItsOwn) {
  ASSERT_TRUE(GetLane());
  lane::Header* const ours = g_own_page->lane;
  EXPECT_EQ(InChild([&] {
              for (int i = 0; i < 100 && !HasLane(); ++i) Open("more");
              Open("child");
              return HasLane();
            }),
            0);
  EXPECT_EQ(g_own_page->lane, ours);
  collector_.Records();
  const std::vector<Arrived> records = collector_.RecordsInLanes();
  ASSERT_FALSE(records.empty());
  EXPECT_THAT(records.back().names, ElementsAre("", "child"));
  EXPECT_NE(records.back().pid, getpid());
}

TEST_F(OwnLaneTest, IsNotUsedWhileMemoryIsShared) {
  ASSERT_TRUE(GetLane());
  DistrustMemory();
  Open("shared");
  TrustMemory();
  EXPECT_THAT(collector_.RecordsInLanes(), IsEmpty());
  EXPECT_THAT(collector_.Records(), ElementsAre(Opened("shared")));
  Open("not shared");
  EXPECT_THAT(collector_.RecordsInLanes(), ElementsAre(Opened("not shared")));
}

TEST_F(OwnLaneTest, IsGoneWhenAllAreTaken) {
  const int fd = OpenCollectorsFile(ThisSession().lanes, O_RDWR);
  ASSERT_GE(fd, 0);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_len = lane::kLanes;
  ASSERT_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
  for (int i = 0; i < 3000; ++i) {
    Open("in the pipe");
    ASSERT_FALSE(HasLane());
    ASSERT_EQ(collector_.Records().size(), 1u);
  }
  close(fd);
  EXPECT_TRUE(GetLane());
}

// The file behind the number is another one.
TEST_F(OwnLaneTest, IsOfNoOtherFile) {
  ThisSession().lanes = open("/dev/zero", O_RDWR);
  EXPECT_FALSE(GetLane());
  close(ThisSession().lanes);
}

TEST_F(OwnLaneTest, IsSharedByThreads) {
  ASSERT_TRUE(GetLane());
  constexpr int kThreads = 4;
  constexpr int kRecords = 200;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < kRecords; ++j) Open("thread");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(collector_.RecordsInLanes().size(),
            static_cast<size_t>(kThreads * kRecords));
  EXPECT_EQ(collector_.dropped(), 0u);
}

}  // namespace
}  // namespace filemon
