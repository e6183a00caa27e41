// What processes report that have lost the pipe: all of it, by another way.
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::IsEmpty;

std::string Program() { return HardProgram("lost_cases"); }

int Count(const TracedRun& run, const std::string& line) {
  const std::vector<std::string> seen = run.Seen();
  return static_cast<int>(std::count(seen.begin(), seen.end(), line));
}

TEST(LostPipeTest, ComesBackWithoutProc) {
  const TracedRun run = RunBoth({Program(), "without_proc"});
  SKIP_IF_REFUSED(run);
  EXPECT_EQ(Count(run, "W seen1"), 50);
  EXPECT_EQ(Count(run, "W seen2"), 50);
  EXPECT_THAT(Comments(run.log, "lost"), IsEmpty());
}

TEST(LostPipeTest, ComesBackToAnotherUser) {
  if (!IsRoot()) GTEST_SKIP() << "this user is not really root";
  const TracedRun run = RunBoth({Program(), "as_another_user"});
  SKIP_IF_REFUSED(run);
  EXPECT_EQ(Count(run, "W seen2"), 50);
  EXPECT_EQ(Count(run, "W seen3"), 1);
  EXPECT_EQ(Count(run, "W seen4"), 1);
  EXPECT_THAT(Comments(run.log, "lost"), IsEmpty());
}

TEST(LostPipeTest, IsNotNeededInALane) {
  const TracedRun run = RunBoth({Program(), "all_descriptors_taken"}, [] {
    const rlimit few = {64, 64};
    setrlimit(RLIMIT_NOFILE, &few);
  });
  EXPECT_EQ(Count(run, "D seen1"), 1);
  int renames = 0;
  for (const LogRecord& record : run.log) renames += record.letter == 'M';
  EXPECT_EQ(renames, 200);
  EXPECT_THAT(Comments(run.log, "lost"), IsEmpty());
}

TEST(LostLaneTest, IsNotMissed) {
  for (const char* name : {"unmaps", "unmaps_by_number"}) {
    const TracedRun run = RunBoth({Program(), name});
    EXPECT_EQ(Count(run, "W seen1"), 100) << name;
    EXPECT_EQ(Count(run, "W seen2"), 3000) << name;
    EXPECT_THAT(Comments(run.log, "lost"), IsEmpty());
    EXPECT_THAT(Comments(run.log, "dropped"), IsEmpty());
  }
}

}  // namespace
}  // namespace filemon
