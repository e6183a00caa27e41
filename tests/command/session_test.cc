// What a traced command sees of filemon, and what its log says.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/pidfd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// ---- The log ----------------------------------------------------------------

TEST(SessionTest, LogsAScript) {
  FilemonProcess filemon;
  const Result result =
      filemon.Run({"sh", "-c", "echo x > a; cat a; (exit 3); rm a"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "x\n");
  EXPECT_EQ(result.err, "");
  const auto log = filemon.Log();
  EXPECT_THAT(RecordsOf(log, PidOf(log, "/sh")), Contains("W a"));
  EXPECT_THAT(RecordsOf(log, PidOf(log, "/cat")), Contains("R a"));
  EXPECT_THAT(RecordsOf(log, PidOf(log, "/rm")), Contains("D a"));
  std::vector<std::string> exits;
  for (const LogRecord& record : log) {
    if (record.letter == 'X') exits.push_back(ExitOf(log, record.pid));
  }
  EXPECT_THAT(exits, ElementsAre("0 0", "3 0", "0 0", "0 0"));
}

TEST(SessionTest, WritesToStandardOutput) {
  FilemonProcess filemon;
  const Result result = filemon.Run({"-o", "-", "true"});
  EXPECT_EQ(result.exit_status, 0);
  CheckLog(result.out);
  EXPECT_FALSE(Exists(filemon.InFolder("filemon.out")));
}

TEST(SessionTest, WritesToADescriptor) {
  FilemonProcess filemon;
  filemon.set_in_child([] { dup2(open("log", O_RDWR | O_CREAT, 0666), 7); });
  const Result result =
      filemon.Run({"-o", "fd:7", "sh", "-c", "test ! -e /proc/$$/fd/7"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(filemon.LogFrom("log"), Not(IsEmpty()));
}

TEST(SessionTest, EmptiesTheLogFirst) {
  FilemonProcess filemon;
  filemon.set_in_child([] {
    const int fd = open("filemon.out", O_WRONLY | O_CREAT, 0666);
    if (write(fd, std::string(100000, 'x').c_str(), 100000) < 0) _exit(97);
  });
  EXPECT_EQ(filemon.Run({"true"}).exit_status, 0);
  EXPECT_THAT(filemon.Log(), Not(IsEmpty()));
}

TEST(SessionTest, AbsolutePaths) {
  for (const bool by_environment : {false, true}) {
    FilemonProcess filemon;
    std::vector<std::string> arguments = {"sh", "-c",
                                          "cd /; cat ./etc/../etc/hostname"};
    if (by_environment) {
      filemon.set_in_child([] { setenv("FILEMON_PATHS", "absolute", 1); });
    } else {
      arguments.insert(arguments.begin(), "--paths=absolute");
    }
    filemon.Run(arguments);
    const auto log = filemon.Log();
    EXPECT_THAT(RecordsOf(log, PidOf(log, "/cat")),
                Contains("R /etc/hostname"));
  }
}

TEST(SessionTest, NewlinesInNames) {
  FilemonProcess filemon;
  EXPECT_EQ(filemon.Run({"sh", "-c", ": > 'a\nX 1 0 0'"}).exit_status, 0);
  const auto log = filemon.Log();
  EXPECT_THAT(RecordsOf(log, PidOf(log, "/sh")), Contains("W a\\nX 1 0 0"));
}

TEST(SessionTest, KeepsWhatAKilledProcessSaid) {
  FilemonProcess filemon;
  const Result result =
      filemon.Run({"sh", "-c", "sh -c ': > a; : > b; kill -9 $$'; true"});
  EXPECT_EQ(result.exit_status, 0);
  const auto log = filemon.Log();
  for (const LogRecord& record : log) {
    if (record.letter != 'W' || record.path != "b") continue;
    EXPECT_EQ(ExitOf(log, record.pid), "0 9");
    return;
  }
  FAIL() << "no W b";
}

TEST(SessionTest, ManyAtOnce) {
  FilemonProcess filemon;
  const Result result = filemon.Run(
      {"sh", "-c",
       "i=0; while [ $i -lt 200 ]; do (/bin/true; exit $((i % 7))) & "
       "i=$((i+1)); done; wait"});
  EXPECT_EQ(result.exit_status, 0);
  const auto log = filemon.Log();
  int forks = 0;
  int sevens = 0;
  for (const LogRecord& record : log) {
    forks += record.letter == 'F';
    sevens += record.letter == 'X' && record.number == 6;
  }
  EXPECT_EQ(forks, 400);
  EXPECT_EQ(sevens, 28);
  EXPECT_THAT(Comments(log, "unknown"), IsEmpty());
}

TEST(SessionTest, AStaticCommand) {
  const std::string program = DataPath("tests/command/static_exit");
  FilemonProcess filemon;
  const Result result = filemon.Run({program, "9"});
  EXPECT_EQ(result.exit_status, 9);
  const auto log = filemon.Log();
  const pid_t pid = PidOf(log, "/static_exit");
  ASSERT_NE(pid, 0);
  EXPECT_EQ(ExitOf(log, pid), "9 0");
  EXPECT_THAT(Comments(log, "untraced"),
              ElementsAre(absl::StrCat("untraced ", pid, " ", program,
                                       ": statically linked")));
}

TEST(SessionTest, StaticChildren) {
  const std::string program = DataPath("tests/command/static_exit");
  FilemonProcess filemon;
  filemon.Run({"sh", "-c", program + " 4; " + program + " kill; true"});
  const auto log = filemon.Log();
  EXPECT_THAT(Comments(log, "untraced"), SizeIs(2));
  std::vector<std::string> exits;
  for (const LogRecord& record : log) {
    if (record.letter == 'E' && absl::EndsWith(record.path, "/static_exit")) {
      exits.push_back(ExitOf(log, record.pid));
    }
  }
  EXPECT_THAT(exits, ElementsAre("4 0", "0 9"));
}

TEST(SessionTest, AChildOfAStaticCommand) {
  FilemonProcess filemon;
  const Result result =
      filemon.Run({DataPath("tests/command/static_exit"), "run", "/bin/sh"});
  EXPECT_EQ(result.exit_status, 0);
  const auto log = filemon.Log();
  const pid_t parent = PidOf(log, "/static_exit");
  const pid_t child = PidOf(log, "/sh");
  ASSERT_NE(child, 0);
  bool forked = false;
  for (const LogRecord& record : log) {
    if (record.letter == 'E' && record.pid == parent) {
      EXPECT_FALSE(forked) << "the child's F came before the parent's E";
    }
    forked |=
        record.letter == 'F' && record.pid == parent && record.number == child;
  }
  EXPECT_TRUE(forked);
  EXPECT_EQ(ExitOf(log, child), "0 0");
}

TEST(SessionTest, SummarizesOnDemand) {
  FilemonProcess filemon;
  const Result result = filemon.Run({"--stats", "sh", "-c", "(: > a); true"});
  EXPECT_THAT(result.err, HasSubstr("filemon: 2 processes"));
  EXPECT_THAT(result.err, HasSubstr("W 1"));
  const std::string size =
      absl::StrCat(ReadFile(filemon.InFolder("filemon.out")).size(), " bytes");
  EXPECT_THAT(result.err, HasSubstr(size));
}

// ---- Descendants that outlive the command -----------------------------------

// A subshell that blocks until somebody writes into the FIFO `gate`.
constexpr char kLeaveBehind[] =
    "mkfifo gate; (exec > /dev/null; read line < gate; echo > late; "
    "exec 9> done; exit 3) & echo started";

// Lets it go on.
void OpenGate(const FilemonProcess& filemon) {
  const int fd = open(filemon.InFolder("gate").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(write(fd, "\n", 1), 1);
  close(fd);
}

TEST(SessionTest, EndsWithTheCommand) {
  FilemonProcess filemon;
  const Result result = filemon.Run({"sh", "-c", kLeaveBehind});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_FALSE(Exists(filemon.InFolder("late")));
  EXPECT_THAT(Comments(filemon.Log(), "running"), SizeIs(1));
  // It goes on without us.
  const std::string done = filemon.InFolder("done");
  ASSERT_EQ(mkfifo(done.c_str(), 0666), 0);
  OpenGate(filemon);
  const int fd = open(done.c_str(), O_RDONLY | O_CLOEXEC);
  char byte;
  EXPECT_EQ(read(fd, &byte, 1), 0);
  close(fd);
  EXPECT_TRUE(Exists(filemon.InFolder("late")));
}

TEST(SessionTest, WaitsForAllOnDemand) {
  FilemonProcess filemon;
  const std::string alive = filemon.InFolder("alive");
  ASSERT_EQ(mkfifo(alive.c_str(), 0666), 0);
  filemon.Start({"--wait-all", "sh", "-c",
                 absl::StrCat(kLeaveBehind, "; exec 8> alive")});
  // The end of the FIFO is the end of the command.
  const int fd = open(alive.c_str(), O_RDONLY | O_CLOEXEC);
  char byte;
  EXPECT_EQ(read(fd, &byte, 1), 0);
  close(fd);
  OpenGate(filemon);
  EXPECT_EQ(filemon.Wait().exit_status, 0);
  EXPECT_TRUE(Exists(filemon.InFolder("late")));
  const auto log = filemon.Log();
  EXPECT_THAT(Comments(log, "running"), IsEmpty());
  for (const LogRecord& record : log) {
    if (record.letter == 'W' && record.path == "late") {
      EXPECT_EQ(ExitOf(log, record.pid), "3 0");
    }
  }
}

// ---- What the command sees --------------------------------------------------

// The descriptors that `sh` has, as text.
constexpr char kListDescriptors[] = "ls /proc/$$/fd";

TEST(SessionTest, NoDescriptorIsListed) {
  FilemonProcess bare;
  bare.Start({"-c", kListDescriptors}, "/bin/sh");
  FilemonProcess filemon;
  EXPECT_EQ(filemon.Run({"sh", "-c", kListDescriptors}).out, bare.Wait().out);
}

TEST(SessionTest, StandardDescriptorsStayClosed) {
  FilemonProcess filemon;
  filemon.set_in_child([] { close(STDIN_FILENO); });
  EXPECT_EQ(filemon.Run({"sh", "-c", "test ! -e /proc/$$/fd/0"}).exit_status,
            0);
  EXPECT_THAT(filemon.Log(), Not(IsEmpty()));
}

TEST(SessionTest, NothingLandsInTheLogWhenStandardErrorIsClosed) {
  FilemonProcess filemon;
  filemon.set_in_child([] { close(STDERR_FILENO); });
  EXPECT_EQ(filemon.Run({"--stats", "sh", "-c", "exit 3"}).exit_status, 3);
  EXPECT_THAT(filemon.Log(), Not(IsEmpty()));
}

TEST(SessionTest, SignalsAreAsTheyWere) {
  constexpr char kShow[] = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status";
  const auto odd = [] {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGWINCH);
    sigprocmask(SIG_BLOCK, &blocked, nullptr);
  };
  for (const std::function<void()>& state :
       {std::function<void()>([] {}), std::function<void()>(odd)}) {
    FilemonProcess bare;
    bare.set_in_child(state);
    bare.Start({"-c", kShow}, "/bin/sh");
    const std::string expected = bare.Wait().out;
    EXPECT_THAT(expected, HasSubstr("SigBlk"));
    FilemonProcess filemon;
    filemon.set_in_child(state);
    const Result result = filemon.Run({"sh", "-c", kShow});
    EXPECT_EQ(result.out, expected);
    EXPECT_EQ(result.exit_status, 0);
    EXPECT_THAT(filemon.Log(), Not(IsEmpty()));
  }
}

// As without filemon, whose child it need not be.
TEST(SessionTest, AnOrphanHasAnotherParent) {
  if (!KernelTellsEnds()) GTEST_SKIP() << "needs Linux 6.15";
  FilemonProcess filemon;
  filemon.Start({"perl", "-e",
                 "if (!fork) { $parent = $$; if (!fork) { "
                 "while (getppid == $parent) {} print getppid } exit } wait"});
  const std::string filemons = std::to_string(filemon.pid());
  const Result result = filemon.Wait();
  EXPECT_NE(result.out, "");
  EXPECT_NE(result.out, filemons);
}

TEST(SessionTest, TheProcessGroupIsFilemons) {
  FilemonProcess filemon;
  filemon.set_in_child([] { setpgid(0, 0); });
  filemon.Start({"sh", "-c", "cut -d ' ' -f 5 /proc/$$/stat"});
  const std::string expected = absl::StrCat(filemon.pid(), "\n");
  EXPECT_EQ(filemon.Wait().out, expected);
}

TEST(SessionTest, FewDescriptors) {
  FilemonProcess filemon;
  filemon.set_in_child([] {
    for (int fd = 3; fd < 1024; ++fd) close(fd);
    const rlimit limit = {16, 16};
    setrlimit(RLIMIT_NOFILE, &limit);
  });
  const Result result = filemon.Run(
      {"sh", "-c",
       "ulimit -n; for i in 1 2 3 4 5 6 7 8 9; do (cat /dev/null; : > $i) & "
       "done; wait"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "16\n");
  EXPECT_EQ(result.err, "");
  int written = 0;
  for (const LogRecord& record : filemon.Log()) {
    written += record.letter == 'W' && record.path.size() == 1;
  }
  EXPECT_EQ(written, 9);
}

TEST(SessionTest, TheLimitOfDescriptorsIsAsItWas) {
  FilemonProcess filemon;
  filemon.set_in_child([] {
    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 100;
    setrlimit(RLIMIT_NOFILE, &limit);
  });
  EXPECT_EQ(filemon.Run({"sh", "-c", "ulimit -Sn"}).out, "100\n");
}

TEST(SessionTest, OtherPreloadsStay) {
  FilemonProcess filemon;
  // A file that is there and loads: the C library itself.
  filemon.set_in_child([] {
    setenv("LD_PRELOAD", "libc.so.6", 1);
    // If filemon itself is built with the sanitizer, which wants to be first.
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
  });
  const Result result = filemon.Run({"sh", "-c", "echo $LD_PRELOAD"});
  EXPECT_THAT(result.out, ::testing::StartsWith("libc.so.6:"));
  EXPECT_THAT(filemon.Log(), Not(IsEmpty()));
}

TEST(SessionTest, TheCommandOutlivesAKilledCollector) {
  FilemonProcess filemon;
  filemon.Start({"sh", "-c",
                 "mkfifo gate; echo started; read line < gate; "
                 "i=0; while [ $i -lt 3000 ]; do : > file; i=$((i+1)); done; "
                 "echo finished"});
  filemon.AwaitLine("started");
  kill(filemon.pid(), SIGKILL);
  OpenGate(filemon);
  filemon.AwaitLine("finished");
  EXPECT_EQ(filemon.Wait().wait_status, SIGKILL);
}

}  // namespace
}  // namespace filemon
