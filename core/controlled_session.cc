#include "core/controlled_session.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/log_file.h"
#include "core/socket_holders.h"

namespace filemon {
namespace {

// After a first process that died of a signal, its children are dying too: how
// long to wait for them, so that their X are in the log.
constexpr absl::Duration kDyingTime = absl::Milliseconds(50);

// How long the end of the socket may take after the last known process that
// holds it has closed it. It comes at once, but for a process that /proc does
// not show.
constexpr absl::Duration kHangUpTime = absl::Seconds(3);

// How often to look for such processes, in milliseconds.
constexpr int kAskAgain = 5;

constexpr int kMaxDescriptors = 2;  // that a request may bring

void Answer(int fd, const control::Reply& reply, int passed_fd) {
  iovec part = {const_cast<control::Reply*>(&reply), sizeof(reply)};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (passed_fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &passed_fd, sizeof(int));
  }
  // Whoever asked may be gone.
  sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Answer(int fd, int32_t error) {
  control::Reply reply = {};
  reply.error = error;
  Answer(fd, reply, -1);
}

// Whether nobody holds the other end any more. A program's write() of nothing
// looks like the end otherwise.
bool HungUp(int socket) {
  pollfd state = {socket, 0, 0};
  return poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
}

// The process that made a pair of sockets of which `socket` is one.
pid_t PeerOf(int socket) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return peer.pid;
}

// The descriptors that came with `message`, as many as there are: whoever holds
// the socket may send what it likes.
std::vector<OwnedFd> DescriptorsOf(msghdr* message) {
  std::vector<OwnedFd> fds;
  for (cmsghdr* header = CMSG_FIRSTHDR(message); header != nullptr;
       header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

struct ControlledSession::Tracing {
  Tracing(std::unique_ptr<SessionPipe> session_pipe, PathStyle paths,
          LogWriter* log)
      : pipe(std::move(session_pipe)),
        collector(pipe.get(), paths, log, LinuxHost::Children()) {}

  std::unique_ptr<SessionPipe> pipe;
  Collector collector;
};

ControlledSession::ControlledSession(int socket)
    : socket_(socket),
      events_(epoll_create1(EPOLL_CLOEXEC)),
      log_([this](absl::string_view bytes) { return Write(bytes); }) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = socket;
  epoll_ctl(events_, EPOLL_CTL_ADD, socket, &event);
}

ControlledSession::~ControlledSession() { close(events_); }

void ControlledSession::Serve() {
  for (;;) {
    if (tracing_ != nullptr) tracing_->collector.TakeIn();
    if (IsOver()) break;
    if (tracing_ != nullptr) {
      tracing_->collector.Wait(events_);
    } else {
      pollfd ready = {events_, POLLIN, 0};
      // A closer that has closed is asked about again.
      poll(&ready, 1, closers_.empty() ? -1 : kAskAgain);
    }
    if (open_ && !TakeRequests()) {
      open_ = false;
      epoll_ctl(events_, EPOLL_CTL_DEL, socket_, nullptr);
    }
    AnswerClosers();
  }
  if (has_first_ && !wait_all_) {
    const absl::Time end = absl::Now() + kDyingTime;
    while (tracing_->collector.RootWasKilled() &&
           tracing_->collector.alive() > 0 && absl::Now() < end) {
      tracing_->collector.Wait(-1);
      tracing_->collector.TakeIn();
    }
  }
  End();
}

bool ControlledSession::IsOver() const {
  if (!has_first_) return !open_;
  const Collector& collector = tracing_->collector;
  return wait_all_ ? collector.alive() == 0 : collector.RootIsDone();
}

bool ControlledSession::TakeRequests() {
  for (;;) {
    control::Request request;
    iovec part = {&request, sizeof(request)};
    alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))];
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    const ssize_t n =
        recvmsg(socket_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    std::vector<OwnedFd> fds = DescriptorsOf(&message);
    if (n == 0 && HungUp(socket_)) return false;
    if (n == sizeof(request)) Handle(request, std::move(fds));
  }
}

void ControlledSession::Handle(const control::Request& request,
                               std::vector<OwnedFd> fds) {
  OwnedFd answer;
  if (!fds.empty()) answer = std::move(fds[0]);
  switch (static_cast<control::Kind>(request.kind)) {
    case control::Kind::kSetLog:
      if (fds.size() == 2) {
        Answer(answer.get(), SetLog(request, std::move(fds[1])));
      }
      break;
    case control::Kind::kAttach:
      if (answer) {
        const control::Reply reply = Attach(request);
        const bool joins = reply.error == 0 && (request.a & control::kCaller);
        Answer(answer.get(), reply, joins ? tracing_->pipe->writer() : -1);
      }
      break;
    case control::Kind::kClosing:
      if (answer) {
        epoll_event event = {};
        event.events = EPOLLIN;
        event.data.fd = answer.get();
        epoll_ctl(events_, EPOLL_CTL_ADD, answer.get(), &event);
        closers_.push_back({std::move(answer), request.inode});
      }
      break;
    case control::Kind::kChildEnded:
      if (tracing_ != nullptr) {
        tracing_->collector.Ended(request.pid, request.a);
      }
      break;
  }
}

int32_t ControlledSession::SetLog(const control::Request& request,
                                  OwnedFd log) {
  if (log_fd_) return EEXIST;
  // What was traced before there was a log is in none.
  log_.Flush().IgnoreError();
  log_fd_ = std::move(log);
  output_ = std::make_unique<PatientOutput>(log_fd_.get());
  if (request.a & control::kEmpty) Empty(log_fd_.get());
  if (request.a & control::kAbsolutePaths) paths_ = PathStyle::kAbsolute;
  timeval now;
  gettimeofday(&now, nullptr);
  log_.Header(request.pid, now);
  // An error is close()'s to tell.
  log_.Flush().IgnoreError();
  return 0;
}

control::Reply ControlledSession::Attach(const control::Request& request) {
  control::Reply reply = {};
  const bool is_caller = request.a & control::kCaller;
  const bool is_ours =
      tracing_ != nullptr && request.inode == tracing_->pipe->inode();
  if (request.inode != 0 && !is_ours && !is_caller) {
    reply.error = EBUSY;
    return reply;
  }
  auto pipe = SessionPipe::Create(paths_);
  if (!pipe.ok()) {
    reply.error = EMFILE;
    return reply;
  }
  auto next = std::make_unique<Tracing>(*std::move(pipe), paths_, &log_);
  EndTracing();
  // The parent of FILEMON_LOG's first process is of no session, and has no
  // device to tell by.
  const auto end_told = request.a & control::kFirst
                            ? Collector::EndTold::kByNobody
                            : Collector::EndTold::kByOthers;
  if (!next->collector.Attach(request.pid, end_told)) {
    reply.error = ESRCH;
    return reply;
  }
  tracing_ = std::move(next);
  has_first_ = request.a & control::kFirst;
  wait_all_ = request.a & control::kWaitAll;
  reply.collector = getpid();
  reply.collector_fd = tracing_->pipe->reader();
  reply.cookie = tracing_->pipe->cookie();
  reply.inode = tracing_->pipe->inode();
  reply.bell = tracing_->pipe->bell();
  reply.lanes = tracing_->pipe->lanes_fd();
  return reply;
}

void ControlledSession::EndTracing() {
  if (tracing_ != nullptr) tracing_->collector.Finish();
  tracing_.reset();
  has_first_ = false;
}

bool ControlledSession::HasClosed(Closer* closer) {
  if (closer->has_closed) return true;
  char word;
  if (recv(closer->answer.get(), &word, 1, MSG_DONTWAIT) < 0 &&
      (errno == EAGAIN || errno == EINTR)) {
    return false;
  }
  epoll_ctl(events_, EPOLL_CTL_DEL, closer->answer.get(), nullptr);
  closer->has_closed = true;
  closer->patience = absl::Now() + kHangUpTime;
  return true;
}

void ControlledSession::AnswerClosers() {
  for (size_t i = 0; open_ && i < closers_.size();) {
    if (!HasClosed(&closers_[i])) {
      ++i;
      continue;
    }
    // Had it been the last, the socket would be at its end, and End() has the
    // answer.
    if (!TakeRequests()) {
      open_ = false;
      return;
    }
    const Closer& closer = closers_[i];
    if (absl::Now() < closer.patience &&
        !SocketIsHeld(closer.inode, PeerOf(closer.answer.get()))) {
      // The kernel is about to close the last one.
      ++i;
      continue;
    }
    Answer(closer.answer.get(), control::kStillOpen);
    closers_.erase(closers_.begin() + i);
  }
}

void ControlledSession::End() {
  if (tracing_ != nullptr) tracing_->collector.Finish();
  timeval now;
  gettimeofday(&now, nullptr);
  log_.Trailer(now);
  log_.Flush().IgnoreError();
  if (output_ != nullptr) output_->Finish().IgnoreError();
  // Only now: a first process waits until the pipe's lock is free.
  tracing_.reset();
  for (const Closer& closer : closers_) {
    Answer(closer.answer.get(), output_ != nullptr ? output_->error() : 0);
  }
}

absl::Status ControlledSession::Write(absl::string_view bytes) {
  return output_ != nullptr ? output_->Write(bytes) : absl::OkStatus();
}

}  // namespace filemon
