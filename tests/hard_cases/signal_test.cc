// Signal handlers that come while a wrapper is at work, or use wrapped calls
// themselves; and what a program may expect of signals that we must not change.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

std::string Program() { return HardProgram("signal_cases"); }

struct Case {
  const char* name;
  std::vector<std::string> seen;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class SignalTest : public testing::TestWithParam<Case> {};

TEST_P(SignalTest, LosesNothing) {
  const TracedRun run = RunBoth({Program(), GetParam().name});
  EXPECT_THAT(run.Seen(), ElementsAreArray(GetParam().seen));
  EXPECT_THAT(Comments(run.log, "untraced"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Cases, SignalTest,
    testing::Values(
        Case{"fork_and_exec_in_a_handler",
             {"W seen-child", "W seen-exec", "W seen-handler", "W seen-after"}},
        Case{"vfork_and_exec_in_a_handler",
             {"W seen-exec", "W seen-handler", "W seen-after"}},
        Case{"exec_in_a_handler", {"W seen-exec"}},
        Case{"exit_in_a_handler", {"W seen-handler"}},
        Case{"signal_in_a_vfork_child",
             {"W seen-handler", "W seen-exec", "W seen-after"}},
        Case{"vfork_child_killed", {"W seen-child", "W seen-after"}},
        Case{"siglongjmp_out_of_calls", {"W seen-after", "W seen-shell"}},
        Case{"masks_and_actions", {"W seen-1"}},
        Case{"open_is_interrupted", {}},
        Case{"small_signal_stack",
             {"W seen-1", "A seen-2", "W FOLDER/seen-2", "M seen-1", "A seen-3",
              "A seen-4", "M FOLDER/seen-3", "A seen-4", "A seen-5",
              "L FOLDER/seen-4", "A seen-6", "L seen-4", "A seen-6",
              "D FOLDER/seen-6", "D seen-4", "W seen-exec", "W seen-after"}}),
    [](const auto& info) { return info.param.name; });

// A process's own calls are in the log exactly as often as it counted them.
class StormTest : public testing::TestWithParam<const char*> {};

TEST_P(StormTest, CountsEveryOpen) {
  const TracedRun run = RunBoth({Program(), GetParam()});
  ExpectTotals(run.log);
  EXPECT_THAT(Comments(run.log, "lost"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Cases, StormTest,
                         testing::Values("storm_of_opens", "storm_of_streams",
                                         "storm_of_children",
                                         "storm_in_vfork_children"),
                         [](const auto& info) { return info.param; });

// The opener of the FIFO's other end may be first in the log.
TEST(SignalTest, ARestartedOpenIsOneRecord) {
  const TracedRun run = RunBoth({Program(), "open_is_restarted"});
  EXPECT_THAT(run.Seen(),
              testing::UnorderedElementsAre("R seen-fifo", "W seen-fifo"));
}

TEST(SignalTest, BrokenPipesStayTheProgramsOwn) {
  const TracedRun run =
      RunBoth({"/bin/bash", "-c", "yes | head -n1; echo ${PIPESTATUS[@]}"});
  EXPECT_EQ(run.traced.out, "y\n141 0\n");
}

}  // namespace
}  // namespace filemon
