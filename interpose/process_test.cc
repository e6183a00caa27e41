#include "interpose/process.h"

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interpose/fake_collector.h"
#include "interpose/own_page.h"
#include "interpose/pipe_place.h"
#include "interpose/session.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::Kind;

// The lives in question are told by the tests that ask for them.
Arrived Fork(pid_t parent, pid_t child, uint32_t life) {
  return {Kind::kFork, parent, child, static_cast<int32_t>(life), {}};
}
Arrived Forked(pid_t child, pid_t parent) {
  return {Kind::kForked, child, parent, static_cast<int32_t>(kLife), {}};
}

// Runs body() in a child with memory of its own; the child's pid.
template <typename Body>
pid_t RunForked(Body body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  int status;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  return pid;
}

// Runs body() in a child that shares our memory, as vfork()'s does, but on a
// stack of its own; the child's pid.
template <typename Body>
pid_t Sharing(Body body) {
  static std::vector<char> stack(1 << 18);
  const auto run = [](void* data) {
    (*static_cast<Body*>(data))();
    return 0;
  };
  const pid_t pid = clone(run, stack.data() + stack.size(),
                          CLONE_VM | CLONE_VFORK | SIGCHLD, &body);
  EXPECT_GT(pid, 0);
  EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
  return pid;
}

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() { collector_.Attach(); }

  FakeCollector collector_;
};

TEST_F(ProcessTest, AKnownProcessIsNotAnnounced) {
  EXPECT_EQ(CurrentPid(), getpid());
  EXPECT_EQ(CurrentPid(), getpid());
  EXPECT_THAT(collector_.Records(), IsEmpty());
}

TEST_F(ProcessTest, TheParentSaysWhomItCreated) {
  ReportChild(4711, 77);
  EXPECT_THAT(collector_.Records(), ElementsAre(Fork(getpid(), 4711, 77)));
}

TEST_F(ProcessTest, AForkThatNoWrapperSawShowsAtTheFirstRecord) {
  const pid_t child = RunForked([] {
    if (CurrentPid() != getpid()) _exit(1);
    CurrentPid();
  });
  EXPECT_THAT(collector_.Records(), ElementsAre(Forked(child, getpid())));
}

// Between us and the new process there is one that never said a word: the
// collector asks the kernel.
TEST_F(ProcessTest, AnUnknownParentIsNotGuessed) {
  RunForked([] { RunForked([] { CurrentPid(); }); });
  const std::vector<Arrived> records = collector_.Records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].kind, Kind::kDescends);
  EXPECT_EQ(records[0].a, getpid());
  EXPECT_EQ(records[0].b, static_cast<int32_t>(kLife));
}

TEST_F(ProcessTest, LivesAreNewEachTime) {
  const ProcessId self = CurrentProcess();
  EXPECT_EQ(self.life, kLife);
  std::set<uint32_t> lives = {self.life};
  for (int i = 0; i < 1000; ++i) lives.insert(NewLife(self));
  EXPECT_EQ(lives.size(), 1001u);
  // A fork goes on from another number, whatever it has in common with us.
  RunForked([&] {
    const uint32_t ours = NewLife(self);
    if (ours == NewLife({self.pid, self.life + 1})) _exit(1);
    if (lives.count(CurrentProcess().life) > 0) _exit(2);
  });
}

// A child of a raw clone(CLONE_VM) does not change who we are.
TEST_F(ProcessTest, OurLifeStaysOurs) {
  uint32_t childs = 0;
  Sharing([&] { childs = CurrentProcess().life; });
  EXPECT_NE(childs, kLife);
  EXPECT_EQ(CurrentProcess().life, kLife);
}

TEST_F(ProcessTest, AForkedChildAnnouncesItselfOnce) {
  const pid_t parent = getpid();
  const pid_t child = RunForked([parent] {
    AnnounceForkedChild({parent, kLife}, 77);
    CurrentPid();
    AnnounceForkedChild({parent, kLife}, 77);
  });
  EXPECT_THAT(collector_.Records(), ElementsAre(Forked(child, parent)));
}

// The kernel has cleared the page; until the child reports as much as its
// parent it is not even read.
TEST_F(ProcessTest, AForkedChildHasItsPageOnlyWhenItNeedsIt) {
  // The page stays: not in the process of the other tests.
  RunForked([&] {
    while (OwnPageIfAny() == nullptr) CurrentPid();
    const OwnPage* const page = OwnPageIfAny();
    const pid_t parent = getpid();
    RunForked([&] {
      AnnounceForkedChild({parent, kLife}, 77);
      if (OwnPageIfAny() != nullptr) _exit(1);
      for (int i = 0; i < 100; ++i) {
        if (CurrentPid() != getpid()) _exit(2);
      }
      if (OwnPageIfAny() != page) _exit(3);
      if (page->pid != getpid() || page->lane != nullptr) _exit(4);
    });
    if (OwnPageIfAny() != page || CurrentPid() != parent) _exit(5);
    if (HasFailure()) _exit(6);
  });
}

// pthread_atfork() handlers run before fork() returns to its wrapper.
TEST_F(ProcessTest, AnAtforkHandlerMayHaveSpokenFirst) {
  const pid_t parent = getpid();
  const pid_t child = RunForked([parent] {
    CurrentPid();
    AnnounceForkedChild({parent, kLife}, 77);
  });
  EXPECT_THAT(collector_.Records(), ElementsAre(Forked(child, parent)));
}

TEST_F(ProcessTest, AChildInOurMemoryChangesNothingOfOurs) {
  const pid_t parent = getpid();
  pid_t seen = 0;
  const pid_t child = Sharing([&] {
    AnnounceSharingChild(parent, 78);
    seen = CurrentPid();
  });
  EXPECT_EQ(seen, child);
  EXPECT_EQ(ThisSession().pid, parent);
  EXPECT_EQ(CurrentPid(), parent);
  EXPECT_THAT(collector_.Records(), ElementsAre(Forked(child, parent)));
  EXPECT_TRUE(ForgetSharingChild(child));
  EXPECT_FALSE(ForgetSharingChild(child));
}

// Descriptors are not memory.
TEST_F(ProcessTest, AChildInOurMemoryMovesThePipeForItselfAlone) {
  const pid_t parent = getpid();
  const int pipe = ThisSession().fd;
  int moved = pipe;
  const pid_t child = Sharing([&] {
    AnnounceSharingChild(parent, 78);
    YieldDescriptor();
    YieldDescriptor();
    moved = ThisSession().fd;
  });
  EXPECT_NE(moved, pipe);
  EXPECT_TRUE(ForgetSharingChild(child));
  EXPECT_EQ(ThisSession().fd, pipe);
}

TEST_F(ProcessTest, AChildKilledBeforeItCouldSpeakIsTold) {
  EXPECT_FALSE(ForgetSharingChild(4711));
}

// A raw clone(CLONE_VM) leaves its pid behind in our memory; we are not its
// child for that.
TEST_F(ProcessTest, AnUnseenChildInOurMemoryDoesNotBecomeOurParent) {
  const pid_t parent = getpid();
  const pid_t child = Sharing([] { CurrentPid(); });
  EXPECT_EQ(CurrentPid(), parent);
  EXPECT_EQ(CurrentPid(), parent);
  EXPECT_THAT(collector_.Records(), ElementsAre(Forked(child, parent)));
}

// As of hundreds of threads that are between a vfork() and an exec.
TEST_F(ProcessTest, RemembersHundredsOfSharingChildren) {
  const pid_t parent = getpid();
  std::vector<pid_t> children;
  for (uint32_t i = 0; i < 300; ++i) {
    ProcessId seen = {};
    children.push_back(Sharing([&] {
      AnnounceSharingChild(parent, 1000 + i);
      seen = CurrentProcess();
    }));
    EXPECT_EQ(seen.pid, children.back());
    EXPECT_EQ(seen.life, 1000 + i);
    EXPECT_EQ(ThisSession().pid, parent);
  }
  EXPECT_EQ(CurrentProcess().life, kLife);
  for (const pid_t child : children) EXPECT_TRUE(ForgetSharingChild(child));
  for (const pid_t child : children) EXPECT_FALSE(ForgetSharingChild(child));
  EXPECT_FALSE(MemoryIsShared());
}

}  // namespace
}  // namespace filemon
