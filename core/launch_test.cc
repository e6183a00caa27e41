#include "core/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ProgramCandidates, SearchesThePath) {
  EXPECT_THAT(ProgramCandidates("cc", "/a:/b"), ElementsAre("/a/cc", "/b/cc"));
  EXPECT_THAT(ProgramCandidates("cc", ":/b:"),
              ElementsAre("./cc", "/b/cc", "./cc"));
  EXPECT_THAT(ProgramCandidates("./cc", "/a"), ElementsAre("./cc"));
  EXPECT_THAT(ProgramCandidates("", "/a"), IsEmpty());
}

class LaunchTest : public ::testing::Test {
 protected:
  LaunchTest() {
    setenv("PATH", (dir_ + "/none:" + dir_ + ":/bin:/usr/bin").c_str(), 1);
  }

  std::string Put(const std::string& name, const std::string& text, int mode) {
    const std::string path = dir_ + "/" + name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  // Launches, waits, and gives the wait status.
  int Run(const std::vector<std::string>& arguments) {
    Command command{arguments, {"A=1"}, open("/dev/null", O_RDWR | O_CLOEXEC)};
    launched_ = Launch(command, [] {});
    close(command.inherited_fd);
    int status = -1;
    if (launched_.pid > 0) waitpid(launched_.pid, &status, 0);
    return status;
  }

  const std::string dir_ = ::testing::TempDir();
  Launched launched_;
};

TEST_F(LaunchTest, RunsWhatItFindsInPath) {
  const std::string path = Put("prog", "#!/bin/sh\nexit $#\n", 0755);
  EXPECT_EQ(Run({"prog", "x", "y"}), 2 << 8);
  EXPECT_EQ(launched_.error, 0);
  EXPECT_EQ(launched_.path, path);
}

TEST_F(LaunchTest, GivesTheEnvironment) {
  EXPECT_EQ(Run({"/bin/sh", "-c", "test $A = 1"}), 0);
}

TEST_F(LaunchTest, GivesTheDescriptor) {
  Command command{{"/bin/sh", "-c", "test -e /proc/$$/fd/$FD"}, {}, -1};
  command.inherited_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  command.environment = {"FD=" + std::to_string(command.inherited_fd)};
  const Launched launched = Launch(command, [] {});
  EXPECT_EQ(fcntl(command.inherited_fd, F_GETFD), FD_CLOEXEC);
  close(command.inherited_fd);
  int status;
  ASSERT_EQ(waitpid(launched.pid, &status, 0), launched.pid);
  EXPECT_EQ(status, 0);
}

TEST_F(LaunchTest, RunsAFileWithoutInterpreterByTheShell) {
  const std::string path = Put("bare", "exit 5\n", 0755);
  EXPECT_EQ(Run({"bare"}), 5 << 8);
  EXPECT_EQ(launched_.error, 0);
  EXPECT_EQ(launched_.path, "/bin/sh");
}

TEST_F(LaunchTest, SaysWhyNot) {
  Run({"no-such-program"});
  EXPECT_EQ(launched_.error, ENOENT);
  Run({""});
  EXPECT_EQ(launched_.error, ENOENT);
  Run({dir_});
  EXPECT_EQ(launched_.error, EACCES);
  Run({Put("not-executable", "#!/bin/sh\n", 0644)});
  EXPECT_EQ(launched_.error, EACCES);
}

TEST_F(LaunchTest, LooksFurtherForOneThatIsExecutable) {
  Put("true", "", 0644);
  EXPECT_EQ(Run({"true"}), 0);
  EXPECT_EQ(launched_.error, 0);
}

}  // namespace
}  // namespace filemon
