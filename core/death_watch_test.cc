#include "core/death_watch.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/stamp.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

// A child that lives until it is killed.
pid_t StartChild() {
  const pid_t pid = fork();
  if (pid == 0) {
    for (;;) pause();
  }
  return pid;
}

void KillAndLeaveZombie(pid_t pid) {
  kill(pid, SIGKILL);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
}

constexpr uint32_t kLife = 7;

bool Watch(DeathWatch* watch, pid_t pid) {
  return watch->Add(KeyOf(pid, kLife), pid);
}

TEST(DeathWatchTest, SeesAZombie) {
  DeathWatch watch;
  const pid_t pid = StartChild();
  ASSERT_TRUE(Watch(&watch, pid));
  EXPECT_TRUE(watch.Poll().empty());
  EXPECT_TRUE(watch.Lives(KeyOf(pid, kLife)));
  KillAndLeaveZombie(pid);
  EXPECT_FALSE(watch.Lives(KeyOf(pid, kLife)));
  pollfd ready = {watch.fd(), POLLIN, 0};
  EXPECT_EQ(poll(&ready, 1, -1), 1);
  const std::vector<Death> deaths = watch.Poll();
  ASSERT_EQ(deaths.size(), 1u);
  EXPECT_EQ(deaths[0].pid, pid);
  EXPECT_EQ(deaths[0].wait_status, absl::optional<int>(SIGKILL));
  EXPECT_TRUE(watch.Poll().empty());
  waitpid(pid, nullptr, 0);
}

// A grandchild, whose zombie waits for its parent.
TEST(DeathWatchTest, SeesTheZombieOfAnother) {
  int started[2];
  ASSERT_EQ(pipe(started), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t child = fork();
    if (child == 0) _exit(7);
    siginfo_t info;
    waitid(P_PID, child, &info, WEXITED | WNOWAIT);
    if (write(started[1], &child, sizeof(child)) < 0) _exit(1);
    for (;;) pause();
  }
  pid_t child;
  ASSERT_EQ(read(started[0], &child, sizeof(child)),
            static_cast<ssize_t>(sizeof(child)));
  DeathWatch watch;
  ASSERT_TRUE(Watch(&watch, child));
  const std::vector<Death> deaths = watch.Poll();
  ASSERT_EQ(deaths.size(), 1u);
  EXPECT_EQ(deaths[0].wait_status, absl::optional<int>(7 << 8));
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
}

TEST(DeathWatchTest, SeesOneThatSomebodyReaped) {
  DeathWatch watch;
  const pid_t pid = StartChild();
  ASSERT_TRUE(Watch(&watch, pid));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  const std::vector<Death> deaths = watch.Poll();
  ASSERT_EQ(deaths.size(), 1u);
  EXPECT_EQ(deaths[0].pid, pid);
  // Before Linux 6.15 nobody can tell any more.
  if (deaths[0].wait_status) {
    EXPECT_EQ(*deaths[0].wait_status, SIGKILL);
  }
}

TEST(DeathWatchTest, WakesNobodyWhereTheKernelKeepsStatuses) {
  DeathWatch watch;
  const pid_t first = StartChild();
  const pid_t second = StartChild();
  ASSERT_TRUE(Watch(&watch, first));
  ASSERT_TRUE(Watch(&watch, second));
  EXPECT_GE(watch.fd(), 0);
  kill(first, SIGKILL);
  waitpid(first, nullptr, 0);
  const std::vector<Death> deaths = watch.Poll();
  ASSERT_EQ(deaths.size(), 1u);
  EXPECT_EQ(watch.fd() < 0, deaths[0].wait_status.has_value());
  KillAndLeaveZombie(second);
  EXPECT_EQ(watch.Poll().size(), 1u);
  waitpid(second, nullptr, 0);
}

TEST(DeathWatchTest, RefusesTheDead) {
  DeathWatch watch;
  const pid_t pid = StartChild();
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  EXPECT_FALSE(Watch(&watch, pid));
}

// What has the number now was born after the process that is meant.
TEST(DeathWatchTest, RefusesWhoeverHasTheNumberNow) {
  DeathWatch watch;
  const uint64_t before = Stamp();
  // The kernel counts births in hundredths of a second.
  const timespec tick = {0, 60 * 1000 * 1000};
  nanosleep(&tick, nullptr);
  const pid_t pid = StartChild();
  const pid_t stranger = getpid() + 1;
  EXPECT_FALSE(watch.Add(KeyOf(pid, 1), pid, stranger, before));
  EXPECT_FALSE(watch.Lives(KeyOf(pid, 1)));
  // Who has the parent is it, and so may be who was there before: an orphan.
  EXPECT_TRUE(watch.Add(KeyOf(pid, 2), pid, getpid(), before));
  EXPECT_TRUE(watch.Add(KeyOf(pid, 3), pid, stranger, Stamp()));
  EXPECT_TRUE(watch.Lives(KeyOf(pid, 2)));
  EXPECT_FALSE(watch.HasEnded(KeyOf(pid, 2)));
  KillAndLeaveZombie(pid);
  EXPECT_TRUE(watch.HasEnded(KeyOf(pid, 2)));
  EXPECT_EQ(watch.StatusOf(KeyOf(pid, 2)), absl::optional<int>(SIGKILL));
  EXPECT_EQ(watch.StatusOf(KeyOf(pid, 1)), absl::nullopt);
  EXPECT_EQ(watch.Poll().size(), 2u);
  waitpid(pid, nullptr, 0);
}

TEST(DeathWatchTest, ForgetsTheRemoved) {
  DeathWatch watch;
  const pid_t pid = StartChild();
  ASSERT_TRUE(Watch(&watch, pid));
  watch.Remove(KeyOf(pid, kLife));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  EXPECT_TRUE(watch.Poll().empty());
}

TEST(DeathWatchTest, ManagesWithoutDescriptors) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = 16;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  std::vector<pid_t> pids;
  {
    DeathWatch watch;
    for (int i = 0; i < 32; ++i) {
      pids.push_back(StartChild());
      EXPECT_TRUE(Watch(&watch, pids.back()));
    }
    EXPECT_TRUE(watch.Poll().empty());
    // The last to come have no descriptor, and leave none free.
    for (int i = 0; i < 32; i += 31) {
      KillAndLeaveZombie(pids[31 - i]);
      const std::vector<Death> deaths = watch.Poll();
      ASSERT_EQ(deaths.size(), 1u);
      EXPECT_EQ(deaths[0].wait_status, absl::optional<int>(SIGKILL));
    }
    for (int i = 1; i < 31; ++i) KillAndLeaveZombie(pids[i]);
    EXPECT_EQ(watch.Poll().size(), 30u);
    EXPECT_TRUE(watch.Poll().empty());
  }
  for (pid_t pid : pids) waitpid(pid, nullptr, 0);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace filemon
