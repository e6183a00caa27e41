// A pointer that leads nowhere is the kernel's to refuse, or libc's to fall
// over: every wrapped function gives the same result, the same errno or the
// same signal as without us, dormant and traced.
#include <stdlib.h>
#include <unistd.h>

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/coverage/symbol_list.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::IsSubsetOf;

constexpr int kShards = 4;

std::string Program() { return HardProgram("pointer_cases"); }

// What the program says with the library preloaded and no session.
std::string RunDormant(const std::vector<std::string>& arguments) {
  FilemonProcess process;
  process.set_in_child([] {
    setenv("PATH", "/usr/bin:/bin", 1);
    setenv("LC_ALL", "C", 1);
    const std::string library = DataPath("interpose/$LIB/libfilemon.so");
    setenv("LD_PRELOAD", library.c_str(), 1);
  });
  process.Start(arguments, Program());
  const Result result = process.Wait();
  EXPECT_EQ(result.wait_status, 0) << result.err;
  return result.out;
}

class PointerTest : public ::testing::TestWithParam<int> {};

TEST_P(PointerTest, LeadsWhereItDoesWithoutUs) {
  const std::vector<std::string> shard = {absl::StrCat(GetParam()),
                                          absl::StrCat(kShards)};
  const TracedRun run = RunBoth({Program(), shard[0], shard[1]});
  EXPECT_EQ(RunDormant(shard), run.bare.out);
}

INSTANTIATE_TEST_SUITE_P(Shards, PointerTest, ::testing::Range(0, kShards));

TEST(PointerTableTest, HasEveryWrappedFunction) {
  const absl::StatusOr<SymbolList> list =
      SymbolList::Read("interpose/symbols.txt");
  ASSERT_TRUE(list.ok()) << list.status();
  FilemonProcess process;
  process.Start({"--list"}, Program());
  const Result result = process.Wait();
  const std::set<std::string> rows =
      absl::StrSplit(result.out, '\n', absl::SkipEmpty());
  EXPECT_THAT(list->wrapped(), IsSubsetOf(rows))
      << "a row for it is missing in pointer_cases.c";
}

}  // namespace
}  // namespace filemon
