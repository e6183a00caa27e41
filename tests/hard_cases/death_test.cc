// However a process ends, what it did is in the log, and how it ended.
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// The case `name`, run by a shell that prints its exit status.
TracedRun RunCase(const std::string& name) {
  return RunBoth({"/bin/sh", "-c", "\"$0\" \"$1\"; echo $?",
                  HardProgram("death_cases"), name});
}

struct Death {
  const char* name;
  const char* exit;  // STATUS SIGNAL
  std::vector<std::string> seen;
};

void PrintTo(const Death& death, std::ostream* out) { *out << death.name; }

class DeathTest : public testing::TestWithParam<Death> {};

TEST_P(DeathTest, IsInTheLog) {
  const TracedRun run = RunCase(GetParam().name);
  EXPECT_THAT(run.Seen(), ElementsAreArray(GetParam().seen));
  EXPECT_EQ(ExitOf(run.log, PidOf(run.log, "/death_cases")), GetParam().exit);
  EXPECT_THAT(Comments(run.log, "unknown"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Ways, DeathTest,
    testing::Values(Death{"returns", "0 0", {"W seen"}},
                    Death{"killed", "0 9", {"W seen"}},
                    Death{"aborts", "0 6", {"W seen"}},
                    Death{"segfaults", "0 11", {"W seen"}},
                    Death{"traps", "0 4", {"W seen"}},
                    Death{"raw_exit_group", "12 0", {"W seen"}},
                    Death{"syscall_exit", "13 0", {"W seen"}},
                    Death{"quick_exits", "9 0", {"W seen at quick exit"}},
                    Death{"underscore_exits", "10 0", {"W seen"}},
                    Death{"exits_in_a_handler",
                          "7 0",
                          {"W seen in handler", "W seen at exit"}},
                    Death{"overflows_the_stack", "0 11", {"W seen"}},
                    Death{"overflows_the_stack_with_another",
                          "8 0",
                          {"W seen on the other stack"}},
                    Death{"exits_over_a_thread_pool", "14 0",
                          std::vector<std::string>(8, "W seen by a thread")},
                    Death{"exits_in_a_thread", "16 0", {"W seen"}}),
    [](const auto& info) { return info.param.name; });

class ExecOverThreadsTest : public testing::TestWithParam<const char*> {};

TEST_P(ExecOverThreadsTest, GoesOn) {
  const TracedRun run = RunCase(GetParam());
  std::vector<std::string> seen(8, "W seen by a thread");
  seen.push_back("W seen after the exec");
  EXPECT_THAT(run.Seen(), ElementsAreArray(seen));
  const pid_t pid = PidOf(run.log, "/death_cases");
  EXPECT_THAT(RecordsOf(run.log, pid), Contains(StartsWith("E /")).Times(2));
  EXPECT_THAT(Comments(run.log, "untraced"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Threads, ExecOverThreadsTest,
                         testing::Values("execs_over_a_thread_pool",
                                         "execs_in_a_thread"),
                         [](const auto& info) { return info.param; });

// The X of the process that has written "seen..." `name`.
std::string ExitOfWriter(const TracedRun& run, const std::string& name) {
  for (const LogRecord& record : run.log) {
    if (record.letter == 'W' && record.path == name) {
      return ExitOf(run.log, record.pid);
    }
  }
  return "";
}

// Processes that outlive their parents are waited for.
TracedRun RunOrphan(const std::string& name) {
  FilemonProcess filemon;
  TracedRun run;
  run.traced =
      filemon.Run({"--wait-all", "/bin/sh", "-c", "\"$0\" \"$1\"; exit $?",
                   HardProgram("death_cases"), name});
  EXPECT_EQ(run.traced.exit_status, 0) << run.traced.err;
  run.log = filemon.Log();
  return run;
}

TEST(OrphanTest, HasItsExit) {
  const TracedRun run = RunOrphan("orphan");
  EXPECT_THAT(run.Seen(), ElementsAre("W seen by the orphan"));
  EXPECT_EQ(ExitOfWriter(run, "seen by the orphan"), "17 0");
}

// CheckLog() holds that the F comes before the parent's X.
TEST(OrphanTest, OfAKilledProcess) {
  const TracedRun run = RunOrphan("orphan_of_a_killed_process");
  EXPECT_THAT(run.Seen(), ElementsAre("W seen by the orphan"));
  EXPECT_EQ(ExitOfWriter(run, "seen by the orphan"), "18 0");
}

TEST(OrphanTest, ThatItsParentIgnores) {
  const TracedRun run = RunOrphan("ignores_its_children");
  EXPECT_THAT(run.Seen(), ElementsAre("W seen"));
  EXPECT_EQ(ExitOfWriter(run, "seen"), "19 0");
}

}  // namespace
}  // namespace filemon
