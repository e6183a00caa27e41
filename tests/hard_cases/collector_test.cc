// What becomes of the traced programs, and of the log, when the collector or
// the log's file fails.
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr int kChildren = 4;
constexpr int kOpens = 40000;

std::string Program() { return HardProgram("collector_cases"); }

// ---- The collector ----------------------------------------------------------

// A session of the case `floods`, with its collector stopped before it begins.
class StoppedCollectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    filemon_.Start({Program(), "floods"});
    filemon_.AwaitLine("ready");
    kill(filemon_.pid(), SIGSTOP);
    int status;
    ASSERT_EQ(waitpid(filemon_.pid(), &status, WUNTRACED), filemon_.pid());
    ASSERT_TRUE(WIFSTOPPED(status));
    const int gate =
        open(filemon_.InFolder("gate").c_str(), O_WRONLY | O_CLOEXEC);
    ASSERT_GE(gate, 0);
    close(gate);
    while (!PipeIsFull()) sched_yield();
  }

  void ExpectEverything() {
    const Result result = filemon_.Wait();
    EXPECT_EQ(result.exit_status, 0);
    EXPECT_EQ(result.out, "ready\nfinished\n");
    EXPECT_EQ(result.err, "");
    const auto log = filemon_.Log();
    std::map<pid_t, int> opens;
    for (const LogRecord& record : log) {
      if (record.letter == 'R' && record.path == "/dev/null") {
        ++opens[record.pid];
      }
    }
    EXPECT_THAT(opens, SizeIs(kChildren));
    EXPECT_THAT(opens, Each(Pair(testing::_, kOpens)));
    EXPECT_THAT(Comments(log, "lost"), IsEmpty());
    EXPECT_THAT(Comments(log, "dropped"), IsEmpty());
  }

  // Whether one of the collector's pipes has no room for another page.
  bool PipeIsFull() const {
    const std::string folder = absl::StrCat("/proc/", filemon_.pid(), "/fd");
    DIR* const dir = opendir(folder.c_str());
    bool full = false;
    while (const dirent* entry = readdir(dir)) {
      const std::string path = absl::StrCat(folder, "/", entry->d_name);
      char target[PATH_MAX];
      const ssize_t n = readlink(path.c_str(), target, sizeof(target));
      if (n < 0 || !absl::StartsWith(absl::string_view(target, n), "pipe:")) {
        continue;
      }
      const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
      int bytes = 0;
      const int size = fcntl(fd, F_GETPIPE_SZ);
      full |= size > 0 && ioctl(fd, FIONREAD, &bytes) == 0 &&
              bytes + 2 * 4096 > size;
      close(fd);
    }
    closedir(dir);
    return full;
  }

  FilemonProcess filemon_;
};

TEST_F(StoppedCollectorTest, GoesOnAndHasEverything) {
  kill(filemon_.pid(), SIGCONT);
  ExpectEverything();
}

// It stays stopped until the programs have ended: nobody waits for it.
TEST_F(StoppedCollectorTest, LosesNothingWhileNobodyLooks) {
  filemon_.AwaitLine("finished");
  kill(filemon_.pid(), SIGCONT);
  ExpectEverything();
}

TEST_F(StoppedCollectorTest, KilledItHarmsNobody) {
  kill(filemon_.pid(), SIGKILL);
  // The programs' standard output is closed when the last of them has ended.
  const Result result = filemon_.Wait();
  EXPECT_EQ(result.wait_status, SIGKILL);
  EXPECT_EQ(result.out, "ready\nfinished\n");
  EXPECT_EQ(result.err, "");
  // What there is of the log is whole lines; that it has no end tells the rest.
  const std::string text = ReadFile(filemon_.InFolder("filemon.out"));
  EXPECT_TRUE(text.empty() || absl::EndsWith(text, "\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("# Bye bye")));
}

// ---- The log's file ---------------------------------------------------------

constexpr char kIncomplete[] = "filemon: the log filemon.out is incomplete: ";

void LimitFileSize() {
  const rlimit limit = {4096, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &limit);
}

TEST(LogFileTest, BeyondTheLimitOfFileSizes) {
  for (const int status : {0, 4}) {
    FilemonProcess filemon;
    filemon.set_in_child(LimitFileSize);
    const Result result = filemon.Run(
        {"/bin/sh", "-c",
         absl::StrCat("\"$0\" opens && : > ran; exit ", status), Program()});
    EXPECT_EQ(result.exit_status, status == 0 ? 125 : status);
    EXPECT_EQ(result.err, absl::StrCat(kIncomplete, "write: File too large\n"));
    EXPECT_TRUE(Exists(filemon.InFolder("ran")));
  }
}

// The command gets the signal as if filemon were not there.
TEST(LogFileTest, TheLimitIsTheCommandsToo) {
  const TracedRun run = RunBoth(
      {"/bin/sh", "-c", "head -c 100000 /dev/zero > file; echo $?"}, [] {
        const rlimit limit = {65536, RLIM_INFINITY};
        setrlimit(RLIMIT_FSIZE, &limit);
      });
  EXPECT_EQ(run.traced.out, absl::StrCat(128 + SIGXFSZ, "\n"));
}

// `head` has seen enough long before the log, which no pipe holds, is written.
TEST(LogFileTest, ItsReaderGoes) {
  FilemonProcess shell;
  shell.Start(
      {"-c", "{ \"$0\" -o - \"$1\" opens; echo $? > status; } | head -n 1",
       FilemonPath(), Program()},
      "/bin/sh");
  const Result result = shell.Wait();
  EXPECT_EQ(result.out, "# filemon version 5\n");
  EXPECT_EQ(ReadFile(shell.InFolder("status")), "125\n");
  EXPECT_EQ(result.err,
            "filemon: the log - is incomplete: write: Broken pipe\n");
}

// It begins to read when the command has ended, which has more to log than the
// pipe holds.
TEST(LogFileTest, ItsReaderTakesItsTime) {
  FilemonProcess shell;
  shell.Start({"-c",
               "mkfifo gate; "
               "\"$0\" -o - sh -c '\"$0\" opens; : > gate' \"$1\" | "
               "{ : < gate; cat > log; }",
               FilemonPath(), Program()},
              "/bin/sh");
  const Result result = shell.Wait();
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.err, "");
  const auto log = shell.LogFrom("log");
  int opens = 0;
  for (const LogRecord& record : log) {
    opens += record.letter == 'R' && record.path == "/dev/null";
  }
  EXPECT_EQ(opens, kOpens);
  EXPECT_THAT(Comments(log, "lost"), IsEmpty());
}

// A file system of a few pages, in a mount namespace of its own.
TEST(LogFileTest, ItsDiskFillsUp) {
  FilemonProcess shell;
  shell.Start({"--user", "--map-root-user", "--mount", "/bin/sh", "-c",
               "mkdir disk && mount -t tmpfs -o size=16k none disk || exit 77; "
               "\"$0\" -o disk/log \"$1\" opens; echo $?",
               FilemonPath(), Program()},
              "/usr/bin/unshare");
  const Result result = shell.Wait();
  if (result.exit_status == 77) {
    GTEST_SKIP() << "cannot mount a tmpfs: " << result.err;
  }
  EXPECT_EQ(result.out, "125\n");
  EXPECT_EQ(result.err,
            "filemon: the log disk/log is incomplete: write: No space left on "
            "device\n");
}

}  // namespace
}  // namespace filemon
