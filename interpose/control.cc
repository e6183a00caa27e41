#include "interpose/control.h"

#include <errno.h>
#include <linux/limits.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "interpose/auxiliary.h"
#include "interpose/collector_process.h"
#include "interpose/environment.h"
#include "interpose/own_library.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// Binds `socket` to a name that says what it is.
int Name(int socket) {
  uint64_t random = 0;
  sys::Call(SYS_getrandom, sys::Arg(&random), sizeof(random), 0);
  struct sockaddr_un address;
  address.sun_family = AF_UNIX;
  address.sun_path[0] = '\0';  // abstract: no file, and gone with the socket
  TextBuilder name(address.sun_path + 1, sizeof(address.sun_path) - 1);
  name.Add(control::kSocketName).AddDecimal(random);
  return static_cast<int>(
      sys::Call(SYS_bind, socket, sys::Arg(&address),
                static_cast<long>(offsetof(struct sockaddr_un, sun_path) + 1 +
                                  name.size())));
}

// ---- Talking ----------------------------------------------------------------

// 0 or -errno.
int SocketPair(int ends[2]) {
  return static_cast<int>(sys::Call(SYS_socketpair, AF_UNIX,
                                    SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
                                    sys::Arg(ends)));
}

// Sends one packet with `count` descriptors. 0 or -errno.
int Send(int socket, const void* data, size_t size, const int* fds,
         size_t count) {
  struct iovec part = {const_cast<void*>(data), size};
  constexpr size_t kMost = 2;
  alignas(struct cmsghdr) char control[CMSG_SPACE(kMost * sizeof(int))];
  struct msghdr message;
  memset(&message, 0, sizeof(message));
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (count > 0) {
    memset(control, 0, sizeof(control));
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, count * sizeof(int));
  }
  long result;
  do {
    result = sys::Call(SYS_sendmsg, socket, sys::Arg(&message), MSG_NOSIGNAL);
  } while (result == -EINTR);
  return result < 0 ? static_cast<int>(result) : 0;
}

// Waits for the answer. 0 or an errno.
int Receive(int socket, control::Reply* reply, int* received_fd) {
  if (received_fd != nullptr) *received_fd = -1;
  struct iovec part = {reply, sizeof(*reply)};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  struct msghdr message;
  memset(&message, 0, sizeof(message));
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  int events;
  do {
    events = sys::Poll(socket, POLLIN, kPatience);
  } while (events == -EINTR);
  if (events <= 0) return EIO;
  long result;
  do {
    result =
        sys::Call(SYS_recvmsg, socket, sys::Arg(&message), MSG_CMSG_CLOEXEC);
    // A collector that has answered and gone without having read our last word
    // leaves this error before its answer.
  } while (result == -EINTR || result == -ECONNRESET);
  if (result != sizeof(*reply)) return EIO;
  const struct cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    if (received_fd != nullptr) {
      *received_fd = fd;
    } else {
      sys::Close(fd);
    }
  }
  return 0;
}

}  // namespace

int StartCollector() {
  char program[PATH_MAX];
  const char* named = nullptr;
  char* const* const environment = Environment();
  if (environment != nullptr && Auxiliary(AT_SECURE) == 0) {
    named = FindVariable(environment, "FILEMON_COLLECTOR");
  }
  if (named != nullptr && named[0] != '\0') {
    if (!TextBuilder(program, sizeof(program)).Add(named).ok()) {
      return -ENAMETOOLONG;
    }
  } else if (!PathBesideLibrary(control::kCollectorFile, program,
                                sizeof(program))) {
    return -ENOENT;
  }
  int ends[2];
  int error = SocketPair(ends);
  if (error != 0) return error;
  error = Name(ends[0]);
  if (error == 0) error = StartCollectorProcess(program, ends[1]);
  sys::Close(ends[1]);
  if (error != 0) {
    sys::Close(ends[0]);
    return error;
  }
  // Nothing is ever to be read here, as from /dev/null.
  sys::Call(SYS_shutdown, ends[0], SHUT_RD);
  return ends[0];
}

bool IsControlSocket(int fd) {
  struct sockaddr_un address;
  unsigned size = sizeof(address);
  if (sys::Call(SYS_getsockname, fd, sys::Arg(&address), sys::Arg(&size)) !=
      0) {
    return false;
  }
  constexpr size_t kPrefix = sizeof(control::kSocketName) - 1;
  return address.sun_family == AF_UNIX &&
         size > offsetof(struct sockaddr_un, sun_path) + 1 + kPrefix &&
         address.sun_path[0] == '\0' &&
         EqualBytes(address.sun_path + 1, control::kSocketName, kPrefix);
}

int Ask(int socket, const control::Request& request, int passed_fd,
        control::Reply* reply, int* received_fd) {
  int ends[2];
  int error = -SocketPair(ends);
  if (error != 0) return error;
  const int fds[] = {ends[1], passed_fd};
  error = -Send(socket, &request, sizeof(request), fds, passed_fd < 0 ? 1 : 2);
  sys::Close(ends[1]);
  if (error == EPIPE || error == ECONNRESET) error = EIO;
  if (error == 0) error = Receive(ends[0], reply, received_fd);
  sys::Close(ends[0]);
  return error != 0 ? error : reply->error;
}

void Tell(int socket, const control::Request& request) {
  Send(socket, &request, sizeof(request), nullptr, 0);
}

Closing::Closing(int socket) {
  int ends[2];
  answer_ = SocketPair(ends);
  if (answer_ != 0) return;
  sys::Identity id;
  sys::Stat(socket, "", AT_EMPTY_PATH, &id);
  const auto request =
      control::MakeRequest(control::Kind::kClosing, 0, 0, id.inode);
  const int error = Send(socket, &request, sizeof(request), &ends[1], 1);
  sys::Close(ends[1]);
  answer_ = ends[0];
  if (error != 0) {
    sys::Close(ends[0]);
    answer_ = error;
  }
}

Closing::~Closing() {
  if (answer_ >= 0) sys::Close(answer_);
}

int Closing::Finish() {
  // Without a descriptor to ask by, the log is completed all the same, but
  // nobody waits for it.
  if (answer_ < 0) return answer_ == -EPIPE ? EIO : 0;
  const char word = 0;
  // The collector may have seen the end by itself, and have answered and gone.
  Send(answer_, &word, sizeof(word), nullptr, 0);
  control::Reply reply;
  const int error = Receive(answer_, &reply, nullptr);
  if (error == 0 && reply.error == control::kStillOpen) return 0;
  ReapKeeper();
  return error != 0 ? error : reply.error;
}

}  // namespace filemon
