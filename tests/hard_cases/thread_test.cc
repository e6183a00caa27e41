// Threads that call at once, processes that begin or end in odd ways.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

std::string Program() { return HardProgram("thread_cases"); }

class TotalTest : public testing::TestWithParam<const char*> {};

TEST_P(TotalTest, CountsEveryCall) {
  const TracedRun run = RunBoth({Program(), GetParam()});
  ExpectTotals(run.log);
  EXPECT_THAT(Comments(run.log, "lost"), IsEmpty());
  EXPECT_THAT(Comments(run.log, "untraced"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Cases, TotalTest,
    testing::Values("many_threads", "smallest_stack", "fork_meanwhile",
                    "_Fork_meanwhile", "vfork_meanwhile",
                    "posix_spawn_meanwhile", "shells_of_threads",
                    "shells_of_threads_after_clearenv", "threads_come_and_go"),
    [](const auto& info) { return info.param; });

struct Case {
  const char* name;
  std::vector<std::string> seen;
  // The exits of all processes, in the order in which they end. Empty where a
  // daemon's may come after the end of the session, or where libc waits for the
  // child of a cancelled system() before anyone could look at it.
  std::vector<std::string> exits = {};
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class ThreadTest : public testing::TestWithParam<Case> {};

TEST_P(ThreadTest, LosesNothing) {
  const TracedRun run = RunBoth({Program(), GetParam().name});
  SKIP_IF_REFUSED(run);
  EXPECT_THAT(run.Seen(), ElementsAreArray(GetParam().seen));
  std::vector<std::string> exits;
  for (const LogRecord& record : run.log) {
    if (record.letter == 'X') {
      exits.push_back(absl::StrCat(record.number, " ", record.signal));
    }
  }
  if (GetParam().exits.empty()) return;
  EXPECT_THAT(exits, ElementsAreArray(GetParam().exits));
}

const std::vector<std::string> kAfter = {"W seen-after", "W seen-shell"};
const std::vector<std::string> kChild = {"W seen-child", "W seen-exec",
                                         "W seen-after"};

INSTANTIATE_TEST_SUITE_P(
    Cancel, ThreadTest,
    testing::Values(Case{"cancel_open", kAfter, {"0 0", "0 0"}},
                    Case{"cancel_openat", kAfter, {"0 0", "0 0"}},
                    Case{"cancel_creat", kAfter, {"0 0", "0 0"}},
                    Case{"cancel_waitpid", kAfter, {"0 0", "0 9", "0 0"}},
                    Case{"cancel_system", kAfter},
                    Case{"cancel_system_after_clearenv",
                         {"W seen-after", "W seen-shell", "W seen-again"}}),
    [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(
    End, ThreadTest,
    testing::Values(Case{"main_thread_ends", kAfter, {"0 0", "0 0"}},
                    Case{"exit_while_threads_open", {"W seen-after"}, {"0 0"}},
                    Case{"exec_in_a_thread", {"W seen-exec"}, {"0 0"}}),
    [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(
    Child, ThreadTest,
    testing::Values(Case{"syscall_fork", kChild, {"3 0", "0 0"}},
                    Case{"syscall_clone", kChild, {"3 0", "0 0"}},
                    Case{"syscall_clone3", kChild, {"3 0", "0 0"}},
                    Case{"inline_fork", kChild, {"3 0", "0 0"}},
                    Case{"bare_fork", kChild, {"3 0", "0 0"}},
                    Case{"clone_copy", kChild, {"3 0", "0 0"}},
                    Case{"clone_vm", kChild, {"3 0", "0 0"}},
                    Case{"clone_vfork", kChild, {"3 0", "0 0"}},
                    Case{"clone_files", kChild, {"3 0", "0 0"}},
                    Case{"daemon", {"W seen-daemon", "W seen-after"}},
                    Case{"double_fork",
                         {"W seen-daemon", "W seen-exec", "W seen-after"}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace filemon
