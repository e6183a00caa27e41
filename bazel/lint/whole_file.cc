#include "bazel/lint/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace filemon::lint {
namespace {

absl::Status Failure(const std::string& name) {
  return absl::UnknownError(
      absl::StrCat("cannot read ", name, ": ", strerror(errno)));
}

}  // namespace

absl::StatusOr<std::string> WholeFile(const std::string& name) {
  const bool standard_input = name == "-";
  const int fd =
      standard_input ? STDIN_FILENO : open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failure(name);
  std::string text;
  char piece[1 << 16];
  ssize_t n;
  while ((n = read(fd, piece, sizeof(piece))) != 0) {
    if (n > 0) {
      text.append(piece, static_cast<size_t>(n));
    } else if (errno != EINTR) {
      break;
    }
  }
  const absl::Status status = n < 0 ? Failure(name) : absl::OkStatus();
  if (!standard_input) close(fd);
  if (!status.ok()) return status;
  return text;
}

}  // namespace filemon::lint
