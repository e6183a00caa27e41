// What a start costs is first of all how many pages are touched. The number
// depends on where the kernel puts the stack and the libraries; the sum of many
// does not.
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

constexpr char kProgram[] = "/bin/true";

// A copy of `library` in a tree as an installed one's. The one in Bazel's
// sandbox has a path that is longer than any user's, and than what the library
// has room for in the page that it writes to anyway.
std::string Copy(const std::string& library) {
  char folder[] = "/tmp/faults.XXXXXX";
  EXPECT_NE(mkdtemp(folder), nullptr);
  const std::string tree = std::string(folder) + "/lib/x86_64-linux-gnu";
  std::filesystem::create_directories(tree);
  const std::string copy = tree + "/libfilemon.so";
  std::filesystem::copy_file(library, copy);
  return copy;
}

// The page faults of 300 runs of kProgram with `library` preloaded; -1 if they
// cannot be told.
int Faults(const std::string& library, bool traced) {
  const std::string faults = DataPath("tests/startup/faults_program");
  std::vector<std::string> arguments = {kProgram};
  if (!library.empty()) arguments.push_back(library);
  FilemonProcess process;
  process.set_in_child([&] {
    clearenv();
    if (traced) setenv("FILEMON_LIBRARY", library.c_str(), 1);
  });
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
      Copy(DataPath("interpose/lib/x86_64-linux-gnu/libfilemon.so"));
  const int bare = Faults("", false);
  const std::string nothing = Copy(DataPath("bench/libempty.so"));
  const int empty = Faults(nothing, false);
  const int dormant = Faults(library, false);
  const int traced = Faults(library, true);
  printf(
      "page faults of %s: %d, with an empty preload %d, dormant %d, "
      "traced %d\n",
      kProgram, bare, empty, dormant, traced);
  for (const std::string& copy : {library, nothing}) {
    std::filesystem::remove_all(copy.substr(0, copy.find('/', 5)));
  }
  ASSERT_GT(bare, 0);
  ASSERT_GT(empty, bare);
  EXPECT_LE(dormant, empty);
  EXPECT_LE(traced, empty);
}

}  // namespace
}  // namespace filemon
