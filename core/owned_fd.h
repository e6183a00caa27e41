// A descriptor with an owner.
#ifndef FILEMON_CORE_OWNED_FD_H_
#define FILEMON_CORE_OWNED_FD_H_

#include <unistd.h>

#include <utility>

namespace filemon {

// Closes its descriptor in the end. One that is negative is none.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  ~OwnedFd() { Reset(); }

  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

  // Closes it now.
  void Reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace filemon

#endif  // FILEMON_CORE_OWNED_FD_H_
