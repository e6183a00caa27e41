#include "core/pidfd.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace filemon {
namespace {

class PidfdTest : public ::testing::Test {
 protected:
  void SetUp() override {
    child_ = fork();
    ASSERT_GE(child_, 0);
    if (child_ == 0) {
      for (;;) pause();
    }
    pidfd_ = PidfdOpen(child_);
    if (pidfd_ < 0) {
      const int error = errno;
      EndChild();
      GTEST_SKIP() << "no pidfds here: errno " << error;
    }
  }
  void TearDown() override {
    if (pidfd_ >= 0) close(pidfd_);
  }
  void EndChild() {
    kill(child_, SIGTERM);
    EXPECT_EQ(waitpid(child_, nullptr, 0), child_);
  }

  pid_t child_ = 0;
  int pidfd_ = -1;
};

TEST_F(PidfdTest, TellsTheParentOfWhatStillExists) {
  const absl::optional<pid_t> parent = ParentOf(pidfd_);
  EXPECT_TRUE(StillExists(pidfd_));
  EXPECT_FALSE(StatusOfReaped(pidfd_));
  // A zombie has a parent, too.
  kill(child_, SIGTERM);
  siginfo_t info;
  EXPECT_EQ(waitid(P_PID, child_, &info, WEXITED | WNOWAIT), 0);
  const absl::optional<pid_t> zombies_parent = ParentOf(pidfd_);
  EXPECT_TRUE(StillExists(pidfd_));
  EXPECT_FALSE(StatusOfReaped(pidfd_));
  EXPECT_EQ(waitpid(child_, nullptr, 0), child_);
  EXPECT_FALSE(ParentOf(pidfd_));
  EXPECT_FALSE(StillExists(pidfd_));
  if (!parent) GTEST_SKIP() << "this kernel does not tell parents (Linux 6.13)";
  EXPECT_EQ(parent, getpid());
  EXPECT_EQ(zombies_parent, getpid());
}

TEST_F(PidfdTest, TellsTheStatusOfWhatWasReaped) {
  EndChild();
  const absl::optional<int> status = StatusOfReaped(pidfd_);
  EXPECT_EQ(KernelTellsEnds(), status.has_value());
  if (!status) GTEST_SKIP() << "this kernel forgets statuses (Linux 6.15)";
  EXPECT_EQ(*status, SIGTERM);
  EXPECT_EQ(PidfdOpen(child_), -1);
  EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace filemon
