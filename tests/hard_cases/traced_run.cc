#include "tests/hard_cases/traced_run.h"

#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

bool IsSeen(const std::string& path) {
  const size_t slash = path.rfind('/');
  return absl::StartsWith(path.substr(slash + 1), "seen");
}

// The environment of both runs: little, and the same.
void SetEnvironment() {
  clearenv();
  setenv("PATH", "/usr/bin:/bin", 1);
  setenv("LC_ALL", "C", 1);
}

// What a program said, whatever folder it ran in.
void ForgetFolder(const std::string& folder, Result* result) {
  for (std::string* text : {&result->out, &result->err}) {
    *text = absl::StrReplaceAll(*text, {{folder, "FOLDER"}});
  }
}

}  // namespace

std::vector<std::string> TracedRun::Seen() const {
  std::vector<std::string> seen;
  for (const LogRecord& record : log) {
    if (record.letter == '#' || !IsSeen(record.path)) continue;
    seen.push_back(
        absl::StrCat(std::string(1, record.letter), " ",
                     absl::StrReplaceAll(record.path, {{folder, "FOLDER"}})));
  }
  return seen;
}

bool TracedRun::Refused() const {
  constexpr int kSkipped = 77;  // case.h
  return bare.exit_status == kSkipped;
}

TracedRun RunBoth(const std::vector<std::string>& command,
                  const std::function<void()>& in_child) {
  const auto prepare = [&] {
    SetEnvironment();
    // What the test's own parents left open is none of the command's business.
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    in_child();
  };
  TracedRun run;
  FilemonProcess bare;
  bare.set_in_child(prepare);
  bare.Start({command.begin() + 1, command.end()}, command.front());
  run.bare = bare.Wait();
  ForgetFolder(bare.folder(), &run.bare);
  FilemonProcess traced;
  traced.set_in_child(prepare);
  run.traced = traced.Run(command);
  run.folder = traced.folder();
  ForgetFolder(run.folder, &run.traced);
  EXPECT_TRUE(run.bare.exit_status == 0 || run.Refused())
      << "status " << run.bare.exit_status << "\n"
      << run.bare.out << run.bare.err;
  EXPECT_EQ(run.traced.exit_status, run.bare.exit_status);
  EXPECT_EQ(run.traced.out, run.bare.out);
  EXPECT_EQ(run.traced.err, run.bare.err);
  run.log = traced.Log();
  return run;
}

bool IsRoot() {
  constexpr uid_t kNobody = 65534;
  const pid_t child = fork();
  if (child == 0) {
    const bool may =
        geteuid() == 0 && setresuid(kNobody, kNobody, kNobody) == 0;
    _exit(may ? 0 : 1);
  }
  int status;
  return waitpid(child, &status, 0) == child && status == 0;
}

void ExpectTotals(const std::vector<LogRecord>& log) {
  constexpr absl::string_view kTotal = "total-";
  std::map<std::string, int> count;
  std::map<std::string, int> total;
  for (const LogRecord& record : log) {
    if (record.letter != 'W') continue;
    absl::string_view path = record.path;
    ++count[record.path];
    if (!absl::ConsumePrefix(&path, kTotal)) continue;
    const size_t dash = path.rfind('-');
    EXPECT_TRUE(absl::SimpleAtoi(path.substr(dash + 1),
                                 &total[std::string(path.substr(0, dash))]));
  }
  EXPECT_FALSE(total.empty());
  for (const auto& entry : total) {
    EXPECT_EQ(count[entry.first], entry.second) << entry.first;
  }
}

std::string HardProgram(const std::string& name) {
  return DataPath(absl::StrCat("tests/hard_cases/", name));
}

}  // namespace filemon
