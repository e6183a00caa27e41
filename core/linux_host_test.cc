#include "core/linux_host.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "core/proc_stat.h"
#include "core/wire.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LinuxHostTest : public ::testing::Test {
 protected:
  static std::string Put(const std::string& name, const std::string& content) {
    const std::string path = ::testing::TempDir() + "/" + name;
    // Not one that an earlier test run gave away.
    unlink(path.c_str());
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  // This program's own first bytes, to be changed.
  static std::string OwnHead() {
    std::ifstream self("/proc/self/exe", std::ios::binary);
    std::string head(4096, '\0');
    self.read(&head[0], head.size());
    return head;
  }

  DeathWatch watch_;
  std::vector<Reaped> reaped_;
  LinuxHost host_{&watch_, &reaped_, LinuxHost::Children()};
};

TEST_F(LinuxHostTest, ADynamicProgramHasNoObstacle) {
  const Host::Image image = host_.InspectImage("/proc/self/exe");
  EXPECT_EQ(image.path, "/proc/self/exe");
  EXPECT_EQ(image.obstacle, "");
}

TEST_F(LinuxHostTest, AProgramWithoutInterpreterIsStatic) {
  std::string head = OwnHead();
  // e_phnum of the ELF header.
  head[0x38] = head[0x39] = 0;
  EXPECT_EQ(host_.InspectImage(Put("static", head)).obstacle,
            "statically linked");
}

TEST_F(LinuxHostTest, AnotherMachinesProgram) {
  std::string head = OwnHead();
  head[0x12] = 0x28;  // e_machine: ARM
  EXPECT_THAT(host_.InspectImage(Put("arm", head)).obstacle,
              HasSubstr("another kind of machine"));
}

TEST_F(LinuxHostTest, AFileThatIsNoProgram) {
  EXPECT_EQ(host_.InspectImage(Put("text", "text")).obstacle,
            "not an ELF program");
  EXPECT_EQ(host_.InspectImage(Put("empty", "")).obstacle,
            "not an ELF program");
  EXPECT_THAT(host_.InspectImage("/no/such").obstacle,
              HasSubstr("does not exist"));
  EXPECT_EQ(host_.InspectImage(::testing::TempDir()).obstacle,
            "not an ELF program");
}

TEST_F(LinuxHostTest, FollowsInterpreters) {
  const std::string inner = Put("inner", "#! /proc/self/exe -x\n");
  const std::string outer = Put("outer", "#!" + inner + "\targument\n");
  const Host::Image image = host_.InspectImage(outer);
  EXPECT_EQ(image.path, "/proc/self/exe");
  EXPECT_EQ(image.obstacle, "");
}

TEST_F(LinuxHostTest, FollowsInterpretersNotForEver) {
  const std::string path = ::testing::TempDir() + "/loop";
  Put("loop", "#!" + path + "\n");
  EXPECT_EQ(host_.InspectImage(path).path, path);
}

TEST_F(LinuxHostTest, SetIdPrograms) {
  const std::string path = Put("set-id", OwnHead());
  // Our own id changes nothing for us.
  ASSERT_EQ(chmod(path.c_str(), 06755), 0);
  EXPECT_EQ(host_.InspectImage(path).obstacle, "");
  if (chown(path.c_str(), 1, -1) != 0) {
    GTEST_SKIP() << "this user cannot give a file away";
  }
  ASSERT_EQ(chmod(path.c_str(), 04755), 0);
  EXPECT_EQ(host_.InspectImage(path).obstacle, "set-user-ID");
  ASSERT_EQ(chown(path.c_str(), 0, 1), 0);
  ASSERT_EQ(chmod(path.c_str(), 02755), 0);
  EXPECT_EQ(host_.InspectImage(path).obstacle, "set-group-ID");
}

TEST_F(LinuxHostTest, KnowsOrphansFromItsOwnChildren) {
  const auto start = [] {
    const pid_t pid = fork();
    if (pid == 0) {
      for (;;) pause();
    }
    return pid;
  };
  const pid_t before = start();
  LinuxHost host(&watch_, &reaped_, LinuxHost::Children());
  EXPECT_THAT(host.Orphans(), IsEmpty());
  const pid_t after = start();
  EXPECT_THAT(host.Orphans(), ElementsAre(after));
  for (const pid_t pid : {before, after}) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
}

TEST_F(LinuxHostTest, KnowsParents) {
  EXPECT_EQ(host_.ParentOf(getpid()), getppid());
  EXPECT_EQ(host_.ParentOf(0), 0);
}

TEST_F(LinuxHostTest, KnowsWhoIsGone) {
  EXPECT_FALSE(host_.Gone(1, getpid()));
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(host_.Gone(2, pid));
  waitpid(pid, nullptr, 0);
  EXPECT_TRUE(host_.Gone(2, pid));
  EXPECT_FALSE(host_.Gone(3, wire::kPidLimit));
}

TEST_F(LinuxHostTest, TellsHowItsChildrenEnded) {
  reaped_ = {{17, 1 << 8, 100}, {17, 2 << 8, 200}};
  EXPECT_EQ(host_.StatusOf(1, 17, 150, UINT64_MAX),
            absl::optional<int>(2 << 8));
  EXPECT_EQ(host_.StatusOf(1, 17, 50, UINT64_MAX), absl::optional<int>(1 << 8));
  EXPECT_EQ(host_.StatusOf(1, 17, 250, UINT64_MAX), absl::nullopt);
  EXPECT_EQ(host_.StatusOf(1, 18, 50, UINT64_MAX), absl::nullopt);
}

TEST_F(LinuxHostTest, TellsWhatAnImageWasGiven) {
  const auto run = [](const char* entry) {
    // It says that it runs, and waits for a word that never comes.
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      dup2(ends[1], 0);
      dup2(ends[1], 1);
      char* const argv[] = {const_cast<char*>("sh"), const_cast<char*>("-c"),
                            const_cast<char*>("echo; read x"), nullptr};
      char* const environment[] = {const_cast<char*>("A=1"),
                                   const_cast<char*>(entry), nullptr};
      execve("/bin/sh", argv, environment);
      _exit(1);
    }
    close(ends[1]);
    char byte;
    EXPECT_EQ(read(ends[0], &byte, 1), 1);
    return pid;
  };
  const pid_t given = run("FILEMON_SESSION=3:1:2:0000000017:0000000018:19");
  const auto handed = host_.HandedTo(given);
  ASSERT_TRUE(handed.has_value());
  EXPECT_EQ(handed->pid, 17);
  EXPECT_EQ(handed->life, 18u);
  EXPECT_EQ(handed->child, 19u);
  const pid_t other = run("FILEMON_SESSIONS=1:2:3");
  EXPECT_FALSE(host_.HandedTo(other).has_value());
  for (const pid_t pid : {given, other}) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    EXPECT_FALSE(host_.HandedTo(pid).has_value());
  }
}

TEST_F(LinuxHostTest, KnowsWhoWasThereBeforeTheSession) {
  // The clock of starts is slow.
  int status = 1 << 8;
  while (WEXITSTATUS(status) == 1) {
    const pid_t child = fork();
    if (child == 0) {
      if (ReadProcStat(getpid())->start == ReadProcStat(getppid())->start) {
        _exit(1);
      }
      host_.StartsSession();
      const pid_t grandchild = fork();
      if (grandchild == 0) pause();
      const bool right =
          host_.Precedes(getppid()) && !host_.Precedes(grandchild);
      kill(grandchild, SIGKILL);
      _exit(right ? 0 : 2);
    }
    ASSERT_EQ(waitpid(child, &status, 0), child);
  }
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace filemon
