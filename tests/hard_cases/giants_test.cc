// Programs that do to processes what others do not: they must say and do the
// same as without filemon. tests/realworld/giants has those that are too large
// for a test, and tests/kernel_truth/cases those that strace can judge.
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;

#define SKIP_WITHOUT(tool)                              \
  if (system("command -v " tool " > /dev/null") != 0) { \
    GTEST_SKIP() << "there is no " tool;                \
  }

TracedRun RunScript(const std::string& script) {
  return RunBoth({"/bin/sh", "-c", script, HardProgram("kind_gcc"),
                  HardProgram("kind_static")});
}

// Whether a user without rights may make namespaces of this kind.
bool Can(const std::string& sandbox) {
  return system((sandbox + " true 2> /dev/null").c_str()) == 0;
}

constexpr char kUnshare[] =
    "unshare --map-root-user --mount --pid --fork --mount-proc --net --ipc "
    "--uts";

TEST(GiantsTest, Unshare) {
  if (!Can(kUnshare)) GTEST_SKIP() << "this user may not make namespaces";
  const TracedRun run = RunScript(
      absl::StrCat(kUnshare,
                   " sh -c '\"$0\" /etc/passwd; echo $?; \"$1\" /etc/passwd; "
                   "echo $$; mkdir m; mount -t tmpfs none m; : > m/seen; "
                   "rm m/seen; exit 3' \"$0\" \"$1\"; echo $?"));
  EXPECT_EQ(run.traced.out, "opened\n3\nopened\n1\n3\n");
  EXPECT_THAT(RecordsOf(run.log, PidOf(run.log, "/kind_gcc")),
              Contains("R /etc/passwd"));
  EXPECT_THAT(run.Seen(), ElementsAre("W m/seen", "D m/seen"));
  EXPECT_THAT(Comments(run.log, "untraced"),
              ElementsAre(EndsWith("/kind_static: statically linked")));
}

constexpr char kBubblewrap[] =
    "bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all";

TEST(GiantsTest, Bubblewrap) {
  SKIP_WITHOUT("bwrap");
  if (!Can(kBubblewrap)) GTEST_SKIP() << "this user may not make namespaces";
  const TracedRun run = RunScript(absl::StrCat(
      kBubblewrap,
      " --bind \"$PWD\" \"$PWD\" --die-with-parent sh -c '\"$0\" /etc/passwd; "
      "echo $?; "
      "\"$1\" /etc/passwd; : > seen; mv seen seen2; exit 3' \"$0\" \"$1\"; "
      "echo $?"));
  EXPECT_EQ(run.traced.out, "opened\n3\nopened\n3\n");
  EXPECT_THAT(RecordsOf(run.log, PidOf(run.log, "/kind_gcc")),
              Contains("R /etc/passwd"));
  EXPECT_THAT(run.Seen(), ElementsAre("W seen", "M seen"));
  EXPECT_THAT(Comments(run.log, "lost"), IsEmpty());
}

// A root directory without libfilemon.so.
TEST(GiantsTest, BubblewrapWithLittleInIt) {
  SKIP_WITHOUT("bwrap");
  if (!Can(kBubblewrap)) GTEST_SKIP() << "this user may not make namespaces";
  const TracedRun run = RunScript(
      "bwrap --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/lib64 "
      "/lib64 --symlink usr/bin /bin --bind . /here --chdir /here "
      "--unshare-all sh -c 'ls -d /*; echo inside > made; exit 3'; echo $?; "
      "cat made");
  EXPECT_EQ(run.traced.out, "/bin\n/here\n/lib\n/lib64\n/usr\n3\ninside\n");
  EXPECT_THAT(Comments(run.log, "untraced"),
              Contains(EndsWith("/sh: libfilemon.so is out of its reach")));
}

// Debian's is linked with libc, and hardly calls it.
TEST(GiantsTest, Go) {
  SKIP_WITHOUT("go");
  const TracedRun run = RunScript("go version; : > seen");
  EXPECT_THAT(run.Seen(), ElementsAre("W seen"));
  EXPECT_THAT(
      Comments(run.log, "unseen"),
      ElementsAre(EndsWith("/go: makes system calls without libc (Go)")));
}

// The emulated program loads the library itself, where the emulator has loaded
// one already: that each process has one F and one X is what RunBoth() checks.
// The log may say that an E is unproven: the kernel knows of no such exec, and
// only of a living process can be seen that it is true.
TEST(GiantsTest, QemuUser) {
  SKIP_WITHOUT("qemu-x86_64");
  const TracedRun run = RunScript(
      "qemu-x86_64 \"$0\" /etc/passwd; echo $?; qemu-x86_64 \"$1\" "
      "/etc/passwd; echo $?; qemu-x86_64 /bin/sh -c '\"$0\" /etc/passwd; echo "
      "$?; cat /etc/passwd > /dev/null' \"$1\"");
  EXPECT_EQ(run.traced.out, "opened\n3\nopened\n3\nopened\n3\n");
  EXPECT_THAT(RecordsOf(run.log, PidOf(run.log, "/kind_gcc")),
              Contains("R /etc/passwd"));
  EXPECT_THAT(Comments(run.log, "refused"), IsEmpty());
  EXPECT_THAT(Comments(run.log, "unknown"), IsEmpty());
}

}  // namespace
}  // namespace filemon
