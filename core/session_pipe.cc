#include "core/session_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/pipe_place.h"
#include "core/wire.h"

namespace filemon {
namespace {

// What /proc/sys/fs/pipe-max-size allows to anyone by default.
constexpr int kPipeSize = 1024 * 1024;

// Of so many numbers one is free, whatever we have inherited.
constexpr int kChoice = 64;

// Gives `fd` the number that the programs are to inherit it under, if that can
// be had, and otherwise a high one; the descriptor to use.
int MoveHigh(int fd) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return fd;
  const int place = PlaceUnderLimit(limit.rlim_cur);
  // For a moment, and more than is allowed if we may.
  rlimit raised = limit;
  raised.rlim_cur = std::max<rlim_t>(limit.rlim_cur, place + kChoice);
  raised.rlim_max = std::max(limit.rlim_max, raised.rlim_cur);
  if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
    raised.rlim_cur = raised.rlim_max = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &raised);
  }
  int number = fcntl(fd, F_DUPFD_CLOEXEC, place);
  if (number < 0) {
    number = static_cast<int>(std::min<rlim_t>(raised.rlim_cur, place)) - 1;
    while (number > fd && fcntl(number, F_GETFD) >= 0) --number;
    if (number <= fd || dup3(fd, number, O_CLOEXEC) < 0) number = -1;
  }
  setrlimit(RLIMIT_NOFILE, &limit);
  if (number < 0) return fd;
  close(fd);
  return number;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SessionPipe>> SessionPipe::Create(
    PathStyle paths) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return absl::ErrnoToStatus(errno, "cannot create a pipe");
  }
  const int reader = ends[0];
  close(ends[1]);
  const std::string link = absl::StrCat("/proc/self/fd/", reader);
  const int writer = open(link.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  struct stat st;
  uint32_t cookie = 0;
  if (writer < 0 || fstat(reader, &st) != 0 ||
      getrandom(&cookie, sizeof(cookie), 0) != sizeof(cookie)) {
    const int error = errno;
    close(reader);
    if (writer < 0) {
      return absl::ErrnoToStatus(
          error, absl::StrCat("cannot open ", link, " (is /proc mounted?)"));
    }
    close(writer);
    return absl::ErrnoToStatus(error, "cannot set up a pipe");
  }
  cookie |= 1;  // lane.h
  cookie = paths == PathStyle::kAbsolute ? cookie | wire::kAbsolutePaths
                                         : cookie & ~wire::kAbsolutePaths;
  // Held until we end, however that comes: so writers that find the pipe full
  // know whether anybody is going to read it. Two kinds of lock, because a
  // filter of system calls may keep a writer from asking about one of them.
  flock(reader, LOCK_EX);
  struct flock lock = {};
  lock.l_type = F_RDLCK;
  fcntl(reader, F_OFD_SETLK, &lock);
  // F_GETOWN tells a process who we are in its own pid namespace: nobody, if it
  // is not in ours.
  fcntl(writer, F_SETOWN, getpid());
  // Less will do: the writers wait when it is full.
  fcntl(reader, F_SETPIPE_SZ, kPipeSize);
  // Without it the timer has to do.
  int bell[2] = {-1, -1};
  if (pipe2(bell, O_CLOEXEC | O_NONBLOCK) != 0) bell[0] = bell[1] = -1;
  return std::unique_ptr<SessionPipe>(
      new SessionPipe(reader, MoveHigh(writer), bell, st.st_ino, cookie));
}

SessionPipe::SessionPipe(int reader, int writer, const int bell[2],
                         uint64_t inode, uint32_t cookie)
    : reader_(reader),
      writer_(writer),
      bell_(bell[0]),
      bell_writer_(bell[1]),
      inode_(inode),
      cookie_(cookie),
      door_(inode, cookie),
      lanes_(Lanes::Create(cookie)) {
  // What is in the overflow has its place among the rest by its stamp.
  if (lanes_ == nullptr || lanes_->count() == 0) return;
  overflow_ = Overflow::Create();
  if (overflow_ == nullptr) return;
  struct stat st;
  if (fstat(overflow_->fd(), &st) != 0) return;
  memory::Head* const head = lanes_->head();
  head->overflow_inode_low = static_cast<uint32_t>(st.st_ino);
  head->overflow_inode_high = static_cast<uint32_t>(uint64_t{st.st_ino} >> 32);
  head->overflow = overflow_->fd();
  head->overflow_pages =
      static_cast<uint32_t>(overflow_->limit() / memory::kPage);
}

SessionPipe::~SessionPipe() {
  close(reader_);
  close(writer_);
  if (bell_ < 0) return;
  close(bell_);
  close(bell_writer_);
}

std::string SessionPipe::SessionValue(int fd, uint32_t life,
                                      uint32_t denied) const {
  return absl::StrCat(wire::kSessionVersion, ":", fd, ":", getpid(), ":",
                      reader_, ":", inode_, ":", cookie_,
                      ":0:", std::max(bell_, 0), ":", lanes_fd(), ":", denied,
                      absl::StrFormat(":%010d:%010d:%010u", getpid(), 0, life));
}

void SessionPipe::SilenceBell() {
  char bytes[64];
  while (read(bell_, bytes, sizeof(bytes)) > 0) continue;
}

size_t SessionPipe::Read(absl::Span<char> buffer) {
  ssize_t n;
  do {
    n = read(reader_, buffer.data(), buffer.size());
  } while (n < 0 && errno == EINTR);
  return n < 0 ? 0 : n;
}

size_t SessionPipe::Pending() const {
  int bytes = 0;
  return ioctl(reader_, FIONREAD, &bytes) == 0 ? bytes : 0;
}

}  // namespace filemon
