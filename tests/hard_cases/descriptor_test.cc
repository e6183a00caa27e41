// Whatever a program does to descriptors that it did not open: filemon's bytes
// are in no file of the program's, and no record is lost after it.
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;

std::string Program() { return HardProgram("descriptor_cases"); }

struct Case {
  const char* name;
  std::vector<std::string> between = {};
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class DescriptorTest : public testing::TestWithParam<Case> {};

TEST_P(DescriptorTest, LosesNothing) {
  const TracedRun run = RunBoth({Program(), GetParam().name});
  SKIP_IF_REFUSED(run);
  std::vector<std::string> expected = {"W seen-before"};
  expected.insert(expected.end(), GetParam().between.begin(),
                  GetParam().between.end());
  expected.push_back("W seen-after");
  expected.push_back("W seen-shell");
  EXPECT_THAT(run.Seen(), ElementsAreArray(expected));
  EXPECT_THAT(Comments(run.log, "untraced"), IsEmpty());
}

// With few descriptors allowed the pipe's number is a low one, and there may be
// no place left for it: then the log says what is missing.
class LowLimitTest : public testing::TestWithParam<const char*> {};

TEST_P(LowLimitTest, GoesOn) {
  const TracedRun run = RunBoth({Program(), GetParam()}, [] {
    const rlimit limit = {64, 64};
    setrlimit(RLIMIT_NOFILE, &limit);
  });
  SKIP_IF_REFUSED(run);
  EXPECT_THAT(run.Seen(), Contains("W seen-after"));
  EXPECT_THAT(run.Seen(), Contains("W seen-shell"));
}

INSTANTIATE_TEST_SUITE_P(
    Close, DescriptorTest,
    testing::Values(Case{"close_to_1023"}, Case{"close_to_limit"},
                    Case{"closefrom"}, Case{"close_range"},
                    Case{"close_range_cloexec"}, Case{"close_range_unshare"},
                    Case{"close_range_unshare_cloexec"},
                    Case{"syscall_close_range"},
                    Case{"unshare_in_a_thread", {"W seen-thread"}},
                    Case{"close_listed"}),
    [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(
    Take, DescriptorTest,
    testing::Values(Case{"dup2", {"W seen-between", "W seen-again"}},
                    Case{"dup3", {"W seen-between", "W seen-again"}},
                    Case{"syscall_dup2", {"W seen-between", "W seen-again"}},
                    Case{"every_number", {"W seen-one"}}, Case{"fcntl_near_it"},
                    Case{"vfork_dup2", {"W seen-spawned", "W seen-between"}}),
    [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(
    Inline, DescriptorTest,
    testing::Values(Case{"inline_close"}, Case{"inline_close_listed"},
                    Case{"inline_close_range"}, Case{"inline_cloexec"},
                    Case{"inline_close_then_dup2", {"W seen-between"}},
                    Case{"inline_close_then_dup3", {"W seen-between"}},
                    Case{"inline_close_then_fcntl", {"W seen-between"}},
                    Case{"inline_close_then_syscall_fcntl", {"W seen-between"}},
                    Case{"inline_close_then_syscall_dup2", {"W seen-between"}},
                    Case{"inline_close_then_open", {"W seen-between"}},
                    Case{"inline_close_then_fopen", {"W seen-between"}},
                    Case{"inline_close_then_dup", {"W seen-between"}}),
    [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(
    Spawn, DescriptorTest,
    testing::Values(Case{"spawn_closing", {"W seen-spawned"}},
                    Case{"spawn_closefrom", {"W seen-spawned"}},
                    Case{"spawn_overwriting", {"W seen-spawned"}}),
    [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(
    Limit, DescriptorTest,
    testing::Values(Case{"limit_lowered"},
                    Case{"limit_lowered_then_close_range"},
                    Case{"limit_lowered_then_inline_close"},
                    Case{"every_call_of_every_number"}, Case{"lists"},
                    Case{"lowest_beside_a_thread"},
                    Case{"out_of_descriptors",
                         {"M seen-before", "W seen-between"}}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Cases, LowLimitTest,
    testing::Values("close_to_1023", "closefrom", "close_range_unshare_cloexec",
                    "close_listed", "dup2", "syscall_dup2", "inline_close",
                    "inline_cloexec", "inline_close_then_dup2",
                    "inline_close_then_fcntl", "inline_close_then_open",
                    "inline_close_then_fopen", "inline_close_then_dup",
                    "spawn_closing", "limit_lowered", "out_of_descriptors",
                    "every_call_of_every_number", "all_numbers", "lists"),
    [](const auto& info) { return info.param; });

// Where the hard limit allows more than the soft one, which is `soft`.
class AboveLimitTest : public testing::TestWithParam<int> {
 protected:
  TracedRun RunUnder(const std::string& name) {
    return RunBoth({Program(), name}, [] {
      rlimit limit;
      getrlimit(RLIMIT_NOFILE, &limit);
      limit.rlim_cur = GetParam();
      limit.rlim_max = std::max<rlim_t>(limit.rlim_max, 4 * limit.rlim_cur);
      setrlimit(RLIMIT_NOFILE, &limit);
    });
  }
};

TEST_P(AboveLimitTest, NothingIsThere) {
  const TracedRun run = RunUnder("nothing_up_to_limit");
  EXPECT_THAT(run.Seen(),
              ElementsAre("W seen-before", "W seen-after", "W seen-shell"));
}

TEST_P(AboveLimitTest, NothingIsThereWhenItRises) {
  const TracedRun run = RunUnder("limit_raised");
  EXPECT_THAT(run.Seen(),
              ElementsAre("W seen-before", "W seen-after", "W seen-shell"));
}

INSTANTIATE_TEST_SUITE_P(Limits, AboveLimitTest,
                         testing::Values(64, 256, 1000));

// A pipe that is gone is got back through /proc. Where there is none, it must
// not have gone in the first place.
class NoWayBackTest : public testing::TestWithParam<Case> {};

TEST_P(NoWayBackTest, LosesNothing) {
  const std::string hide = "mount -t tmpfs none /proc && ";
  FilemonProcess possible;
  possible.Start({"-r", "-m", "/bin/sh", "-c", hide + "true"},
                 "/usr/bin/unshare");
  const Result result = possible.Wait();
  if (result.wait_status != 0) {
    GTEST_SKIP() << "cannot hide /proc: " << result.err;
  }
  const TracedRun run =
      RunBoth({"/usr/bin/unshare", "-r", "-m", "/bin/sh", "-c",
               hide + "exec \"$0\" \"$1\"", Program(), GetParam().name});
  SKIP_IF_REFUSED(run);
  EXPECT_THAT(run.Seen(), IsSupersetOf(GetParam().between));
  EXPECT_THAT(run.Seen(), Contains("W seen-after"));
  EXPECT_THAT(run.Seen(), Contains("W seen-shell"));
  EXPECT_THAT(Comments(run.log, "lost"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Cases, NoWayBackTest,
    testing::Values(Case{"close_to_1023"}, Case{"closefrom"},
                    Case{"close_range"}, Case{"close_range_cloexec"},
                    Case{"close_range_unshare"}, Case{"syscall_close_range"},
                    Case{"dup2"}, Case{"dup3"}, Case{"syscall_dup2"},
                    Case{"every_number"},
                    Case{"spawn_closing", {"W seen-spawned"}},
                    Case{"spawn_overwriting", {"W seen-spawned"}},
                    Case{"limit_lowered_then_close_range"}),
    [](const auto& info) { return info.param.name; });

TEST(DescriptorTest, AllNumbersAreTheProgramsAndReportsGoOn) {
  const TracedRun run = RunBoth({Program(), "all_numbers"}, [] {
    const rlimit limit = {64, 64};
    setrlimit(RLIMIT_NOFILE, &limit);
  });
  SKIP_IF_REFUSED(run);
  std::vector<std::string> expected = {"W seen-before"};
  for (int i = 0; i < 7; ++i) {
    expected.push_back("M seen-before");
    expected.push_back("M seen-moved");
  }
  expected.push_back("W seen-after");
  expected.push_back("W seen-shell");
  EXPECT_THAT(run.Seen(), ElementsAreArray(expected));
}

TEST(DescriptorTest, NoneLeft) {
  const TracedRun run = RunBoth({Program(), "limit_of_three"});
  EXPECT_THAT(run.Seen(), ElementsAre("W seen-before", "M seen-before",
                                      "D seen-after", "W seen-child"));
}

TEST(DescriptorTest, LeakTestsSeeTheFewestPossible) {
  RunBoth({Program(), "leaked"});
}

// A limit so low that even filemon has few to spare.
TEST(DescriptorTest, ALimitOfSixteen) {
  const TracedRun run = RunBoth({"/bin/sh", "-c", ": > seen; cat seen"}, [] {
    const rlimit limit = {16, 16};
    setrlimit(RLIMIT_NOFILE, &limit);
  });
  EXPECT_THAT(run.Seen(), ElementsAre("W seen", "R seen"));
}

TEST(DescriptorTest, PythonClosesAll) {
  const TracedRun run =
      RunBoth({"/usr/bin/python3", "-I", "-c",
               "import os, subprocess\n"
               "subprocess.run(['sh', '-c', ': > seen-1'], close_fds=True)\n"
               "r, w = os.pipe()\n"
               "subprocess.run(['sh', '-c', ': > seen-2; echo x >&%d' % w],"
               " close_fds=True, pass_fds=[w])\n"
               "print(os.read(r, 9))\n"
               "os.closerange(3, 100000)\n"
               "open('seen-3', 'w').close()\n"
               "subprocess.run(['sh', '-c', ': > seen-4'], close_fds=True,"
               " preexec_fn=lambda: os.closerange(3, 5000))\n"});
  EXPECT_THAT(run.Seen(),
              ElementsAre("W seen-1", "W seen-2", "W seen-3", "W seen-4"));
}

}  // namespace
}  // namespace filemon
