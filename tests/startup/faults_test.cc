// What a start costs is first of all how many pages are touched. The number
// depends on where the kernel puts the stack and the libraries; the sum of many
// does not.
#include <stdlib.h>

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

constexpr char kProgram[] = "/bin/true";

// The page faults of 300 runs of kProgram with `library` preloaded; -1 if they
// cannot be told.
int Faults(const std::string& library, bool traced) {
  const std::string faults = DataPath("tests/startup/faults_program");
  std::vector<std::string> arguments = {kProgram};
  if (!library.empty()) arguments.push_back(library);
  FilemonProcess process;
  process.set_in_child([] { clearenv(); });
  if (traced) {
    arguments.insert(arguments.begin(), {"-o", "log", "--", faults});
    process.Start(arguments);
  } else {
    process.Start(arguments, faults);
  }
  const Result result = process.Wait();
  EXPECT_EQ(result.wait_status, 0) << result.err;
  int sum;
  return absl::SimpleAtoi(result.out, &sum) ? sum : -1;
}

// An empty library takes one more: it has nothing in memory only, so that the
// dynamic linker reads its data's page before it writes it.
TEST(FaultsTest, AreNoMoreThanAnEmptyPreloads) {
  const std::string library =
      DataPath("interpose/lib/x86_64-linux-gnu/libfilemon.so");
  const int bare = Faults("", false);
  const int empty = Faults(DataPath("bench/libempty.so"), false);
  const int dormant = Faults(library, false);
  const int traced = Faults(library, true);
  printf(
      "page faults of %s: %d, with an empty preload %d, dormant %d, "
      "traced %d\n",
      kProgram, bare, empty, dormant, traced);
  ASSERT_GT(bare, 0);
  ASSERT_GT(empty, bare);
  EXPECT_LE(dormant, empty);
  EXPECT_LE(traced, empty);
}

}  // namespace
}  // namespace filemon
