// Tracing goes on whatever environment a program hands to the next one, and the
// next one finds the environment that it was handed.
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kEatmydata[] = "/usr/lib/x86_64-linux-gnu/libeatmydata.so";

std::string Program() { return HardProgram("environment_cases"); }

// A shell command line, which sees the program as "$0".
std::vector<std::string> Shell(const std::string& line) {
  return {"/bin/sh", "-c", line, Program()};
}

class EnvironmentCaseTest : public testing::TestWithParam<const char*> {};

TEST_P(EnvironmentCaseTest, GoesOn) {
  const TracedRun run = RunBoth({Program(), GetParam()});
  EXPECT_THAT(run.Seen(), ElementsAre("W seen"));
  EXPECT_THAT(Comments(run.log, "untraced"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Exec, EnvironmentCaseTest,
    testing::Values("execve_null", "execve_empty", "execve_own", "execle_empty",
                    "execvpe_own", "fexecve_empty", "execveat_own",
                    "syscall_execve", "execv_after_clearenv",
                    "execv_without_environ", "execl_after_unsetenv",
                    "execve_twice_preload", "execve_foreign_session",
                    "execv_after_overwriting", "execve_large"),
    [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Spawn, EnvironmentCaseTest,
                         testing::Values("posix_spawn_null", "posix_spawn_own",
                                         "posix_spawnp_empty", "vfork_empty"),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Stack, EnvironmentCaseTest,
                         testing::Values("vfork_large", "spawn_large",
                                         "system_large", "vfork_large_often"),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(
    Shell, EnvironmentCaseTest,
    testing::Values("system_after_clearenv", "popen_after_clearenv",
                    "wordexp_after_clearenv", "change_during_system",
                    "change_during_popen", "change_during_wordexp",
                    "cancel_during_system", "system_signals", "system_statuses",
                    "system_in_two_threads", "popen_streams",
                    "popen_without_standard_streams"),
    [](const auto& info) { return info.param; });

class EnvironmentShellTest : public testing::TestWithParam<const char*> {};

TEST_P(EnvironmentShellTest, GoesOn) {
  const TracedRun run = RunBoth(Shell(GetParam()));
  EXPECT_THAT(run.Seen(), ElementsAre("W seen"));
  EXPECT_THAT(Comments(run.log, "untraced"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Lines, EnvironmentShellTest,
    testing::Values("env -i \"$0\" show",
                    "env -i A=1 PATH=/nowhere \"$0\" show",
                    "exec env -i \"$0\" show",
                    "env -i /bin/sh -c '\"$0\" show' \"$0\"",
                    "unset LD_PRELOAD; \"$0\" show",
                    "unset LD_PRELOAD FILEMON_SESSION; exec \"$0\" show",
                    "env -u LD_PRELOAD \"$0\" show", "LD_PRELOAD= \"$0\" show",
                    "LD_PRELOAD='  ' \"$0\" show", "LD_PRELOAD=: \"$0\" show",
                    "LD_PRELOAD=\"  $LD_PRELOAD  \" \"$0\" show",
                    "LD_PRELOAD=\"$LD_PRELOAD:\" \"$0\" show",
                    "LD_PRELOAD=libeatmydata.so \"$0\" show",
                    "LD_PRELOAD=' libeatmydata.so ' \"$0\" show",
                    "LD_PRELOAD=\"libeatmydata.so $LD_PRELOAD\" \"$0\" show",
                    "FILEMON_SESSION=rubbish \"$0\" show"));

TEST(EnvironmentTest, AWrapperScriptWithAPreloadOfItsOwn) {
  const std::string script = absl::StrCat(NewFolder(), "/wrapper");
  std::ofstream(script) << "#!/bin/sh\nexport LD_PRELOAD=" << kEatmydata
                        << "\nexec \"$@\"\n";
  chmod(script.c_str(), 0755);
  const TracedRun run = RunBoth({script, Program(), "show"});
  EXPECT_THAT(run.traced.out, HasSubstr(absl::StrCat("preload ", kEatmydata)));
  EXPECT_THAT(run.Seen(), ElementsAre("W seen"));
}

TEST(EnvironmentTest, ADeepTreeThatDropsItEveryTime) {
  const TracedRun run =
      RunBoth(Shell("env -i /bin/sh -c 'env -i /bin/sh -c \"env -i $0 show; $0 "
                    "execve_null\"' \"$0\" \"$0\""));
  EXPECT_THAT(run.Seen(), SizeIs(2));
}

}  // namespace
}  // namespace filemon
