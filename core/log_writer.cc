#include "core/log_writer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "core/version.h"

namespace filemon {
namespace {

// The log goes out in pieces of this size, which end at multiples of it: into a
// file on ext4 that takes 0.17 ns a byte, where writes of 64 KB that begin and
// end anywhere take 0.38.
constexpr size_t kPiece = 256 * 1024;

// So that a line that does not fit into a piece any more has room.
constexpr size_t kBufferSize = kPiece + 16 * 1024;

// What a line has besides its names: letter, pid, quotes, newline.
constexpr size_t kMaxFrame = 64;

std::string Seconds(const timeval& time) {
  return absl::StrFormat("%d.%06d", static_cast<int64_t>(time.tv_sec),
                         static_cast<int64_t>(time.tv_usec));
}

// As a POSIX shell reads it back, whatever is in it.
std::string ShellQuoted(absl::string_view word) {
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

char* Put(char* at, absl::string_view text) {
  memcpy(at, text.data(), text.size());
  return at + text.size();
}

// How many bytes PutName() may write.
size_t MaxSize(absl::string_view name) { return 2 * name.size(); }

char* PutName(char* at, absl::string_view name) {
  // It may be a null pointer, which is nothing for memchr().
  if (name.empty()) return at;
  while (const void* newline = memchr(name.data(), '\n', name.size())) {
    const size_t before = static_cast<const char*>(newline) - name.data();
    at = Put(at, name.substr(0, before));
    at = Put(at, "\\n");
    name.remove_prefix(before + 1);
  }
  return Put(at, name);
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

LogWriter::LogWriter(LogSink sink)
    : sink_(std::move(sink)),
      // Untouched memory costs nothing.
      buffer_(new char[kBufferSize]),
      buffer_size_(kBufferSize) {}

void LogWriter::Header(pid_t target, const timeval& start) {
  const std::string text =
      absl::StrCat("# filemon version 5\n# Target pid ", target, "\n# Start ",
                   Seconds(start), "\nV 5");
  End(Put(Room(kMaxFrame + text.size()), text));
}

void LogWriter::Origin(absl::string_view cwd,
                       const std::vector<std::string>& command) {
  if (!cwd.empty()) Comment(absl::StrCat("Cwd ", cwd));
  if (!command.empty()) {
    std::string text = "Command";
    for (const std::string& word : command) {
      absl::StrAppend(&text, " ", ShellQuoted(word));
    }
    Comment(text);
  }
  Comment(absl::StrCat("Version filemon ", kVersion));
}

void LogWriter::Trailer(const timeval& stop) {
  const std::string text =
      absl::StrCat("# Stop ", Seconds(stop), "\n# Bye bye");
  End(Put(Room(kMaxFrame + text.size()), text));
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
  End(Put(Begin('F', pid, 0), absl::AlphaNum(child).Piece()));
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
  char* at = Begin('X', pid, 0);
  at = Put(at, absl::AlphaNum(killed ? 0 : WEXITSTATUS(wait_status)).Piece());
  *at++ = ' ';
  at = Put(at, absl::AlphaNum(killed ? WTERMSIG(wait_status) : 0).Piece());
  End(at);
}

void LogWriter::Comment(absl::string_view text) {
  End(PutName(Put(Room(kMaxFrame + MaxSize(text)), "# "), text));
}

absl::Status LogWriter::Flush() {
  HandOn(used_);
  return status_;
}

void LogWriter::HandOn(size_t size) {
  if (status_.ok() && size > 0) {
    status_ = sink_(absl::string_view(buffer_.get(), size));
  }
  bytes_ += size;
  used_ -= size;
  memmove(buffer_.get(), buffer_.get() + size, used_);
}

void LogWriter::MakeRoom(size_t size) {
  const size_t past_piece = (bytes_ + used_) % kPiece;
  if (past_piece < used_) HandOn(used_ - past_piece);
  if (buffer_size_ - used_ >= size) return;
  HandOn(used_);
  if (buffer_size_ >= size) return;
  buffer_.reset(new char[size]);
  buffer_size_ = size;
}

char* LogWriter::Begin(char letter, pid_t pid, size_t size) {
  ++counts_[letter - 'A'];
  char* const at = Room(kMaxFrame + size);
  if (ABSL_PREDICT_FALSE(pid != start_pid_)) MakeStart(pid);
  memcpy(at, start_, sizeof(start_));
  at[0] = letter;
  return at + start_size_;
}

void LogWriter::MakeStart(pid_t pid) {
  char* end = Put(start_, "? ");
  end = Put(end, absl::AlphaNum(pid).Piece());
  *end++ = ' ';
  start_size_ = end - start_;
  start_pid_ = pid;
}

void LogWriter::Path(char letter, pid_t pid, absl::string_view path) {
  End(PutName(Begin(letter, pid, MaxSize(path)), path));
}

void LogWriter::TwoPaths(char letter, pid_t pid, absl::string_view first,
                         absl::string_view second) {
  char* at = Begin(letter, pid, MaxSize(first) + MaxSize(second));
  *at++ = '\'';
  at = PutName(at, first);
  at = Put(at, "' '");
  at = PutName(at, second);
  *at++ = '\'';
  End(at);
}

void LogWriter::End(char* end) {
  *end++ = '\n';
  used_ = end - buffer_.get();
}

}  // namespace filemon
