// Where records wait while the collector does not look: a file in memory to
// which each process of the session appends, once the pipe is full and the
// collector has been seen not to move. See session_memory.h for how they agree.
#ifndef FILEMON_CORE_OVERFLOW_H_
#define FILEMON_CORE_OVERFLOW_H_

#include <stddef.h>
#include <stdint.h>

#include <memory>

#include "absl/types/span.h"

namespace filemon {

// Not thread-safe.
class Overflow {
 public:
  // Null if there is no such file to be had.
  static std::unique_ptr<Overflow> Create();
  ~Overflow();

  Overflow(const Overflow&) = delete;
  Overflow& operator=(const Overflow&) = delete;

  // Of the file, close-on-exec.
  int fd() const { return fd_; }

  // How much of what is not taken yet it may hold, in bytes: an eighth of the
  // machine's memory, and not more than a gigabyte, which is some fifteen
  // million records.
  uint64_t limit() const { return limit_; }

  // How many bytes have come and are not taken.
  uint64_t Pending() const;
  // Takes the next bytes; how many, at most `buffer` holds. What was taken
  // needs no memory any more.
  size_t Read(absl::Span<char> buffer);
  // The offset up to which all is taken.
  uint64_t taken() const { return taken_; }

 private:
  Overflow(int fd, uint64_t limit) : fd_(fd), limit_(limit) {}

  const int fd_;
  const uint64_t limit_;
  uint64_t taken_ = 0;
  uint64_t released_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_CORE_OVERFLOW_H_
