// A process that has the library and no session makes no system call that it
// would not have made without.
#include <stdlib.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

constexpr int kRounds = 100;

// How many system calls a program makes that does everything `count` times.
long SystemCalls(int count, bool preloaded) {
  const std::string library = DataPath("interpose") + "/$LIB/libfilemon.so";
  FilemonProcess process;
  std::vector<std::string> arguments = {"-qq", "-o", "trace", "-E",
                                        absl::StrCat("COUNT=", count)};
  if (preloaded) {
    arguments.insert(arguments.end(), {"-E", "LD_PRELOAD=" + library});
  }
  arguments.insert(arguments.end(),
                   {DataPath("tests/device/device_cases"), "calls_many_times"});
  process.Start(arguments, "/usr/bin/strace");
  const Result result = process.Wait();
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const std::string trace = ReadFile(process.InFolder("trace"));
  return std::count(trace.begin(), trace.end(), '\n');
}

TEST(DormantTest, MakesNoSystemCallsOfItsOwn) {
  const long bare = SystemCalls(1 + kRounds, false) - SystemCalls(1, false);
  const long dormant = SystemCalls(1 + kRounds, true) - SystemCalls(1, true);
  // Each round makes some thirty. The heap grows when it likes, which is far
  // from once in a round.
  EXPECT_GT(bare, 25 * kRounds);
  EXPECT_LT(dormant, bare + kRounds / 2);
}

}  // namespace
}  // namespace filemon
