// FILEMON_LOG: sessions that no launcher begins. LD_PRELOAD and a variable are
// all there is.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/log_reader.h"
#include "core/pidfd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using Variables = std::vector<std::pair<std::string, std::string>>;

std::string Library() { return DataPath("interpose") + "/$LIB/libfilemon.so"; }

// `command` as the first process of a session.
class LoggedProcess : public FilemonProcess {
 public:
  explicit LoggedProcess(
      const Variables& variables,
      const std::function<void()>& in_child = [] {}) {
    const std::string library = Library();
    set_in_child([=] {
      clearenv();
      setenv("PATH", "/usr/bin:/bin", 1);
      setenv("LC_ALL", "C", 1);
      setenv("LD_PRELOAD", library.c_str(), 1);
      for (const auto& [name, value] : variables) {
        setenv(name.c_str(), value.c_str(), 1);
      }
      in_child();
    });
  }

  void StartShell(const std::string& script) {
    Start({"-c", script}, "/bin/sh");
  }
  Result RunShell(const std::string& script) {
    StartShell(script);
    return Wait();
  }
  std::string Text(const std::string& name) const {
    return ReadFile(InFolder(name));
  }
};

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> names;
  DIR* const directory = opendir(folder.c_str());
  while (const dirent* entry = directory ? readdir(directory) : nullptr) {
    if (entry->d_name[0] != '.') names.push_back(entry->d_name);
  }
  if (directory != nullptr) closedir(directory);
  return names;
}

// Until somebody else has completed it.
void AwaitTrailer(const std::string& path) {
  while (!absl::EndsWith(ReadFile(path), "\n# Bye bye\n")) usleep(1000);
}

TEST(LoggedTest, LogsTheProgramAndItsDescendants) {
  LoggedProcess process(Variables{{"FILEMON_LOG", "log"}});
  const Result result = process.RunShell("echo x > a; cat a; exit 3");
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.out, "x\n");
  EXPECT_EQ(result.err, "");
  const auto log = process.LogFrom("log");
  const pid_t shell = PidOf(log, "/sh");
  EXPECT_THAT(RecordsOf(log, shell), Contains("W a"));
  EXPECT_THAT(RecordsOf(log, PidOf(log, "/cat")), Contains("R a"));
  EXPECT_EQ(ExitOf(log, shell), "3 0");
  EXPECT_THAT(process.Text("log"),
              HasSubstr(absl::StrCat("# Target pid ", shell, "\n")));
}

// A shell that reads the log in its next command never finds it short.
TEST(LoggedTest, IsCompleteWhenTheFirstProcessHasEnded) {
  for (const char* command : {"/bin/true", "sh -c 'exec cat /dev/null'",
                              "sh -c 'cat /dev/null; exit 4'",
                              "perl -e 'open F, \">\", \"x\"; exit 5'",
                              "sh -c 'sleep 60 & cat /dev/null'"}) {
    FilemonProcess process;
    const std::string library = Library();
    process.set_in_child([] { setenv("LC_ALL", "C", 1); });
    process.Start({"-c", absl::StrCat("for i in 1 2 3 4 5 6 7 8 9 10; do "
                                      "LD_PRELOAD='",
                                      library, "' FILEMON_LOG=log ", command,
                                      " > /dev/null; tail -n 1 log; done; "
                                      "pkill -P $$; true")},
                  "/bin/sh");
    const Result result = process.Wait();
    std::string expected;
    for (int i = 0; i < 10; ++i) absl::StrAppend(&expected, "# Bye bye\n");
    EXPECT_EQ(result.out, expected) << command;
    EXPECT_EQ(result.err, "") << command;
  }
}

TEST(LoggedTest, NamesWhatGoesOn) {
  LoggedProcess process(Variables{{"FILEMON_LOG", "log"}});
  process.RunShell("sleep 600 > /dev/null & echo $! > pid");
  const auto log = process.LogFrom("log");
  EXPECT_THAT(Comments(log, "running"), SizeIs(1));
  kill(std::stoi(process.Text("pid")), SIGKILL);
}

TEST(LoggedTest, WaitsForAll) {
  LoggedProcess process(
      Variables{{"FILEMON_LOG", "log"}, {"FILEMON_WAIT_ALL", "1"}});
  // The subshell waits until nobody has the other end of its input any more.
  process.RunShell("mkfifo f; (cat f > late) & : > f");
  AwaitTrailer(process.InFolder("log"));
  const auto log = process.LogFrom("log");
  EXPECT_THAT(Comments(log, "running"), IsEmpty());
  const pid_t cat = PidOf(log, "/cat");
  EXPECT_EQ(ExitOf(log, cat), "0 0");
}

TEST(LoggedTest, IsCompletedAfterAKill) {
  LoggedProcess process(Variables{{"FILEMON_LOG", "log"}});
  const Result result = process.RunShell(": > a; kill -KILL $$");
  EXPECT_EQ(result.wait_status, SIGKILL);
  AwaitTrailer(process.InFolder("log"));
  const auto log = process.LogFrom("log");
  const pid_t shell = PidOf(log, "/sh");
  EXPECT_THAT(RecordsOf(log, shell), Contains("W a"));
  // Before Linux 6.15 only this test could tell how its child ended.
  if (Comments(log, absl::StrCat("unknown exit status of ", shell)).empty()) {
    EXPECT_EQ(ExitOf(log, shell), "0 9");
  } else {
    EXPECT_FALSE(KernelTellsEnds());
  }
}

// Whatever the first process is at its end, and however that comes.
TEST(LoggedTest, EndsWithoutALastWord) {
  const std::string quiet = DataPath("tests/command/static_exit");
  for (const std::string& end :
       {std::string("kill -KILL $$"), std::string("kill -TERM $$"),
        "exec " + quiet + " 3", "exec " + quiet + " kill"}) {
    for (const char* wait_all : {"0", "1"}) {
      LoggedProcess process(
          Variables{{"FILEMON_LOG", "log"}, {"FILEMON_WAIT_ALL", wait_all}});
      process.RunShell("cat /dev/null; " + end);
      AwaitTrailer(process.InFolder("log"));
      const auto log = process.LogFrom("log");
      EXPECT_NE(ExitOf(log, PidOf(log, "/sh")), "") << end;
      EXPECT_THAT(Comments(log, "running"), IsEmpty()) << end;
    }
  }
}

TEST(LoggedTest, FollowsTheFirstProcessThroughExec) {
  LoggedProcess process(Variables{{"FILEMON_LOG", "log"}});
  process.RunShell("exec env -i /bin/sh -c 'exec cat /dev/null'");
  const auto log = process.LogFrom("log");
  const pid_t shell = PidOf(log, "/sh");
  EXPECT_EQ(PidOf(log, "/cat"), shell);
  EXPECT_EQ(ExitOf(log, shell), "0 0");
}

TEST(LoggedTest, WritesAbsolutePaths) {
  LoggedProcess process(
      Variables{{"FILEMON_LOG", "log"}, {"FILEMON_PATHS", "absolute"}});
  process.RunShell("mkdir d; cd d; : > ../a");
  EXPECT_THAT(process.Text("log"),
              HasSubstr(absl::StrCat(" ", process.InFolder("a"), "\n")));
}

// As on Linux before 5.1.
TEST(LoggedTest, LogsA32BitProgramWithout64BitTimes) {
  FilemonProcess process;
  process.Start(
      {"--time64", "/usr/bin/env", "LD_PRELOAD=" + Library(), "FILEMON_LOG=log",
       DataPath("tests/hard_cases/kind_32"), "/dev/null"},
      DataPath("tests/hard_cases/deny_calls"));
  const Result result = process.Wait();
  if (result.exit_status == 77) GTEST_SKIP() << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, "opened\n");
  const auto log = process.LogFrom("log");
  EXPECT_THAT(RecordsOf(log, PidOf(log, "/kind_32")), Contains("R /dev/null"));
}

// ---- Targets ----------------------------------------------------------------

TEST(LoggedTest, FillsInPidAndProgram) {
  LoggedProcess process(Variables{{"FILEMON_LOG", "%n-%p-%%-%x.log"}});
  process.Start({"/dev/null"}, "/bin/cat");
  const std::string name = absl::StrCat("cat-", process.pid(), "-%-%x.log");
  EXPECT_EQ(process.Wait().exit_status, 0);
  EXPECT_THAT(
      RecordsOf(process.LogFrom(name), PidOf(process.LogFrom(name), "")),
      Contains("R /dev/null"));
}

TEST(LoggedTest, MakesOneFileForEachFirstProcessInAFolder) {
  FilemonProcess process;
  const std::string library = Library();
  process.set_in_child([&library] {
    setenv("LD_PRELOAD", library.c_str(), 1);
    setenv("FILEMON_LOG", "logs", 1);
  });
  ASSERT_EQ(mkdir(process.InFolder("logs").c_str(), 0755), 0);
  process.Start({"/dev/null"}, "/bin/cat");
  const std::string first = absl::StrCat("cat.", process.pid(), ".filemon");
  EXPECT_EQ(process.Wait().exit_status, 0);
  EXPECT_THAT(FilesIn(process.InFolder("logs")), ElementsAre(first));
  // Pids come again: what is there stays.
  const std::string before = ReadFile(process.InFolder("logs/" + first));
  process.set_in_child([&] {
    setenv("LD_PRELOAD", library.c_str(), 1);
    setenv("FILEMON_LOG", "logs", 1);
    // The name that this process would take.
    symlink("/nowhere/else",
            absl::StrCat("logs/cat.", getpid(), ".filemon").c_str());
  });
  process.Start({"/dev/null"}, "/bin/cat");
  const std::string second = absl::StrCat("cat.", process.pid());
  EXPECT_EQ(process.Wait().err, "");
  EXPECT_THAT(FilesIn(process.InFolder("logs")),
              Contains(second + "-1.filemon"));
  EXPECT_EQ(ReadFile(process.InFolder("logs/" + first)), before);
}

TEST(LoggedTest, WritesToADescriptor) {
  LoggedProcess process(Variables{{"FILEMON_LOG", "fd:7"}}, [] {
    dup2(open("log", O_WRONLY | O_CREAT | O_TRUNC, 0644), 7);
  });
  // Nobody keeps the descriptor.
  const Result result = process.RunShell("[ ! -e /proc/self/fd/7 ] && echo ok");
  EXPECT_EQ(result.out, "ok\n");
  process.LogFrom("log");
}

struct Complaint {
  Variables variables;
  const char* line;
};

TEST(LoggedTest, SaysInOneLineWhatCannotWork) {
  const Complaint complaints[] = {
      {{{"FILEMON_LOG", "none/log"}},
       "filemon: cannot open the log none/log: No such file or directory\n"},
      {{{"FILEMON_LOG", "-"}},
       "filemon: cannot open the log -: Invalid argument\n"},
      {{{"FILEMON_LOG", "fd:99"}},
       "filemon: cannot open the log fd:99: Bad file descriptor\n"},
      {{{"FILEMON_LOG", "fd:x"}},
       "filemon: cannot open the log fd:x: Invalid argument\n"},
      {{{"FILEMON_LOG", "log"}, {"FILEMON_COLLECTOR", "/none"}},
       "filemon: cannot start the collector /none: No such file or "
       "directory\n"},
      {{{"FILEMON_LOG", "log"}, {"FILEMON_COLLECTOR", "/bin/false"}},
       "filemon: cannot start the collector /bin/false: Input/output error\n"},
      {{{"FILEMON_LOG", "log"}, {"FILEMON_PATHS", "both"}},
       "filemon: FILEMON_PATHS: bad value 'both': it is `given` or "
       "`absolute`\n"},
      {{{"FILEMON_LOG", "log"}, {"FILEMON_WAIT_ALL", "yes"}},
       "filemon: FILEMON_WAIT_ALL: bad value 'yes': it is `1` or `0`\n"},
  };
  for (const Complaint& complaint : complaints) {
    LoggedProcess process(complaint.variables);
    // Its children do not say it again.
    const Result result = process.RunShell("cat /dev/null; echo ran; exit 3");
    EXPECT_EQ(result.exit_status, 3) << complaint.line;
    EXPECT_EQ(result.out, "ran\n") << complaint.line;
    EXPECT_EQ(result.err, complaint.line);
    EXPECT_FALSE(Exists(process.InFolder("log"))) << complaint.line;
  }
}

TEST(LoggedTest, WhatCannotWorkLeavesTheLogAlone) {
  for (const Variables& variables :
       {Variables{{"FILEMON_COLLECTOR", "/none"}},
        Variables{{"FILEMON_COLLECTOR", "/bin/false"}},
        Variables{{"FILEMON_PATHS", "both"}}}) {
    Variables all = variables;
    all.emplace_back("FILEMON_LOG", "log");
    LoggedProcess process(all);
    std::ofstream(process.InFolder("log")) << "before\n";
    process.RunShell("exit 3");
    EXPECT_EQ(process.Text("log"), "before\n");
  }
}

TEST(LoggedTest, EmptiesTheLogFirst) {
  LoggedProcess process(Variables{{"FILEMON_LOG", "log"}});
  std::ofstream(process.InFolder("log")) << std::string(100000, 'x');
  process.RunShell("exit 3");
  EXPECT_THAT(process.LogFrom("log"), Not(IsEmpty()));
}

// ---- The collector ----------------------------------------------------------

TEST(LoggedTest, HasACollectorOfItsOwn) {
  LoggedProcess process(Variables{{"FILEMON_LOG", "log"}});
  // No child; not in the process group, which the shell of this script leads;
  // without the program's descriptors.
  const Result result = process.RunShell(
      "for p in /proc/[0-9]*; do "
      "  [ \"$(readlink $p/fd/1)\" = /dev/null ] || continue; "
      "  case $(readlink $p/exe) in */filemon-collector) ;; *) continue; esac; "
      "  for f in $p/fd/*; do "
      "    [ \"$(readlink $f)\" = \"$PWD/log\" ] && c=${p#/proc/}; "
      "  done; "
      "done; "
      "set -- $(sed 's/.*) //' /proc/$c/stat); "
      "[ \"$2\" != $$ ] && [ \"$3\" != $$ ] && echo apart; "
      "for f in /proc/$c/fd/*; do readlink $f; done | grep -c stderr; "
      "readlink /proc/$c/cwd; wait; echo waited");
  EXPECT_EQ(result.out, "apart\n0\n/\nwaited\n");
  EXPECT_EQ(result.err, "");
}

// A first process to which orphans come: PID 1, or a subreaper.
TEST(LoggedTest, IsNoChildOfASubreaper) {
  FilemonProcess process;
  process.Start(
      {"-e",
       absl::StrCat("syscall(", SYS_prctl, ", ", PR_SET_CHILD_SUBREAPER,
                    ", 1, 0, 0, 0); $ENV{LD_PRELOAD} = shift; "
                    "$ENV{FILEMON_LOG} = 'log'; exec 'perl', '-e', shift;"),
       Library(),
       "$SIG{CHLD} = sub { $signals++ }; if (!fork) { exit 3 } "
       "while (wait() > 0) { $n++ } print \"$n children, $signals signals\";"},
      "/usr/bin/perl");
  const Result result = process.Wait();
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, "1 children, 1 signals");
  EXPECT_THAT(process.LogFrom("log"), Not(IsEmpty()));
}

TEST(LoggedTest, LeavesASessionThatIsThereAlone) {
  FilemonProcess process;
  const Result result = process.Run(
      {"-o", "outer", "sh", "-c", "FILEMON_LOG=inner cat /dev/null"});
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(RecordsOf(process.LogFrom("outer"),
                        PidOf(process.LogFrom("outer"), "/cat")),
              Contains("R /dev/null"));
  EXPECT_FALSE(Exists(process.InFolder("inner")));
}

TEST(LoggedTest, TheCollectorMindsNoSignal) {
  LoggedProcess process(Variables{{"FILEMON_LOG", "log"}});
  // 9 and 19 are SIGKILL and SIGSTOP.
  const Result result = process.RunShell(
      "IFS=:; set -- $(cat /proc/self/environ | tr '\\0' '\\n' | "
      "grep ^FILEMON_SESSION); unset IFS; "
      "for s in $(seq 8) $(seq 10 18) $(seq 20 64); do kill -$s $3; done; "
      "cat /dev/null; exit 6");
  EXPECT_EQ(result.exit_status, 6);
  EXPECT_EQ(result.err, "");
  const auto log = process.LogFrom("log");
  EXPECT_THAT(RecordsOf(log, PidOf(log, "/sh")), Not(IsEmpty()));
}

TEST(LoggedTest, DoesNotMindWhenTheCollectorIsKilled) {
  LoggedProcess process(Variables{{"FILEMON_LOG", "log"}});
  const Result result = process.RunShell(
      "IFS=:; set -- $(cat /proc/self/environ | tr '\\0' '\\n' | "
      "grep ^FILEMON_SESSION); kill -KILL $3; cat /dev/null; : > a; exit 6");
  EXPECT_EQ(result.exit_status, 6);
  EXPECT_EQ(result.err, "");
}

}  // namespace
}  // namespace filemon
