// Programs that install filters of system calls: what we do besides what they
// do must not be punished, and what cannot be reported is said.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Lines = std::vector<std::string>;

std::string Program() { return HardProgram("filter_cases"); }

Lines Times(int n, const std::string& line) { return Lines(n, line); }

Lines operator+(Lines a, const Lines& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A filter that the case shall live with, and all that it did is in the log.
struct Case {
  std::string name;
  Lines seen;
};

class FilterTest : public ::testing::TestWithParam<Case> {};

TEST_P(FilterTest, LivesAndHasEverything) {
  const TracedRun run = RunBoth({Program(), GetParam().name});
  SKIP_IF_REFUSED(run);
  EXPECT_EQ(run.Seen(), GetParam().seen);
  for (const char* word : {"lost", "unknown", "dropped", "untraced"}) {
    EXPECT_THAT(Comments(run.log, word), IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, FilterTest,
    testing::Values(
        Case{"exits", {}}, Case{"exits_at_once", {}},
        Case{"opens", Times(1000, "W seen")},
        Case{"opens_before_and_after",
             Times(100, "W seen1") + Times(3000, "W seen2")},
        Case{"by_number", Times(100, "W seen")},
        Case{"writes_to_few", Times(100, "W seen")},
        Case{"twice", Times(100, "W seen")},
        Case{"directories",
             {"A seen1", "W FOLDER/before/seen1", "A seen2",
              "W FOLDER/after/seen2", "A seen3", "W FOLDER/after/below/seen3",
              "A seen4", "W FOLDER/before/seen4"}},
        Case{"changes_directory", {"W seen1", "W seen2"}},
        Case{"forks", {"W seen"}}, Case{"vforks", {"W seen", "W seen1"}},
        Case{"in_a_vfork_child", {"W seen"}},
        Case{"trapped", Times(100, "W seen")}, Case{"strict", {}},
        Case{"runs_a_program", {"W seen"}},
        Case{"without_clock", Times(100, "W seen1") + Times(100, "W seen2") +
                                  Times(100, "W seen3") + Lines{"W seen4"} +
                                  Times(100, "W seen5")}),
    [](const auto& info) { return info.param.name; });

// What a child was about to say that cannot tell its pid is counted, and
// filemon says so, too.
class NamelessChildTest : public ::testing::TestWithParam<std::string> {};

TEST_P(NamelessChildTest, IsCounted) {
  FilemonProcess filemon;
  const Result result = filemon.Run({Program(), GetParam()});
  if (result.exit_status == 77) GTEST_SKIP();
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.err,
            "filemon: the log filemon.out is incomplete: 1 records are lost\n");
  TracedRun run;
  run.log = filemon.Log();
  EXPECT_THAT(run.Seen(), ElementsAre("W seen1"));
  const pid_t pid = PidOf(run.log, "/filter_cases");
  // How it ended is known all the same.
  EXPECT_THAT(Comments(run.log, "lost"),
              ElementsAre(absl::StrCat("lost 1 records of children of ", pid)));
}

INSTANTIATE_TEST_SUITE_P(Cases, NamelessChildTest,
                         testing::Values("forks_without_getpid",
                                         "vforks_without_getpid"),
                         [](const auto& info) { return info.param; });

// Its directories are where it says.
TEST(FilterNamesTest, AreAbsolute) {
  FilemonProcess filemon;
  const Result result =
      filemon.Run({"--paths=absolute", Program(), "changes_directory"});
  if (result.exit_status == 77) GTEST_SKIP();
  TracedRun run;
  run.log = filemon.Log();
  run.folder = filemon.folder();
  EXPECT_THAT(run.Seen(),
              ElementsAre("W FOLDER/a/seen1", "W FOLDER/a/b/seen2"));
}

}  // namespace
}  // namespace filemon
