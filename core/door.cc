#include "core/door.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/door_name.h"

namespace filemon {
namespace {

// How many may wait while the collector does not look.
constexpr int kBacklog = 1024;

bool Give(int socket, const int* fds, size_t count) {
  char word = 0;
  iovec part = {&word, 1};
  alignas(cmsghdr) char
      control[CMSG_SPACE(door::kMostDescriptors * sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(header), fds, count * sizeof(int));
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

bool HungUp(int socket) {
  pollfd state = {socket, 0, 0};
  return poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
}

}  // namespace

Door::Door(uint64_t inode, uint32_t cookie)
    : fd_(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  if (fd_ < 0) return;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  char name[door::kNameSize];
  door::WriteName(inode, cookie, name);
  memcpy(address.sun_path + 1, name, sizeof(name));
  constexpr socklen_t kSize =
      offsetof(sockaddr_un, sun_path) + 1 + door::kNameSize;
  if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), kSize) != 0 ||
      listen(fd_, kBacklog) != 0) {
    close(fd_);
    fd_ = -1;
  }
}

Door::~Door() {
  if (fd_ >= 0) close(fd_);
}

void Door::Answer(int pipe, int lanes, absl::FunctionRef<bool(pid_t)> may_enter,
                  absl::FunctionRef<void(pid_t)> gave_up) {
  if (fd_ < 0) return;
  for (;;) {
    const int guest = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (guest < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    ucred peer = {};
    socklen_t size = sizeof(peer);
    getsockopt(guest, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    if (peer.pid > 0 && may_enter(peer.pid)) {
      const int fds[] = {pipe, lanes};
      if (HungUp(guest) || !Give(guest, fds, lanes >= 0 ? 2 : 1)) {
        gave_up(peer.pid);
      }
    }
    close(guest);
  }
}

}  // namespace filemon
