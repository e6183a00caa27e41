// Signals and the terminal: as if filemon were not there.
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST(SignalTest, SignalsForFilemonReachTheCommand) {
  for (const int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM}) {
    FilemonProcess filemon;
    filemon.Start({"sh", "-c",
                   absl::StrCat("trap 'echo caught; kill -9 $!; exit 5' ",
                                signal, "; sleep 1000 & echo ready; wait")});
    filemon.AwaitLine("ready");
    kill(filemon.pid(), signal);
    const Result result = filemon.Wait();
    EXPECT_EQ(result.exit_status, 5) << signal;
    EXPECT_THAT(result.out, HasSubstr("caught"));
    EXPECT_THAT(filemon.Log(), Not(IsEmpty()));
  }
}

TEST(SignalTest, ACommandThatDiesOfOneLeavesACompleteLog) {
  FilemonProcess filemon;
  filemon.Start(
      {"sh", "-c", "sh -c 'echo ready; exec > /dev/null sleep 1000'; true"});
  filemon.AwaitLine("ready");
  kill(filemon.pid(), SIGTERM);
  EXPECT_EQ(filemon.Wait().exit_status, 128 + SIGTERM);
  const auto log = filemon.Log();
  ASSERT_THAT(Comments(log, "running"), SizeIs(1));
  kill(PidOf(log, "/sleep"), SIGKILL);
}

// All that kill(1) can send and that can be held up; 32 and 33 are those that
// libc keeps for itself.
std::vector<int> AllSignals() {
  std::vector<int> all;
  for (int signal = 1; signal <= 64; ++signal) {
    switch (signal) {
      case SIGKILL:
      case SIGSTOP:
      case SIGTTIN:
      case SIGTTOU:
        break;
      default:
        all.push_back(signal);
    }
  }
  return all;
}

// Ends by the signal, or by itself.
std::string KillsItself(const char* whom, int signal) {
  return absl::StrCat("ulimit -c 0; kill -", signal, " ", whom, "; exit 7");
}

TEST(SignalTest, NoneSentToTheProcessGroupEndsFilemon) {
  for (const int signal : AllSignals()) {
    if (signal == SIGTSTP) continue;  // would stop this test's session
    const auto own_group = [] { setpgid(0, 0); };
    FilemonProcess bare;
    bare.set_in_child(own_group);
    bare.Start({"-c", KillsItself("0", signal)}, "/bin/sh");
    const int status = bare.Wait().wait_status;
    FilemonProcess filemon;
    filemon.set_in_child(own_group);
    const Result result = filemon.Run({"sh", "-c", KillsItself("0", signal)});
    EXPECT_EQ(result.exit_status, WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                                      : WEXITSTATUS(status))
        << signal;
    const auto log = filemon.Log();
    EXPECT_EQ(ExitOf(log, PidOf(log, "/sh")),
              absl::StrCat(WIFEXITED(status) ? WEXITSTATUS(status) : 0, " ",
                           WTERMSIG(status)))
        << signal;
  }
}

// Not once more from filemon.
TEST(SignalTest, ReachesTheCommandOnceFromTheProcessGroup) {
  FilemonProcess filemon;
  filemon.set_in_child([] { setpgid(0, 0); });
  filemon.Start({"perl", "-e",
                 "$| = 1; $SIG{USR1} = sub { $n++; print \"got $n\\n\" }; "
                 "$SIG{TERM} = sub { print $n; exit }; "
                 "print \"ready\\n\"; for (;;) { sleep 1 }"});
  filemon.AwaitLine("ready");
  for (int i = 1; i <= 10; ++i) {
    kill(-filemon.pid(), SIGUSR1);
    filemon.AwaitLine(absl::StrCat("got ", i));
  }
  kill(filemon.pid(), SIGTERM);
  EXPECT_THAT(filemon.Wait().out, ::testing::EndsWith("\n10"));
}

// What pkill(1) sends to whoever has that name.
TEST(SignalTest, ReachesTheCommandByFilemonsName) {
  FilemonProcess filemon;
  filemon.Start({"--stats", "sh", "-c", "echo ready; exec sleep 1000"});
  filemon.AwaitLine("ready");
  const std::string list = absl::StrCat("/proc/", filemon.pid(), "/task/",
                                        filemon.pid(), "/children");
  std::vector<pid_t> named;
  // Under load its helper may not have come to take another name yet.
  for (bool all_run = false; !all_run;) {
    named = {filemon.pid()};
    std::ifstream children(list);
    for (pid_t child; children >> child;) {
      const std::string folder = absl::StrCat("/proc/", child);
      const std::string name = ReadFile(folder + "/comm");
      all_run |= name == "signal witness\n";
      if (absl::StrContains(name, "filemon") ||
          absl::StrContains(ReadFile(folder + "/cmdline"), "stats")) {
        named.push_back(child);
      }
    }
  }
  for (pid_t pid : named) kill(pid, SIGTERM);
  EXPECT_EQ(filemon.Wait().exit_status, 128 + SIGTERM);
}

TEST(SignalTest, NoneSentToFilemonEndsIt) {
  for (const int signal : AllSignals()) {
    if (signal == SIGTSTP) continue;  // stops the command, and so filemon
    FilemonProcess filemon;
    filemon.Run({"sh", "-c", KillsItself("$PPID", signal)});
    EXPECT_THAT(filemon.Log(), Not(IsEmpty())) << signal;
  }
}

TEST(SignalTest, EndsTheWaitForAll) {
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    FilemonProcess filemon;
    // The second shell outlives the command, and tells when that has ended.
    filemon.Start({"--wait-all", "sh", "-c",
                   "(while kill -0 $$ 2> /dev/null; do :; done; echo alone; "
                   "exec sleep 1000 > /dev/null) & echo $!; exit 5"});
    filemon.AwaitLine("alone");
    kill(filemon.pid(), signal);
    const Result result = filemon.Wait();
    EXPECT_EQ(result.exit_status, 5);
    EXPECT_THAT(Comments(filemon.Log(), "running"), SizeIs(1)) << signal;
    kill(std::stoi(result.out), SIGKILL);
  }
}

// filemon in the foreground of a terminal, with a parent that minds it as a
// shell does.
class TerminalTest : public ::testing::Test {
 protected:
  ~TerminalTest() override {
    if (terminal_ >= 0) close(terminal_);
    if (shell_ > 0) {
      kill(shell_, SIGKILL);
      waitpid(shell_, nullptr, 0);
    }
  }

  // Starts `filemon -- sh -c SCRIPT`.
  void Start(const std::string& script) {
    int report[2];
    ASSERT_EQ(pipe2(report, O_CLOEXEC), 0);
    shell_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    ASSERT_GE(shell_, 0);
    if (shell_ == 0) BeShell(script, report[1]);
    close(report[1]);
    report_ = report[0];
  }

  // Waits until the terminal shows `text`.
  void Await(const std::string& text) {
    while (!absl::StrContains(shown_, text)) {
      char buffer[256];
      const ssize_t n = read(terminal_, buffer, sizeof(buffer));
      ASSERT_GT(n, 0) << "no '" << text << "' in: " << shown_;
      shown_.append(buffer, n);
    }
  }
  // Has Await() wait for what comes from now on.
  void Forget() { shown_.clear(); }
  void Type(const std::string& keys) {
    ASSERT_EQ(write(terminal_, keys.data(), keys.size()),
              static_cast<ssize_t>(keys.size()));
  }

  // The next wait status of filemon that the shell sees.
  int NextStatus() {
    int status = -1;
    EXPECT_EQ(read(report_, &status, sizeof(status)),
              static_cast<ssize_t>(sizeof(status)))
        << shown_;
    return status;
  }
  // Continues the job, as `fg` does.
  void Foreground() { kill(shell_, SIGUSR1); }

  std::string LogText() { return ReadFile(folder_ + "/filemon.out"); }

 private:
  [[noreturn]] void BeShell(const std::string& script, int report) {
    // Foreground() may come at any time.
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, nullptr);
    signal(SIGTTOU, SIG_IGN);
    if (chdir(folder_.c_str()) != 0) _exit(99);
    const pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      tcsetpgrp(STDIN_FILENO, getpid());
      for (const int own : {SIGINT, SIGQUIT, SIGTSTP, SIGTTOU}) {
        signal(own, SIG_DFL);
      }
      sigprocmask(SIG_UNBLOCK, &usr1, nullptr);
      const std::string filemon = FilemonPath();
      execl(filemon.c_str(), "filemon", "--", "sh", "-c", script.c_str(),
            nullptr);
      _exit(98);
    }
    for (;;) {
      int status;
      waitpid(job, &status, WUNTRACED);
      if (write(report, &status, sizeof(status)) < 0) _exit(97);
      // The end of a session leader hangs the terminal up, and what it has
      // still to show is lost.
      while (!WIFSTOPPED(status)) pause();
      tcsetpgrp(STDIN_FILENO, getpgrp());
      int signal;
      sigwait(&usr1, &signal);
      tcsetpgrp(STDIN_FILENO, job);
      kill(-job, SIGCONT);
    }
  }

  const std::string folder_ = NewFolder();
  pid_t shell_ = -1;
  int terminal_ = -1;
  int report_ = -1;
  std::string shown_;
};

constexpr char kControlC[] = "\x03";
constexpr char kControlZ[] = "\x1a";
constexpr char kControlBackslash[] = "\x1c";

TEST_F(TerminalTest, ControlCEndsAllAndLeavesACompleteLog) {
  // Not `echo ready; sleep`: a ^C between the two, which dash catches, is lost.
  Start("sh -c 'yes ready; true'; true");
  Await("ready");
  Type(kControlC);
  const int status = NextStatus();
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGINT);
  const std::string text = LogText();
  CheckLog(text);
  const auto log = ParseLog(text);
  ASSERT_TRUE(log.ok());
  EXPECT_THAT(Comments(*log, "running"), IsEmpty());
}

TEST_F(TerminalTest, ControlCReachesTheCommandOnce) {
  Start("exec " + DataPath("tests/command/signal_origin"));
  Await("ready");
  for (int i = 0; i < 20; ++i) {
    Type(kControlC);
    Await("caught");
    Forget();
  }
  Type(kControlBackslash);
  Await("terminal 20 process 0");
  EXPECT_EQ(WEXITSTATUS(NextStatus()), 7);
  CheckLog(LogText());
}

TEST_F(TerminalTest, ControlZStopsFilemonAndForegroundGoesOn) {
  Start("echo ready; read line; echo got $line; exit 6");
  Await("ready");
  Type(kControlZ);
  int status = NextStatus();
  ASSERT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(WSTOPSIG(status), SIGTSTP);
  Foreground();
  Type("input\n");
  Await("got input");
  status = NextStatus();
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 6);
  CheckLog(LogText());
}

TEST_F(TerminalTest, ACommandThatIgnoresControlZIsNotStopped) {
  Start("trap '' TSTP; echo ready; read line; echo got $line; exit 6");
  Await("ready");
  Type(kControlZ);
  Type("input\n");
  Await("got input");
  const int status = NextStatus();
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 6);
}

}  // namespace
}  // namespace filemon
