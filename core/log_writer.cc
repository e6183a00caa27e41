#include "core/log_writer.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace filemon {
namespace {

constexpr size_t kBufferSize = 256 * 1024;

std::string Seconds(const timeval& time) {
  return absl::StrFormat("%d.%06d", static_cast<int64_t>(time.tv_sec),
                         static_cast<int64_t>(time.tv_usec));
}

}  // namespace

LogSink FdSink(int fd) {
  return [fd](absl::string_view bytes) -> absl::Status {
    while (!bytes.empty()) {
      const ssize_t n = write(fd, bytes.data(), bytes.size());
      if (n >= 0) {
        bytes.remove_prefix(n);
      } else if (errno == EAGAIN) {
        // Somebody else's description, made nonblocking by somebody else.
        pollfd ready = {fd, POLLOUT, 0};
        poll(&ready, 1, -1);
      } else if (errno != EINTR) {
        return absl::ErrnoToStatus(errno, "write");
      }
    }
    return absl::OkStatus();
  };
}

LogWriter::LogWriter(LogSink sink) : sink_(std::move(sink)) {
  buffer_.reserve(kBufferSize);
}

void LogWriter::Header(pid_t target, const timeval& start) {
  absl::StrAppend(&buffer_, "# filemon version 5\n# Target pid ", target,
                  "\n# Start ", Seconds(start), "\nV 5");
  End();
}

void LogWriter::Trailer(const timeval& stop) {
  absl::StrAppend(&buffer_, "# Stop ", Seconds(stop), "\n# Bye bye");
  End();
}

void LogWriter::At(pid_t pid, absl::string_view name) { Path('A', pid, name); }

void LogWriter::Chdir(pid_t pid, absl::string_view dir) { Path('C', pid, dir); }

void LogWriter::Unlink(pid_t pid, absl::string_view path) {
  Path('D', pid, path);
}

void LogWriter::Exec(pid_t pid, absl::string_view path) {
  Path('E', pid, path);
}

void LogWriter::Fork(pid_t pid, pid_t child) {
  Begin('F', pid);
  absl::StrAppend(&buffer_, child);
  End();
}

void LogWriter::Link(pid_t pid, absl::string_view target,
                     absl::string_view path) {
  TwoPaths('L', pid, target, path);
}

void LogWriter::Rename(pid_t pid, absl::string_view from,
                       absl::string_view to) {
  TwoPaths('M', pid, from, to);
}

void LogWriter::Read(pid_t pid, absl::string_view path) {
  Path('R', pid, path);
}

void LogWriter::Write(pid_t pid, absl::string_view path) {
  Path('W', pid, path);
}

void LogWriter::Exit(pid_t pid, int wait_status) {
  const bool killed = WIFSIGNALED(wait_status);
  Begin('X', pid);
  absl::StrAppend(&buffer_, killed ? 0 : WEXITSTATUS(wait_status), " ",
                  killed ? WTERMSIG(wait_status) : 0);
  End();
}

void LogWriter::Comment(absl::string_view text) {
  buffer_.append("# ");
  AppendName(text);
  End();
}

absl::Status LogWriter::Flush() {
  if (status_.ok() && !buffer_.empty()) status_ = sink_(buffer_);
  bytes_ += buffer_.size();
  buffer_.clear();
  return status_;
}

void LogWriter::Begin(char letter, pid_t pid) {
  ++counts_[letter - 'A'];
  const char start[] = {letter, ' '};
  absl::StrAppend(&buffer_, absl::string_view(start, sizeof(start)), pid, " ");
}

void LogWriter::AppendName(absl::string_view name) {
  for (size_t newline; (newline = name.find('\n')) != name.npos;) {
    buffer_.append(name.data(), newline);
    buffer_.append("\\n");
    name.remove_prefix(newline + 1);
  }
  buffer_.append(name.data(), name.size());
}

void LogWriter::Path(char letter, pid_t pid, absl::string_view path) {
  Begin(letter, pid);
  AppendName(path);
  End();
}

void LogWriter::TwoPaths(char letter, pid_t pid, absl::string_view first,
                         absl::string_view second) {
  Begin(letter, pid);
  buffer_.push_back('\'');
  AppendName(first);
  buffer_.append("' '");
  AppendName(second);
  buffer_.push_back('\'');
  End();
}

void LogWriter::End() {
  buffer_.push_back('\n');
  // Room is left for one more record of two PATH_MAX names.
  if (buffer_.size() >= kBufferSize - 4 * 4096) Flush().IgnoreError();
}

}  // namespace filemon
