#include "core/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace filemon {
namespace {

absl::Status CannotOpen(int error, absl::string_view name) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot open the log ", name));
}

}  // namespace

void Empty(int fd) {
  if (ftruncate(fd, 0) != 0) return;
}

absl::StatusOr<LogFile> LogFile::Open(absl::string_view output) {
  const std::string name(output);
  int fd = STDOUT_FILENO;
  if (absl::ConsumePrefix(&output, "fd:")) {
    if (!absl::SimpleAtoi(output, &fd) || fd < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot open the log ", name, ": not a descriptor"));
    }
  } else if (output != "-") {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_CLOEXEC;
    fd = open(name.c_str(), kFlags | O_EXCL, 0666);
    const bool is_new = fd >= 0;
    if (!is_new) fd = open(name.c_str(), kFlags, 0666);
    if (fd < 0) return CannotOpen(errno, name);
    return LogFile(OwnedFd(fd), name, is_new);
  }
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return CannotOpen(errno, name);
  if ((flags & O_ACCMODE) == O_RDONLY) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot open the log ", name, ": not open for writing"));
  }
  if (fd > STDERR_FILENO) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return LogFile(OwnedFd(fd), "", false);
}

void LogFile::Begin() {
  if (!path_.empty()) Empty(fd());
}

void LogFile::Withdraw() {
  struct stat ours;
  struct stat named;
  if (is_new_ && fstat(fd(), &ours) == 0 && lstat(path_.c_str(), &named) == 0 &&
      ours.st_dev == named.st_dev && ours.st_ino == named.st_ino) {
    unlink(path_.c_str());
  }
}

}  // namespace filemon
