// The pipe that carries a session's records from the traced processes to the
// collector, and the lanes beside it.
#ifndef FILEMON_CORE_SESSION_PIPE_H_
#define FILEMON_CORE_SESSION_PIPE_H_

#include <stddef.h>
#include <stdint.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/door.h"
#include "core/lanes.h"
#include "core/overflow.h"
#include "core/path_style.h"

namespace filemon {

// Owns both ends. The writing end is open for reading as well (O_RDWR), so that
// a write into it never raises SIGPIPE, and nonblocking.
//
// Not thread-safe.
class SessionPipe {
 public:
  // Fails when there is no /proc to open the writing end through, or no
  // descriptor to be had. The processes of the session tell what a log with
  // such `paths` needs.
  static absl::StatusOr<std::unique_ptr<SessionPipe>> Create(
      PathStyle paths = PathStyle::kGiven);
  ~SessionPipe();

  SessionPipe(const SessionPipe&) = delete;
  SessionPipe& operator=(const SessionPipe&) = delete;

  // What Header::cookie must be in this session.
  uint32_t cookie() const { return cookie_; }
  uint64_t inode() const { return inode_; }
  int reader() const { return reader_; }
  // The writing end, close-on-exec. Its number is out of the way of the
  // programs that inherit it (core/pipe_place.h).
  int writer() const { return writer_; }

  // A descriptor that is readable when a process wants the collector to look at
  // the pipe at once; by its number in /proc/PID/fd it rings there.
  int bell() const { return bell_; }
  void SilenceBell();

  // Null if the session has none.
  Lanes* lanes() const { return lanes_.get(); }
  Door& door() { return door_; }
  // Null if the session has none; processes find it by the lanes' head.
  Overflow* overflow() const { return overflow_.get(); }
  // wire::kSessionVariable's LANES.
  int lanes_fd() const { return lanes_ != nullptr ? lanes_->fd() : 0; }

  // The value of FILEMON_SESSION for a child that has the writing end as
  // descriptor `fd`, and `life` (wire.h); the collector is the calling process.
  // `denied` is wire::kSessionVariable's DENIED.
  std::string SessionValue(int fd, uint32_t life, uint32_t denied = 0) const;

  // Reads what is there, never waiting; the number of bytes, 0 if none.
  size_t Read(absl::Span<char> buffer);
  // How many bytes are there.
  size_t Pending() const;

 private:
  SessionPipe(int reader, int writer, const int bell[2], uint64_t inode,
              uint32_t cookie);

  const int reader_;
  const int writer_;
  const int bell_;
  const int bell_writer_;  // without any, the other end would be ready always
  const uint64_t inode_;
  const uint32_t cookie_;
  Door door_;
  const std::unique_ptr<Lanes> lanes_;
  std::unique_ptr<Overflow> overflow_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_SESSION_PIPE_H_
