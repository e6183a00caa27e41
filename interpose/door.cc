#include "interpose/door.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/door_name.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// A collector that is not stopped answers at its next look.
constexpr int kPatienceAtTheDoor = 2000;  // milliseconds

// -errno if there is no such door in this network namespace.
int Connect() {
  const int socket = static_cast<int>(sys::Call(
      SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket < 0) return socket;
  struct sockaddr_un address;
  memset(&address, 0, sizeof(address));
  address.sun_family = AF_UNIX;
  char name[door::kNameSize];
  door::WriteName(ThisSession().inode, ThisSession().cookie, name);
  memcpy(address.sun_path + 1, name, sizeof(name));
  constexpr long kSize =
      offsetof(struct sockaddr_un, sun_path) + 1 + door::kNameSize;
  const long result = sys::Call(SYS_connect, socket, sys::Arg(&address), kSize);
  if (result == 0) return socket;
  sys::Close(socket);
  return static_cast<int>(result);
}

Admission Receive(int socket) {
  Admission admission = {-1, -1};
  char word;
  struct iovec part = {&word, 1};
  alignas(struct cmsghdr) char
      control[CMSG_SPACE(door::kMostDescriptors * sizeof(int))];
  struct msghdr message;
  memset(&message, 0, sizeof(message));
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  if (sys::Call(SYS_recvmsg, socket, sys::Arg(&message), MSG_CMSG_CLOEXEC) !=
      1) {
    return admission;
  }
  const struct cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return admission;
  const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  if (count > 0) memcpy(&admission.pipe, CMSG_DATA(header), sizeof(int));
  if (count > 1) {
    memcpy(&admission.lanes, CMSG_DATA(header) + sizeof(int), sizeof(int));
  }
  return admission;
}

}  // namespace

void LeaveNote() {
  const int socket = Connect();
  if (socket >= 0) sys::Close(socket);
}

Admission Knock() {
  const int socket = Connect();
  if (socket < 0) return {-1, -1};
  int events;
  do {
    events = sys::Poll(socket, POLLIN, kPatienceAtTheDoor);
  } while (events == -EINTR);
  const Admission admission = events > 0 ? Receive(socket) : Admission{-1, -1};
  sys::Close(socket);
  return admission;
}

}  // namespace filemon
