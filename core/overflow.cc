#include "core/overflow.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/memory_file.h"
#include "core/memory_limit.h"
#include "core/session_memory.h"

namespace filemon {

std::unique_ptr<Overflow> Overflow::Create() {
  const int fd = CreateMemoryFile("filemon overflow", 0);
  if (fd < 0) return nullptr;
  return std::unique_ptr<Overflow>(new Overflow(fd, MemoryToWaitIn()));
}

Overflow::~Overflow() { close(fd_); }

uint64_t Overflow::Pending() const {
  struct stat st;
  if (fstat(fd_, &st) != 0) return 0;
  const uint64_t size = static_cast<uint64_t>(st.st_size);
  // Somebody may have made it shorter.
  return size > taken_ ? size - taken_ : 0;
}

size_t Overflow::Read(absl::Span<char> buffer) {
  ssize_t n;
  do {
    n = pread(fd_, buffer.data(), buffer.size(), static_cast<off_t>(taken_));
  } while (n < 0 && errno == EINTR);
  if (n <= 0) return 0;
  taken_ += static_cast<size_t>(n);
  const uint64_t whole = taken_ / memory::kPage * memory::kPage;
  if (whole > released_) {
    // It is never made shorter: between a look at its size and that, somebody
    // could append.
    fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
              static_cast<off_t>(released_),
              static_cast<off_t>(whole - released_));
    released_ = whole;
  }
  return static_cast<size_t>(n);
}

}  // namespace filemon
