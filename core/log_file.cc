#include "core/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace filemon {

absl::StatusOr<int> OpenLog(absl::string_view output) {
  const std::string name(output);
  int fd = -1;
  if (output == "-") {
    fd = STDOUT_FILENO;
  } else if (absl::ConsumePrefix(&output, "fd:")) {
    if (!absl::SimpleAtoi(output, &fd) || fd < 0) {
      return absl::InvalidArgumentError("not a descriptor: " + name);
    }
  } else {
    fd = open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return absl::ErrnoToStatus(errno, name);
    return fd;
  }
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return absl::ErrnoToStatus(errno, name);
  if ((flags & O_ACCMODE) == O_RDONLY) {
    return absl::ErrnoToStatus(EBADF, name + " is not open for writing");
  }
  if (fd > STDERR_FILENO) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

}  // namespace filemon
