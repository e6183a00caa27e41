// Many processes that report much: SIGKILL at random moments for random ones of
// a running `make -j`, and crowds.
//
// FILEMON_STORM_ROUNDS in the environment asks for another number of rounds.
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

constexpr int kOpens = 400;

int Rounds() {
  const char* const rounds = getenv("FILEMON_STORM_ROUNDS");
  return rounds != nullptr ? atoi(rounds) : 100;
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/task/", pid, "/children"));
  std::vector<pid_t> children;
  for (pid_t child; file >> child;) children.push_back(child);
  return children;
}

// The processes below `pid`, each before its own.
void AddDescendants(pid_t pid, std::vector<pid_t>* out) {
  for (const pid_t child : ChildrenOf(pid)) {
    out->push_back(child);
    AddDescendants(child, out);
  }
}

// Of each process, how many opens had certainly returned.
std::map<pid_t, int> Counts(const std::string& folder) {
  std::map<pid_t, int> counts;
  glob_t found;
  glob(absl::StrCat(folder, "/count.*").c_str(), 0, nullptr, &found);
  for (size_t i = 0; i < found.gl_pathc; ++i) {
    const std::string path = found.gl_pathv[i];
    const std::string bytes = ReadFile(path);
    int count = 0;
    if (bytes.size() == sizeof(count)) memcpy(&count, bytes.data(), 4);
    pid_t pid;
    if (absl::SimpleAtoi(path.substr(path.rfind('.') + 1), &pid)) {
      counts[pid] = count;
    }
  }
  globfree(&found);
  return counts;
}

TEST(StormTest, NobodyLosesWhatHeHasDone) {
  const std::string program = HardProgram("storm_cases");
  int killed = 0;
  for (int round = 0; round < Rounds(); ++round) {
    std::mt19937 random(round);
    FilemonProcess filemon;
    std::ofstream(filemon.InFolder("Makefile"))
        << "all: 1 2 3 4 5 6 7 8\n"
           "1 2 3 4 5 6 7 8:\n"
           "\t-@( "
        << program << " counts; : > seen2 ) & " << program << " counts; wait\n";
    // Processes whose shell was killed outlive make.
    filemon.Start({"--wait-all", "make", "-j4", "-k", "-i", "-s"});
    const pid_t pid = filemon.pid();
    siginfo_t end = {};
    while (waitid(P_PID, pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           end.si_pid == 0) {
      for (int i = random() % 2000; i > 0; --i) sched_yield();
      // Not make itself, with whom all would be over, nor what is filemon's
      // own.
      std::vector<pid_t> victims;
      for (const pid_t child : ChildrenOf(pid)) AddDescendants(child, &victims);
      if (victims.empty()) continue;
      const pid_t victim = victims[random() % victims.size()];
      killed += kill(victim, SIGKILL) == 0;
    }
    const Result result = filemon.Wait();
    EXPECT_EQ(result.exit_status, 0) << result.err;

    const auto log = filemon.Log();
    std::map<pid_t, int> seen;
    for (const LogRecord& record : log) {
      if (record.letter == 'W' && record.path == "seen") ++seen[record.pid];
    }
    for (const auto& [writer, count] : Counts(filemon.folder())) {
      EXPECT_GE(seen[writer], count);
      EXPECT_LE(seen[writer], count + 1);
      // Of whom was reaped by a shell that was killed then, nobody can tell.
      const std::string unknown =
          absl::StrCat("unknown exit status of ", writer);
      if (count < kOpens &&
          !absl::c_linear_search(Comments(log, "unknown"), unknown)) {
        EXPECT_EQ(ExitOf(log, writer), "0 9");
      }
    }
    ASSERT_FALSE(HasFailure()) << "round " << round << "\n"
                               << ReadFile(filemon.InFolder("filemon.out"));
  }
  EXPECT_GT(killed, 0);
}

// Once it took a minute: they all woke each other, and the collector waited for
// its turn among them.
TEST(StormTest, ACrowdIsWaitedFor) {
  FilemonProcess filemon;
  const Result result = filemon.Run({HardProgram("storm_cases"), "crowd"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  std::map<pid_t, int> seen;
  const auto log = filemon.Log();
  for (const LogRecord& record : log) {
    if (record.letter == 'W' && record.path == "seen") ++seen[record.pid];
  }
  EXPECT_EQ(seen.size(), 1500u);
  for (const auto& [writer, count] : seen) EXPECT_EQ(count, 60) << writer;
  EXPECT_THAT(Comments(log, "lost"), testing::IsEmpty());
}

// What a process did before another one could know of it stands before what the
// other one did then, whichever way the records of the two have gone.
TEST(StormTest, CausesStandBeforeTheirEffects) {
  FilemonProcess filemon;
  const Result result = filemon.Run({HardProgram("storm_cases"), "relay"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  std::string order;
  for (const LogRecord& record : filemon.Log()) {
    if (record.path == "parent") order += 'p';
    if (record.path == "child") order += 'c';
  }
  std::string expected;
  for (int i = 0; i < 3000; ++i) expected += "pc";
  EXPECT_EQ(order.size(), expected.size());
  EXPECT_TRUE(order == expected);
}

}  // namespace
}  // namespace filemon
