// A signal handler may come at any instruction of ours, and fork, exec, open
// files or jump away there.
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::IsEmpty;

struct Call {
  const char* name;
  // How many of our instructions lie between two that are interrupted: so that
  // some half a dozen are. Each action begins at another one.
  int stride;
};
constexpr Call kCalls[] = {
    {"open", 61},   {"openat", 97},  {"fopen", 83}, {"close", 11},
    {"unlink", 61}, {"chdir", 67},   {"fork", 37},  {"vfork", 13},
    {"exec", 997},  {"waitpid", 53},
};
constexpr const char* kActions[] = {"open", "fork", "fork_and_return", "exec",
                                    "jump"};

struct Case {
  Call call;
  int action;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.call.name << " " << kActions[c.action];
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Call& call : kCalls) {
    for (int action = 0; action < 5; ++action) {
      const bool jumps = action == 4;
      // A jump out of fopen() is not safe without us either; and one out of an
      // exec leaves it announced.
      const std::string name = call.name;
      if (jumps && (name == "fopen" || name == "exec")) continue;
      cases.push_back({call, action});
    }
  }
  return cases;
}

class InterruptedTest : public ::testing::TestWithParam<Case> {};

TEST_P(InterruptedTest, Goes) {
  const Case& c = GetParam();
  const TracedRun run =
      RunBoth({HardProgram("interrupted_cases"), "step", c.call.name,
               kActions[c.action], absl::StrCat(c.call.stride * c.action / 5),
               absl::StrCat(c.call.stride)});
  SKIP_IF_REFUSED(run);
  // What was interrupted is said once, by who has called, and a child's file by
  // the child.
  std::map<int, int> in, child;
  for (const LogRecord& record : run.log) {
    if (record.letter != 'R') continue;
    if (record.path == "in") ++in[record.pid];
    if (record.path == "child") ++child[record.pid];
  }
  for (const auto& count : in) EXPECT_EQ(count.second, 1) << count.first;
  for (const auto& count : child) EXPECT_EQ(count.second, 1) << count.first;
  EXPECT_EQ(child.empty(), c.action != 1 && c.action != 2);
  for (const char* doubt :
       {"untraced", "unproven", "refused", "unknown", "lost"}) {
    EXPECT_THAT(Comments(run.log, doubt), IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, InterruptedTest, ::testing::ValuesIn(Cases()),
                         [](const auto& info) {
                           return absl::StrCat(info.param.call.name, "_",
                                               kActions[info.param.action]);
                         });

}  // namespace
}  // namespace filemon
