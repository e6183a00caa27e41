#include "core/proc_stat.h"

#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"

namespace filemon {
namespace {

constexpr char kText[] =
    "42 (a) b (c) Z 7 42 42 0 -1 4227084 1 0 0 0 0 0 0 0 20 0 1 0 5 0 0 "
    "18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 "
    "768\n";

TEST(ParseProcStat, SkipsTheName) {
  const auto stat = ParseProcStat(kText);
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->name, "a) b (c");
  EXPECT_EQ(stat->state, 'Z');
  EXPECT_EQ(stat->parent, 7);
  EXPECT_EQ(stat->threads, 1);
  EXPECT_TRUE(IsZombie(stat));
  EXPECT_EQ(stat->wait_status, 768);
}

// The first thread has ended, and the others have not.
TEST(ParseProcStat, AProcessOfWhichThreadsAreLeftIsNoZombie) {
  std::string text = kText;
  const std::string threads = " 20 0 1 0 ";
  text.replace(text.find(threads), threads.size(), " 20 0 3 0 ");
  const auto stat = ParseProcStat(text);
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->threads, 3);
  EXPECT_FALSE(IsZombie(stat));
  EXPECT_FALSE(IsZombie(absl::nullopt));
}

TEST(ParseProcStat, RefusesOtherText) {
  EXPECT_FALSE(ParseProcStat("").has_value());
  EXPECT_FALSE(ParseProcStat("42 (a) S 7").has_value());
  EXPECT_FALSE(ParseProcStat("42 (a) ").has_value());
}

TEST(ReadProcStat, ReadsAZombie) {
  const pid_t pid = fork();
  if (pid == 0) _exit(5);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
  const auto stat = ReadProcStat(pid);
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->state, 'Z');
  EXPECT_EQ(stat->parent, getpid());
  EXPECT_EQ(stat->wait_status, 5 << 8);
  waitpid(pid, nullptr, 0);
  EXPECT_FALSE(ReadProcStat(pid).has_value());
}

}  // namespace
}  // namespace filemon
