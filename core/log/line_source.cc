#include "core/log/line_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <vector>

#include "absl/strings/str_cat.h"

namespace filemon::log {
namespace {

constexpr size_t kPiece = 128 * 1024;

absl::Status Failure(absl::string_view name) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", name));
}

}  // namespace

absl::Status ReadLinesOf(int fd, absl::string_view name,
                         absl::FunctionRef<void(absl::string_view line)> sink,
                         LinesRead* result) {
  std::vector<char> buffer(2 * kPiece);
  size_t kept = 0;  // bytes of a line whose end was not read yet
  for (;;) {
    if (buffer.size() - kept < kPiece) buffer.resize(2 * buffer.size());
    const ssize_t n = read(fd, buffer.data() + kept, buffer.size() - kept);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failure(name);
    if (n == 0) break;
    const char* line = buffer.data();
    // What was kept has no newline in it.
    const char* from = buffer.data() + kept;
    const char* const end = from + n;
    while (const void* newline = memchr(from, '\n', end - from)) {
      const char* const stop = static_cast<const char*>(newline);
      sink(absl::string_view(line, stop - line));
      line = from = stop + 1;
    }
    kept = end - line;
    memmove(buffer.data(), line, kept);
  }
  result->cut_off = kept > 0;
  return absl::OkStatus();
}

absl::Status ReadLines(const std::string& name,
                       absl::FunctionRef<void(absl::string_view line)> sink,
                       LinesRead* result) {
  if (name == "-") {
    return ReadLinesOf(STDIN_FILENO, "standard input", sink, result);
  }
  const int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failure(name);
  const absl::Status status = ReadLinesOf(fd, name, sink, result);
  close(fd);
  return status;
}

}  // namespace filemon::log
