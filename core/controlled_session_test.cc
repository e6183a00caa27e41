#include "core/controlled_session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A session in a thread of its own, and the socket of the program that began
// it.
class ControlledSessionTest : public ::testing::Test {
 protected:
  ControlledSessionTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    socket_ = ends[0];
    server_ = std::thread([end = ends[1]] {
      ControlledSession(end).Serve();
      close(end);
    });
    log_path_ = absl::StrCat(::testing::TempDir(), "log");
    log_ =
        open(log_path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    EXPECT_GE(log_, 0);
  }
  ~ControlledSessionTest() override {
    CloseSocket();
    if (server_.joinable()) server_.join();
    close(log_);
  }

  void CloseSocket() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }
  void AwaitEnd() { server_.join(); }

  void Send(const void* data, size_t size, const std::vector<int>& fds) {
    iovec part = {const_cast<void*>(data), size};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
    if (!fds.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* const header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
      memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
    }
    EXPECT_EQ(sendmsg(socket_, &message, MSG_NOSIGNAL),
              static_cast<ssize_t>(size));
  }

  // Sends a request with a socket for the answer; our end of that.
  int Request(control::Kind kind, pid_t pid, int32_t a,
              std::vector<int> fds = {}, uint64_t inode = 0) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    control::Request request = {};
    request.kind = static_cast<uint32_t>(kind);
    request.pid = pid;
    request.a = a;
    request.inode = inode;
    fds.insert(fds.begin(), ends[1]);
    Send(&request, sizeof(request), fds);
    close(ends[1]);
    return ends[0];
  }

  control::Reply Answer(int fd) {
    control::Reply reply = {};
    ssize_t n;
    do {
      n = recv(fd, &reply, sizeof(reply), 0);
      // It has gone without having read our last word.
    } while (n < 0 && errno == ECONNRESET);
    EXPECT_EQ(n, static_cast<ssize_t>(sizeof(reply)));
    close(fd);
    return reply;
  }
  int32_t Ask(control::Kind kind, pid_t pid, int32_t a,
              std::vector<int> fds = {}, uint64_t inode = 0) {
    return Answer(Request(kind, pid, a, std::move(fds), inode)).error;
  }
  int32_t SetLog() { return Ask(control::Kind::kSetLog, getpid(), 0, {log_}); }

  // Returns when what was sent on `fd` has been read.
  static void AwaitRead(int fd) {
    for (int unread = 1; unread > 0; std::this_thread::yield()) {
      ASSERT_EQ(ioctl(fd, SIOCOUTQ, &unread), 0);
    }
  }

  uint64_t SocketInode() const {
    struct stat st = {};
    EXPECT_EQ(fstat(socket_, &st), 0);
    return st.st_ino;
  }

  std::string Log() const {
    std::ifstream in(log_path_);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

  int socket_;
  int log_;
  std::string log_path_;
  std::thread server_;
};

TEST_F(ControlledSessionTest, WritesHeaderAndTrailer) {
  EXPECT_EQ(SetLog(), 0);
  EXPECT_THAT(Log(),
              StartsWith(absl::StrFormat(
                  "# filemon version 5\n# Target pid %d\n# Start ", getpid())));
  EXPECT_EQ(SetLog(), EEXIST);
  CloseSocket();
  AwaitEnd();
  EXPECT_THAT(Log(), EndsWith("\n# Bye bye\n"));
}

TEST_F(ControlledSessionTest, EndsWithoutHavingHadALog) {
  CloseSocket();
  AwaitEnd();
  EXPECT_EQ(Log(), "");
}

TEST_F(ControlledSessionTest, KnowsWhomItCannotTrace) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(Ask(control::Kind::kAttach, child, 0), ESRCH);
  EXPECT_EQ(Ask(control::Kind::kAttach, getpid(), 0, {}, /*inode=*/1), EBUSY);
  EXPECT_EQ(Ask(control::Kind::kAttach, getpid(), control::kCaller, {}, 1), 0);
}

TEST_F(ControlledSessionTest, LogsTheEndThatTheParentTells) {
  EXPECT_EQ(SetLog(), 0);
  int go[2];
  ASSERT_EQ(pipe2(go, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte;
    close(go[1]);
    _exit(read(go[0], &byte, 1) == 0 ? 7 : 1);
  }
  EXPECT_EQ(Ask(control::Kind::kAttach, child, 0), 0);
  close(go[0]);
  close(go[1]);
  int status;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  control::Request ended = {};
  ended.kind = static_cast<uint32_t>(control::Kind::kChildEnded);
  ended.pid = child;
  ended.a = status;
  Send(&ended, sizeof(ended), {});
  CloseSocket();
  AwaitEnd();
  EXPECT_THAT(Log(), HasSubstr(absl::StrFormat("\nX %d 7 0\n", child)));
}

// Whoever closes learns whether that was the last descriptor.
TEST_F(ControlledSessionTest, AnswersWhoCloses) {
  EXPECT_EQ(SetLog(), 0);
  const int copy = dup(socket_);
  int closer = Request(control::Kind::kClosing, 0, 0, {}, SocketInode());
  CloseSocket();
  EXPECT_EQ(write(closer, "", 1), 1);
  EXPECT_EQ(Answer(closer).error, control::kStillOpen);
  socket_ = copy;
  closer = Request(control::Kind::kClosing, 0, 0);
  CloseSocket();
  EXPECT_EQ(send(closer, "", 1, MSG_NOSIGNAL) <= 1, true);
  EXPECT_EQ(Answer(closer).error, 0);
  EXPECT_THAT(Log(), EndsWith("\n# Bye bye\n"));
}

// The last descriptor may be one that /proc does not show any more, of a
// process that is in exec.
TEST_F(ControlledSessionTest, WaitsForTheEndOfTheSocket) {
  EXPECT_EQ(SetLog(), 0);
  const uint64_t inode = SocketInode();
  const int closer = Request(control::Kind::kClosing, 0, 0, {}, inode);
  const int next = Request(control::Kind::kClosing, 0, 0, {}, inode);
  // On its way between two processes it is in nobody's descriptor table.
  int carrier[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, carrier), 0);
  std::swap(socket_, carrier[0]);
  Send("", 1, {carrier[0]});
  std::swap(socket_, carrier[0]);
  CloseSocket();
  // Closers are dealt with in turn.
  for (int fd : {closer, next}) {
    EXPECT_EQ(write(fd, "", 1), 1);
    AwaitRead(fd);
  }
  pollfd answer = {closer, POLLIN, 0};
  EXPECT_EQ(poll(&answer, 1, 0), 0);
  close(carrier[0]);
  close(carrier[1]);
  EXPECT_EQ(Answer(closer).error, 0);
  EXPECT_EQ(Answer(next).error, 0);
  EXPECT_THAT(Log(), EndsWith("\n# Bye bye\n"));
}

TEST_F(ControlledSessionTest, TellsWhoClosesThatTheDiskWasFull) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  EXPECT_EQ(Ask(control::Kind::kSetLog, getpid(), 0, {full}), 0);
  close(full);
  const int closer = Request(control::Kind::kClosing, 0, 0);
  CloseSocket();
  EXPECT_EQ(Answer(closer).error, ENOSPC);
}

// Whatever comes with a request.
TEST_F(ControlledSessionTest, KeepsNoDescriptor) {
  EXPECT_EQ(SetLog(), 0);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  // A closer's image is asked of its socket, which this is not.
  fcntl(socket_, F_SETFD, 0);
  control::Request request = {};
  request.inode = SocketInode();
  for (uint32_t kind : {0u, 1u, 2u, 3u, 4u, 5u, ~0u}) {
    request.kind = kind;
    for (size_t count : {1, 2, 3, 100}) {
      const std::vector<int> fds(count, ends[1]);
      Send(&request, sizeof(request), fds);
      Send(&request, sizeof(request) - 1, fds);
      Send("", 0, fds);
    }
  }
  close(ends[1]);
  // The end of a pipe that nobody holds the other end of.
  char byte;
  EXPECT_EQ(read(ends[0], &byte, 1), 0);
  close(ends[0]);
}

// Whatever a program writes into its device.
TEST_F(ControlledSessionTest, SurvivesWhatIsNoRequest) {
  EXPECT_EQ(SetLog(), 0);
  const std::string long_packet(4096, 'x');
  for (size_t size : {0, 1, 23, 25, 4096}) {
    Send(long_packet.data(), size, {});
    Send(long_packet.data(), size, {log_});
    Send(long_packet.data(), size, {log_, log_});
  }
  control::Request request = {};
  for (uint32_t kind : {0u, 1u, 2u, 3u, 4u, 5u, ~0u}) {
    request.kind = kind;
    Send(&request, sizeof(request), {});
    Send(&request, sizeof(request), {log_});
  }
  EXPECT_EQ(SetLog(), EEXIST);
  CloseSocket();
  AwaitEnd();
  EXPECT_THAT(Log(), EndsWith("\n# Bye bye\n"));
}

}  // namespace
}  // namespace filemon
