#include "core/door.h"

#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <vector>

#include "core/door_name.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kInode = 4711;
constexpr uint32_t kCookie = 0xc0ffee01;

class DoorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_GE(door_.fd(), 0);
    ASSERT_EQ(pipe(pipe_), 0);
  }
  ~DoorTest() override {
    close(pipe_[0]);
    close(pipe_[1]);
  }

  // A connection; -1 if nobody listens.
  static int Connect(uint64_t inode, uint32_t cookie) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    char name[door::kNameSize];
    door::WriteName(inode, cookie, name);
    memcpy(address.sun_path + 1, name, sizeof(name));
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address),
                offsetof(sockaddr_un, sun_path) + 1 + door::kNameSize) == 0) {
      return fd;
    }
    close(fd);
    return -1;
  }

  // The descriptors that have come.
  static std::vector<int> Received(int fd) {
    char word;
    iovec part = {&word, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    if (recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1) return {};
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    std::vector<int> fds((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds.data(), CMSG_DATA(header), fds.size() * sizeof(int));
    return fds;
  }

  void Answer(bool let_in) {
    door_.Answer(
        pipe_[1], pipe_[0],
        [&](pid_t pid) {
          EXPECT_EQ(pid, getpid());
          return let_in;
        },
        [&](pid_t pid) { gave_up_.push_back(pid); });
  }

  static ino_t InodeOf(int fd) {
    struct stat st = {};
    fstat(fd, &st);
    return st.st_ino;
  }

  Door door_{kInode, kCookie};
  int pipe_[2];
  std::vector<pid_t> gave_up_;
};

TEST_F(DoorTest, GivesDescriptorsToWhoMayEnter) {
  const int first = Connect(kInode, kCookie);
  const int second = Connect(kInode, kCookie);
  ASSERT_GE(first, 0);
  ASSERT_GE(second, 0);
  Answer(true);
  for (const int socket : {first, second}) {
    const std::vector<int> fds = Received(socket);
    ASSERT_EQ(fds.size(), 2u);
    EXPECT_EQ(InodeOf(fds[0]), InodeOf(pipe_[1]));
    for (const int fd : fds) close(fd);
    close(socket);
  }
  EXPECT_THAT(gave_up_, IsEmpty());
}

TEST_F(DoorTest, GivesNothingToOthers) {
  const int socket = Connect(kInode, kCookie);
  Answer(false);
  EXPECT_THAT(Received(socket), IsEmpty());
  close(socket);
  EXPECT_THAT(gave_up_, IsEmpty());
}

TEST_F(DoorTest, TellsWhoHasWaitedInVain) {
  close(Connect(kInode, kCookie));
  Answer(true);
  EXPECT_THAT(gave_up_, ElementsAre(getpid()));
}

TEST_F(DoorTest, IsOfOneSession) {
  EXPECT_EQ(Connect(kInode + 1, kCookie), -1);
  EXPECT_EQ(Connect(kInode, kCookie + 2), -1);
}

}  // namespace
}  // namespace filemon
