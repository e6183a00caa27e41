#include "interpose/control.h"

#include <errno.h>
#include <linux/limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "interpose/auxiliary.h"
#include "interpose/environment.h"
#include "interpose/own_library.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

constexpr size_t kStackSize = 32 * 1024;
constexpr size_t kSignalSetSize = 8;  // the kernel's sigset_t

// ---- Starting ---------------------------------------------------------------

struct Start {
  const char* program;
  int socket;
  char* second_stack;  // its end
  uint64_t signal_mask;
  int error;  // an errno
};

Original<int (*)(int (*)(void*), void*, int, void*, ...)> original_clone;

// Processes made here share our memory, and run one after the other while we
// wait: what they write here we see.
constexpr int kBorrowMemory = CLONE_VM | CLONE_VFORK;

void CloseAllFrom(int low) {
  if (sys::Call(SYS_close_range, low, -1, 0) == 0) return;
  sys::FileLimit limit = {1024, 1024};
  sys::ExchangeFileLimit(nullptr, &limit);
  const int end = limit.soft < 65536 ? static_cast<int>(limit.soft) : 65536;
  for (int fd = low; fd < end; ++fd) sys::Close(fd);
}

// The collector-to-be.
int Become(void* data) {
  auto* const start = static_cast<Start*>(data);
  constexpr int kStandardInput = 0;
  if (start->socket != kStandardInput) {
    sys::Call(SYS_dup3, start->socket, kStandardInput, 0);
  } else {
    sys::SetCloseOnExec(kStandardInput, false);
  }
  CloseAllFrom(kStandardInput + 1);
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, sys::Arg(&start->signal_mask), 0,
            kSignalSetSize);
  const char* const argv[] = {control::kCollectorFile, nullptr};
  const char* const environment[] = {nullptr};
  start->error =
      static_cast<int>(-sys::Call(SYS_execve, sys::Arg(start->program),
                                  sys::Arg(argv), sys::Arg(environment)));
  for (;;) sys::Call(SYS_exit_group, 127);
}

// The process between, whose end makes the collector an orphan.
int MakeOrphan(void* data) {
  auto* const start = static_cast<Start*>(data);
  sys::Call(SYS_setsid);
  if (original_clone.Get("clone")(Become, start->second_stack, kBorrowMemory,
                                  start) < 0) {
    start->error = errno;
  }
  for (;;) sys::Call(SYS_exit_group, 0);
}

// 0 or -errno.
int Launch(const char* program, int socket) {
  auto* const stacks = static_cast<char*>(sys::MapMemory(2 * kStackSize));
  if (stacks == nullptr) return -ENOMEM;
  Start start = {program, socket, stacks + 2 * kStackSize, 0, 0};
  // No handler of the program's may run in those processes.
  const uint64_t all = ~static_cast<uint64_t>(0);
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, sys::Arg(&all),
            sys::Arg(&start.signal_mask), kSignalSetSize);
  const int kept_errno = errno;
  // No signal at its end: nothing for a SIGCHLD handler, and nothing for a
  // wait() that does not ask for clones.
  const int child = original_clone.Get("clone")(MakeOrphan, stacks + kStackSize,
                                                kBorrowMemory, &start);
  const int clone_errno = errno;
  errno = kept_errno;
  if (child > 0) {
    while (sys::Call(SYS_wait4, child, 0, __WALL, 0) == -EINTR) continue;
  } else {
    start.error = clone_errno;
  }
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, sys::Arg(&start.signal_mask), 0,
            kSignalSetSize);
  sys::UnmapMemory(stacks, 2 * kStackSize);
  return -start.error;
}

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
  if (error == 0) error = Launch(program, ends[1]);
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
  if (error != 0) return error;
  return reply.error == control::kStillOpen ? 0 : reply.error;
}

}  // namespace filemon
