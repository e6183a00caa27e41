#include "core/socket_holders.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"

namespace filemon {
namespace {

class SocketHoldersTest : public ::testing::Test {
 protected:
  SocketHoldersTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_), 0);
    struct stat st = {};
    EXPECT_EQ(fstat(ends_[0], &st), 0);
    inode_ = st.st_ino;
  }
  ~SocketHoldersTest() override {
    CloseSocket();
    close(ends_[1]);
    EndHolder();
  }

  void CloseSocket() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }

  // Starts a process that has the socket until EndHolder(). With `script`, it
  // runs perl, which has to print something when the socket is as it should be.
  void StartHolder(const char* script) {
    int in[2];
    int out[2];
    ASSERT_EQ(pipe(in), 0);
    ASSERT_EQ(pipe(out), 0);
    holder_ = fork();
    ASSERT_GE(holder_, 0);
    if (holder_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      for (int fd : {in[0], in[1], out[0], out[1]}) close(fd);
      char byte = 0;
      if (script == nullptr) {
        _exit(write(1, &byte, 1) == 1 ? read(0, &byte, 1) : 1);
      }
      const int copy = dup(ends_[0]);  // which is not close-on-exec
      execlp("perl", "perl", "-e", script, std::to_string(copy).c_str(),
             nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    stop_ = in[1];
    char byte;
    EXPECT_EQ(read(out[0], &byte, 1), 1);
    close(out[0]);
  }
  void EndHolder() {
    if (holder_ < 0) return;
    close(stop_);
    int status;
    EXPECT_EQ(waitpid(holder_, &status, 0), holder_);
    EXPECT_EQ(status, 0);
    holder_ = -1;
  }

  int ends_[2];
  uint64_t inode_;
  pid_t holder_ = -1;
  int stop_ = -1;
};

TEST_F(SocketHoldersTest, TheProcessItself) {
  EXPECT_TRUE(SocketIsHeld(inode_, getpid()));
  CloseSocket();
  EXPECT_FALSE(SocketIsHeld(inode_, getpid()));
}

TEST_F(SocketHoldersTest, AFork) {
  StartHolder(nullptr);
  CloseSocket();
  EXPECT_TRUE(SocketIsHeld(inode_, getpid()));
  EndHolder();
  EXPECT_FALSE(SocketIsHeld(inode_, getpid()));
}

TEST_F(SocketHoldersTest, AProgramThatHasInheritedIt) {
  StartHolder("$| = 1; print 'x'; <STDIN>");
  CloseSocket();
  EXPECT_TRUE(SocketIsHeld(inode_, getpid()));
  EndHolder();
  EXPECT_FALSE(SocketIsHeld(inode_, getpid()));
}

// Another image with a close-on-exec descriptor, as in the middle of an exec.
TEST_F(SocketHoldersTest, NotAProcessInExec) {
  StartHolder(
      "use Fcntl; open(my $socket, '+<&=', shift) or die;"
      "fcntl($socket, F_SETFD, FD_CLOEXEC) or die;"
      "$| = 1; print 'x'; <STDIN>");
  EXPECT_TRUE(SocketIsHeld(inode_, getpid()));
  CloseSocket();
  EXPECT_FALSE(SocketIsHeld(inode_, getpid()));
}

}  // namespace
}  // namespace filemon
