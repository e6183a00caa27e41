// Sessions of users who may little, where little is to be seen, and under
// kernels that refuse.
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr uid_t kNobody = 65534;

// A build of a kind: shells, a pipe, background jobs, a process that is killed,
// one that is static, and make.
constexpr char kBuild[] =
    "printf 'all: 1 2 3\\n1 2 3:\\n\\t: > seen$@; exit 0\\n' > Makefile; "
    "make -j2 -s; (: > seen4; kill -9 $(sh -c 'echo $PPID')); "
    "cat Makefile | cat > /dev/null; \"$0\" /etc/passwd; (exit 5) & wait $!; "
    "exit $?";

std::string Static() { return HardProgram("kind_static"); }

// What every session of kBuild's must come to.
void ExpectBuild(const FilemonProcess& filemon, const Result& result) {
  EXPECT_EQ(result.exit_status, 5) << result.err;
  EXPECT_EQ(result.out, "opened\n");
  TracedRun run;
  run.log = filemon.Log();
  EXPECT_THAT(run.Seen(),
              UnorderedElementsAre("W seen1", "W seen2", "W seen3", "W seen4"));
  EXPECT_THAT(Comments(run.log, "unknown"), IsEmpty());
  EXPECT_THAT(Comments(run.log, "lost"), IsEmpty());
  EXPECT_THAT(Comments(run.log, "running"), IsEmpty());
  EXPECT_THAT(Comments(run.log, "untraced"),
              ElementsAre(HasSubstr("kind_static: statically linked")));
  EXPECT_EQ(ExitOf(run.log, PidOf(run.log, "/kind_static")), "3 0");
  for (const LogRecord& record : run.log) {
    if (record.letter == 'W' && record.path == "seen4") {
      EXPECT_EQ(ExitOf(run.log, record.pid), "0 9");
    }
  }
}

void BecomeNobody() {
  if (setresgid(kNobody, kNobody, kNobody) != 0 ||
      setresuid(kNobody, kNobody, kNobody) != 0) {
    _exit(96);
  }
}

TEST(RestrictedTest, NothingRestricted) {
  FilemonProcess filemon;
  const Result result = filemon.Run({"/bin/sh", "-c", kBuild, Static()});
  ExpectBuild(filemon, result);
}

TEST(RestrictedTest, Umask077) {
  FilemonProcess filemon;
  filemon.set_in_child([] { umask(077); });
  const Result result = filemon.Run({"/bin/sh", "-c", kBuild, Static()});
  ExpectBuild(filemon, result);
  struct stat log;
  ASSERT_EQ(stat(filemon.InFolder("filemon.out").c_str(), &log), 0);
  EXPECT_EQ(log.st_mode & 0777, 0600u);
}

TEST(RestrictedTest, AnUnprivilegedUser) {
  if (!IsRoot()) GTEST_SKIP() << "this user is not really root";
  FilemonProcess filemon;
  filemon.set_in_child([] {
    chmod(".", 0777);
    umask(077);
    BecomeNobody();
  });
  const Result result = filemon.Run({"/bin/sh", "-c", kBuild, Static()});
  ExpectBuild(filemon, result);
}

// Of other users' processes nobody sees anything.
TEST(RestrictedTest, Hidepid) {
  if (!IsRoot()) GTEST_SKIP() << "this user is not really root";
  FilemonProcess unshare;
  unshare.set_in_child([] { chmod(".", 0777); });
  unshare.Start({"--mount", "/bin/sh", "-c",
                 "mount -t proc -o hidepid=2 proc /proc || exit 77; "
                 "exec setpriv --reuid=65534 --regid=65534 --clear-groups "
                 "\"$0\" /bin/sh -c \"$1\" \"$2\"",
                 FilemonPath(), kBuild, Static()},
                "/usr/bin/unshare");
  const Result result = unshare.Wait();
  if (result.exit_status == 77) {
    GTEST_SKIP() << "cannot mount /proc: " << result.err;
  }
  ExpectBuild(unshare, result);
}

TEST(RestrictedTest, WithoutYoungerSystemCalls) {
  FilemonProcess filemon;
  filemon.Start({FilemonPath(), "/bin/sh", "-c", kBuild, Static()},
                HardProgram("deny_calls"));
  const Result result = filemon.Wait();
  if (result.exit_status == 77) GTEST_SKIP() << result.err;
  ExpectBuild(filemon, result);
}

// ---- What is left to others -------------------------------------------------

TEST(RestrictedTest, LeavesNothingInSharedFolders) {
  FilemonProcess unshare;
  unshare.Start({"--user", "--map-root-user", "--mount", "/bin/sh", "-c",
                 "for d in /tmp /dev/shm; do mount -t tmpfs none $d || exit "
                 "77; done; \"$0\" sh -c \"$1\" \"$2\" > /dev/null; "
                 "ls -A /tmp /dev/shm",
                 FilemonPath(), kBuild, Static()},
                "/usr/bin/unshare");
  const Result result = unshare.Wait();
  if (result.exit_status == 77) {
    GTEST_SKIP() << "cannot mount a tmpfs: " << result.err;
  }
  EXPECT_EQ(result.out, "/dev/shm:\n\n/tmp:\n");
}

// The pipe has no name, and the kernel keeps others from /proc/PID/fd.
TEST(RestrictedTest, NoOtherUserReadsOrFeedsASession) {
  if (!IsRoot()) GTEST_SKIP() << "this user is not really root";
  FilemonProcess filemon;
  filemon.set_in_child([] {
    chmod(".", 0777);
    BecomeNobody();
  });
  filemon.Start({"/bin/sh", "-c",
                 "mkfifo gate; chmod 666 gate; echo started; read x < gate"});
  filemon.AwaitLine("started");
  const pid_t other = fork();
  if (other == 0) {
    if (setresgid(1, 1, 1) != 0 || setresuid(1, 1, 1) != 0) _exit(96);
    DIR* const fds =
        opendir(absl::StrCat("/proc/", filemon.pid(), "/fd").c_str());
    const bool denied = fds == nullptr && errno == EACCES;
    std::ofstream(filemon.InFolder("gate")) << "go on\n";
    _exit(denied ? 0 : 1);
  }
  int status;
  ASSERT_EQ(waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(filemon.Wait().exit_status, 0);
}

}  // namespace
}  // namespace filemon
