// Processes that leave what the collector sees, and those that stay behind.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kUnshare[] = "/usr/bin/unshare";
constexpr char kSetpriv[] = "/usr/bin/setpriv";

std::string Program() { return HardProgram("boundary_cases"); }

// The process that has written `name`; 0 if none has.
pid_t WriterOf(const TracedRun& run, const std::string& name) {
  for (const LogRecord& record : run.log) {
    if (record.letter == 'W' && record.path == name) return record.pid;
  }
  return 0;
}

pid_t ParentOf(const TracedRun& run, pid_t child) {
  for (const LogRecord& record : run.log) {
    if (record.letter == 'F' && record.number == child) return record.pid;
  }
  return 0;
}

int Count(const TracedRun& run, char letter) {
  return std::count_if(
      run.log.begin(), run.log.end(),
      [letter](const LogRecord& record) { return record.letter == letter; });
}

// Whether this user may make pid namespaces.
bool CanUnshare() {
  const pid_t child = fork();
  if (child == 0) {
    _exit(unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0 ||
                  unshare(CLONE_NEWPID) == 0
              ? 0
              : 1);
  }
  int status;
  return waitpid(child, &status, 0) == child && status == 0;
}

#define SKIP_WITHOUT_NAMESPACES()                                   \
  do {                                                              \
    if (!CanUnshare()) {                                            \
      GTEST_SKIP() << "this user may not make a namespace of pids"; \
    }                                                               \
  } while (0)

#define SKIP_UNLESS_ROOT()                                         \
  do {                                                             \
    if (!IsRoot()) GTEST_SKIP() << "this user is not really root"; \
  } while (0)

// ---- Pid namespaces ---------------------------------------------------------

// CheckLog() holds that nobody speaks before its F or after its X, and that
// nobody has two of them: in other namespaces pids are used again.

TEST(PidNamespaceTest, AForkedChildAndItsChild) {
  SKIP_WITHOUT_NAMESPACES();
  const TracedRun run = RunBoth({Program(), "forks_into_a_namespace"});
  EXPECT_THAT(run.Seen(),
              ElementsAre("W seen by the first", "W seen by the second"));
  const pid_t first = WriterOf(run, "seen by the first");
  const pid_t second = WriterOf(run, "seen by the second");
  EXPECT_EQ(ParentOf(run, first), PidOf(run.log, "/boundary_cases"));
  EXPECT_EQ(ParentOf(run, second), first);
  EXPECT_EQ(ExitOf(run.log, first), "5 0");
  EXPECT_EQ(ExitOf(run.log, second), "4 0");
  EXPECT_EQ(Count(run, 'F'), 2);
}

struct Entrance {
  const char* name;
  std::vector<std::string> seen;
  const char* exit;
};

void PrintTo(const Entrance& entrance, std::ostream* out) {
  *out << entrance.name;
}

class EntranceTest : public testing::TestWithParam<Entrance> {};

TEST_P(EntranceTest, IsOneProcess) {
  SKIP_WITHOUT_NAMESPACES();
  const TracedRun run = RunBoth({Program(), GetParam().name});
  EXPECT_THAT(run.Seen(), ElementsAreArray(GetParam().seen));
  ASSERT_EQ(Count(run, 'F'), 1);
  for (const LogRecord& record : run.log) {
    if (record.letter == 'F') {
      EXPECT_EQ(ExitOf(run.log, record.number), GetParam().exit);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ways, EntranceTest,
    testing::Values(
        Entrance{"vforks_into_a_namespace",
                 {"W seen before the exec", "W seen in the shell"},
                 "3 0"},
        Entrance{"spawns_into_a_namespace",
                 {"W seen by an action", "W seen in the shell"},
                 "3 0"},
        Entrance{"clones_into_a_namespace", {"W seen by the clone"}, "6 0"},
        Entrance{"syscalls_into_a_namespace", {"W seen by the clone"}, "7 0"}),
    [](const auto& info) { return info.param.name; });

TEST(PidNamespaceTest, EndsWithItsFirstProcess) {
  SKIP_WITHOUT_NAMESPACES();
  const TracedRun run =
      RunBoth({Program(), "leaves_one_behind_in_a_namespace"});
  EXPECT_NE(ExitOf(run.log, WriterOf(run, "seen by the second")), "");
  EXPECT_THAT(Comments(run.log, "running"), IsEmpty());
}

// With a /proc of their own, and one in the other.
TEST(PidNamespaceTest, Sandboxes) {
  SKIP_WITHOUT_NAMESPACES();
  constexpr char kEnter[] =
      "unshare --user --map-root-user --mount --pid --fork --net --mount-proc";
  const TracedRun run = RunBoth(
      {"/bin/sh", "-c",
       absl::StrCat(kEnter, " sh -c ': > seen1; (: > seen2); ", kEnter,
                    " sh -c \": > seen3; (: > seen4); exit 6\"; exit $?' & ",
                    kEnter, " sh -c ': > seen5; (: > seen6)'; wait; ",
                    "cat /dev/null; : > seen7")});
  EXPECT_THAT(run.Seen(),
              UnorderedElementsAre("W seen1", "W seen2", "W seen3", "W seen4",
                                   "W seen5", "W seen6", "W seen7"));
  std::set<pid_t> writers;
  for (int i = 1; i <= 7; ++i) {
    writers.insert(WriterOf(run, absl::StrCat("seen", i)));
  }
  EXPECT_THAT(writers, SizeIs(7));
  EXPECT_EQ(ExitOf(run.log, WriterOf(run, "seen3")), "6 0");
  EXPECT_EQ(ParentOf(run, WriterOf(run, "seen4")), WriterOf(run, "seen3"));
  EXPECT_EQ(ParentOf(run, WriterOf(run, "seen2")), WriterOf(run, "seen1"));
  EXPECT_THAT(Comments(run.log, "unknown"), IsEmpty());
  EXPECT_THAT(Comments(run.log, "running"), IsEmpty());
}

// 1,200 processes with 400 pids.
TEST(PidNamespaceTest, PidsThatAreUsedAgain) {
  SKIP_WITHOUT_NAMESPACES();
  FilemonProcess unshare;
  unshare.Start(
      {"--user", "--map-root-user", "--mount", "--pid", "--fork",
       "--mount-proc", "/bin/sh", "-c",
       "echo 400 > /proc/sys/kernel/pid_max || exit 77; "
       "exec \"$0\" sh -c 'i=0; while [ $i -lt 400 ]; do "
       "(exit $((i % 5))) & /bin/true; (: > seen); i=$((i+1)); done; wait'",
       FilemonPath()},
      kUnshare);
  const Result result = unshare.Wait();
  if (result.exit_status == 77) {
    GTEST_SKIP() << "pid_max is not a namespace's own: " << result.err;
  }
  EXPECT_EQ(result.exit_status, 0) << result.err;
  TracedRun run;
  run.log = unshare.Log();
  EXPECT_EQ(Count(run, 'F'), 1200);
  EXPECT_EQ(Count(run, 'X'), 1201);
  EXPECT_EQ(Count(run, 'E'), 401);
  EXPECT_EQ(Count(run, 'W'), 400);
  std::vector<int> exits(5);
  for (const LogRecord& record : run.log) {
    if (record.letter == 'X') ++exits[record.number];
  }
  EXPECT_THAT(exits, ElementsAre(881, 80, 80, 80, 80));
  EXPECT_THAT(Comments(run.log, "unknown"), IsEmpty());
}

// ---- Other namespaces, users and roots --------------------------------------

TEST(BoundaryTest, UserMountAndNetworkNamespaces) {
  SKIP_WITHOUT_NAMESPACES();
  const TracedRun run = RunBoth(
      {kUnshare, "--user", "--map-root-user", "--mount", "--net", "--ipc",
       "--uts", "/bin/sh", "-c",
       "mkdir top && mount -t tmpfs none top && : > top/seen; (exit 3); : > "
       "seen"});
  EXPECT_THAT(run.Seen(), ElementsAre("W top/seen", "W seen"));
  EXPECT_THAT(Comments(run.log, "untraced"), IsEmpty());
}

TEST(BoundaryTest, AnotherUser) {
  SKIP_UNLESS_ROOT();
  const TracedRun run =
      RunBoth({"/bin/sh", "-c",
               absl::StrCat(kSetpriv,
                            " --reuid=65534 --regid=65534 --clear-groups "
                            "sh -c ': > seen; (: > /dev/null); id -u'")},
              [] { chmod(".", 0777); });
  EXPECT_THAT(run.Seen(), ElementsAre("W seen"));
  EXPECT_EQ(run.traced.out, "65534\n");
  EXPECT_THAT(Comments(run.log, "untraced"), IsEmpty());
}

TEST(BoundaryTest, AnotherUserBySu) {
  SKIP_UNLESS_ROOT();
  const TracedRun run = RunBoth({"/bin/su", "-s", "/bin/sh", "nobody", "-c",
                                 ": > seen; (: > /dev/null); id -un"},
                                [] { chmod(".", 0777); });
  EXPECT_THAT(run.Seen(), ElementsAre("W seen"));
  EXPECT_EQ(run.traced.out, "nobody\n");
  EXPECT_THAT(Comments(run.log, "untraced"), IsEmpty());
}

// Where the library may not be read the dynamic linker would complain.
TEST(BoundaryTest, AUserWhoMayNotReadTheLibrary) {
  SKIP_UNLESS_ROOT();
  FilemonProcess filemon;
  const std::string copy = filemon.InFolder("hidden");
  ASSERT_EQ(mkdir(copy.c_str(), 0700), 0);
  ASSERT_EQ(
      system(absl::StrCat("cp -rL ", DataPath("interpose"), " ", copy).c_str()),
      0);
  filemon.set_in_child([&] {
    setenv("FILEMON_LIBRARY",
           absl::StrCat(copy, "/interpose/$LIB/libfilemon.so").c_str(), 1);
  });
  const Result result =
      filemon.Run({kSetpriv, "--reuid=65534", "--clear-groups", "/bin/sh", "-c",
                   "echo $LD_PRELOAD; exit 3"});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.out, "\n");
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(Comments(filemon.Log(), "untraced"),
              ElementsAre(HasSubstr("libfilemon.so is out of its reach")));
}

class ChrootTest : public testing::TestWithParam<const char*> {};

TEST_P(ChrootTest, GoesOnWithoutUs) {
  SKIP_UNLESS_ROOT();
  const std::string program = HardProgram("boundary_cases_static");
  const TracedRun run = RunBoth({Program(), GetParam()}, [&] {
    if (system(absl::StrCat("mkdir root; cp ", program, " root/program")
                   .c_str()) != 0) {
      _exit(97);
    }
  });
  EXPECT_THAT(run.traced.out, HasSubstr("shown\n"));
  EXPECT_THAT(
      Comments(run.log, "untraced"),
      ElementsAre(HasSubstr(" /program: libfilemon.so is out of its reach")));
}

INSTANTIATE_TEST_SUITE_P(Ways, ChrootTest,
                         testing::Values("execs_after_chroot",
                                         "spawns_after_chroot"),
                         [](const auto& info) { return info.param; });

// ---- Nested sessions --------------------------------------------------------

TEST(NestedTest, TheInnerLogIsCompleteAndTheOuterSaysSo) {
  FilemonProcess filemon;
  const Result result = filemon.Run(
      {"/bin/sh", "-c",
       "\"$0\" -o inner sh -c ': > seen1; /bin/true; exit 3'; echo $?; : > "
       "seen2",
       FilemonPath()});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "3\n");
  EXPECT_EQ(result.err, "");
  TracedRun inner, outer;
  inner.log = filemon.LogFrom("inner");
  EXPECT_THAT(inner.Seen(), ElementsAre("W seen1"));
  EXPECT_NE(PidOf(inner.log, "/true"), 0);
  EXPECT_THAT(Comments(inner.log, "untraced"), IsEmpty());
  outer.log = filemon.Log();
  EXPECT_THAT(outer.Seen(), ElementsAre("W seen2"));
  const pid_t shell = PidOf(inner.log, "/sh");
  EXPECT_THAT(Comments(outer.log, "untraced"),
              ElementsAre(absl::StrCat(
                  "untraced ", shell,
                  " /bin/sh: handed over to another filemon session")));
  EXPECT_EQ(ExitOf(outer.log, shell), "3 0");
  EXPECT_EQ(ExitOf(inner.log, shell), "3 0");
}

TEST(NestedTest, Thrice) {
  FilemonProcess filemon;
  const Result result =
      filemon.Run({FilemonPath(), "-o", "middle", FilemonPath(), "-o", "inner",
                   "/bin/sh", "-c", ": > seen; exit 3"});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(filemon.Log(), Not(IsEmpty()));
  EXPECT_THAT(filemon.LogFrom("middle"), Not(IsEmpty()));
  TracedRun inner;
  inner.log = filemon.LogFrom("inner");
  EXPECT_THAT(inner.Seen(), ElementsAre("W seen"));
}

// ---- Daemons ----------------------------------------------------------------

// A daemon as they are made: two forks, a session of its own, another
// directory, no standard descriptors. It blocks until somebody opens "gate".
constexpr char kDaemon[] =
    "mkfifo gate; perl -e 'use POSIX; fork and exit; POSIX::setsid; fork and "
    "exit; open STDIN, \"</dev/null\"; open STDOUT, \">/dev/null\"; "
    "open STDERR, \">/dev/null\"; open G, \"<gate\"; open F, \">seen\"; "
    "exit 3'; echo started";

void OpenGate(const FilemonProcess& filemon) {
  const int fd = open(filemon.InFolder("gate").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  close(fd);
}

TEST(DaemonTest, IsNamedWhenItStaysBehind) {
  FilemonProcess filemon;
  const Result result = filemon.Run({"/bin/sh", "-c", kDaemon});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "started\n");
  const auto log = filemon.Log();
  // Its parent may not be quite gone yet.
  EXPECT_THAT(Comments(log, "running"), Contains(HasSubstr("/perl")));
  EXPECT_THAT(Comments(log, "unknown"), IsEmpty());
  OpenGate(filemon);
}

TEST(DaemonTest, IsWaitedForOnDemand) {
  FilemonProcess filemon;
  filemon.Start({"--wait-all", "/bin/sh", "-c", kDaemon});
  filemon.AwaitLine("started");
  OpenGate(filemon);
  EXPECT_EQ(filemon.Wait().exit_status, 0);
  TracedRun run;
  run.log = filemon.Log();
  EXPECT_THAT(run.Seen(), ElementsAre("W seen"));
  EXPECT_EQ(ExitOf(run.log, WriterOf(run, "seen")), "3 0");
  EXPECT_THAT(Comments(run.log, "running"), IsEmpty());
  EXPECT_THAT(Comments(run.log, "unknown"), IsEmpty());
}

}  // namespace
}  // namespace filemon
