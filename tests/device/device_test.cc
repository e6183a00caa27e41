// /dev/filemon for programs written for it: each case of device_cases.c with
// libfilemon.so preloaded and linked, and what the logs say.
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/log_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// How a program comes by the library.
enum class Way { kPreloaded, kLinked };

// One run of a program of this package.
class DeviceRun {
 public:
  DeviceRun(const std::string& program, Way way,
            const std::vector<std::string>& arguments) {
    const bool linked = way == Way::kLinked;
    const std::string preload = DataPath("interpose") + "/$LIB/libfilemon.so";
    process_.set_in_child([=] {
      clearenv();
      setenv("PATH", "/usr/bin:/bin", 1);
      setenv("LC_ALL", "C", 1);
      if (!linked) setenv("LD_PRELOAD", preload.c_str(), 1);
    });
    process_.Start(arguments, DataPath(absl::StrCat("tests/device/", program,
                                                    linked ? "_linked" : "")));
    result_ = process_.Wait();
    EXPECT_EQ(result_.exit_status, 0) << result_.err;
    EXPECT_EQ(result_.out, "");
    EXPECT_EQ(result_.err, "");
  }

  std::vector<LogRecord> Log(const std::string& name = "log") const {
    return process_.LogFrom(name);
  }
  std::string Text(const std::string& name = "log") const {
    return ReadFile(process_.InFolder(name));
  }
  const std::string& folder() const { return process_.folder(); }

 private:
  FilemonProcess process_;
  Result result_;
};

DeviceRun RunCase(const std::string& name, Way way = Way::kPreloaded) {
  return DeviceRun("device_cases", way, {name});
}

// "LETTER PATH" of the names that the cases open on purpose.
std::vector<std::string> Seen(const std::vector<LogRecord>& log) {
  std::vector<std::string> seen;
  for (const LogRecord& record : log) {
    if (record.letter == 'W' && absl::StartsWith(record.path, "seen")) {
      seen.push_back(record.path);
    }
  }
  return seen;
}

// ---- Every case, in both ways -----------------------------------------------

std::vector<std::string> Cases() {
  const std::string command =
      absl::StrCat(DataPath("tests/device/device_cases"), " --list");
  std::vector<std::string> names;
  FILE* const list = popen(command.c_str(), "r");
  char line[256];
  while (list != nullptr && fgets(line, sizeof(line), list) != nullptr) {
    names.emplace_back(line, strcspn(line, "\n"));
  }
  if (list != nullptr) pclose(list);
  return names;
}

class EveryCase : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryCase, Preloaded) { RunCase(GetParam(), Way::kPreloaded); }
TEST_P(EveryCase, Linked) { RunCase(GetParam(), Way::kLinked); }

INSTANTIATE_TEST_SUITE_P(Device, EveryCase, ::testing::ValuesIn(Cases()),
                         [](const auto& info) { return info.param; });

// ---- What the logs say ------------------------------------------------------

class ExampleTest : public ::testing::TestWithParam<Way> {};

TEST_P(ExampleTest, LogsTheChild) {
  const DeviceRun run("example", GetParam(), {});
  const auto log = run.Log("filemon.out");
  const pid_t cat = PidOf(log, "/cat");
  ASSERT_NE(cat, 0);
  EXPECT_THAT(RecordsOf(log, cat), Contains("R /dev/null"));
  EXPECT_EQ(ExitOf(log, cat), "0 0");
  EXPECT_THAT(run.Text("filemon.out"),
              Not(HasSubstr(absl::StrCat("# Target pid ", cat, "\n"))));
}

INSTANTIATE_TEST_SUITE_P(Both, ExampleTest,
                         ::testing::Values(Way::kPreloaded, Way::kLinked));

TEST(DeviceTest, LogsTheTreeOfAForkedChild) {
  const DeviceRun run = RunCase("traces_a_forked_child");
  const auto log = run.Log();
  EXPECT_THAT(Seen(log), ElementsAre("seen-1"));
  const pid_t shell = PidOf(log, "/sh");
  const pid_t cat = PidOf(log, "/cat");
  EXPECT_THAT(RecordsOf(log, cat), Contains("R seen-1"));
  EXPECT_EQ(ExitOf(log, cat), "0 0");
  EXPECT_EQ(ExitOf(log, shell), "3 0");
}

TEST(DeviceTest, LogsAVforkedChildBeforeItsExec) {
  const DeviceRun run = RunCase("traces_a_vforked_child");
  std::vector<std::string> expected;
  for (int i = 0; i < 3; ++i) {
    expected.insert(expected.end(), {"seen-before-exec", "seen-after-exec"});
  }
  EXPECT_EQ(Seen(*ParseLog(run.Text())), expected);
}

TEST(DeviceTest, LogsItsOwnProcess) {
  const DeviceRun run = RunCase("traces_itself");
  EXPECT_THAT(Seen(*ParseLog(run.Text())), ElementsAre("seen-1"));
  EXPECT_THAT(run.Text(), HasSubstr("\n# running "));
}

TEST(DeviceTest, LogsItsOwnProcessToItsExit) {
  const DeviceRun run = RunCase("exits_traced_without_close");
  const auto log = run.Log();
  EXPECT_THAT(Seen(log), ElementsAre("seen-1"));
  EXPECT_THAT(run.Text(), HasSubstr("\nX "));
}

TEST(DeviceTest, LogsAnotherProcess) {
  const DeviceRun run = RunCase("traces_another_process");
  const auto log = run.Log();
  EXPECT_THAT(Seen(log), ElementsAre("seen-1"));
  const pid_t cat = PidOf(log, "/cat");
  EXPECT_THAT(RecordsOf(log, cat), Contains("R seen-1"));
  EXPECT_THAT(run.Text(), HasSubstr(" 5 0\n"));
}

TEST(DeviceTest, LogsOneAfterTheOther) {
  const DeviceRun run = RunCase("moves_from_one_to_the_next");
  EXPECT_THAT(Seen(*ParseLog(run.Text())),
              ElementsAre("seen-1", "seen-2", "seen-3"));
}

TEST(DeviceTest, IsCompleteAfterAnyExit) {
  for (const char* name : {"exits_without_close", "ends_at_once_without_close",
                           "is_inherited_over_exec"}) {
    const DeviceRun run = RunCase(name);
    EXPECT_THAT(Seen(run.Log()), ElementsAre("seen-1")) << name;
  }
}

TEST(DeviceTest, NamesADaemonLeftBehind) {
  const DeviceRun run = RunCase("leaves_an_executed_daemon");
  const auto log = run.Log();
  EXPECT_THAT(Seen(log), ElementsAre("seen-1"));
  EXPECT_THAT(Comments(log, "running"), ::testing::SizeIs(1));
}

// What the library does for the device is nothing that the program has done.
TEST(DeviceTest, IsHandedOverByAnOuterSession) {
  FilemonProcess process;
  const Result result =
      process.Run({"-o", "outer", "--", DataPath("tests/device/example")});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const auto inner = process.LogFrom("filemon.out");
  const pid_t cat = PidOf(inner, "/cat");
  EXPECT_THAT(RecordsOf(inner, cat), Contains("R /dev/null"));
  const auto outer = process.LogFrom("outer");
  const pid_t example = PidOf(outer, "/example");
  ASSERT_NE(example, 0);
  int forks = 0;
  for (const LogRecord& record : outer) forks += record.letter == 'F';
  EXPECT_EQ(forks, 1);
  EXPECT_THAT(RecordsOf(outer, example), Contains("W filemon.out"));
  EXPECT_THAT(Comments(outer, "untraced"),
              ElementsAre(AllOf(HasSubstr(absl::StrCat(" ", cat, " ")),
                                HasSubstr("another filemon session"))));
  EXPECT_EQ(ExitOf(outer, cat), "0 0");
}

TEST(SessionApiTest, LogsTheChildWithAbsoluteNames) {
  const DeviceRun run("session_api", Way::kPreloaded, {});
  EXPECT_THAT(run.Text("filemon.out"),
              HasSubstr(absl::StrCat(" ", run.folder(), "/seen\n")));
}

}  // namespace
}  // namespace filemon
