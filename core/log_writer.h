// Writes a log in the text format of FreeBSD's filemon(4), version 5.
#ifndef FILEMON_CORE_LOG_WRITER_H_
#define FILEMON_CORE_LOG_WRITER_H_

#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace filemon {

// Takes the bytes of a log, all of them or none that matter any more.
using LogSink = std::function<absl::Status(absl::string_view)>;

// A sink that writes to `fd`, which stays the caller's. It goes on after EINTR
// and short writes, and waits when `fd` is nonblocking and full. The caller
// keeps SIGPIPE blocked or ignored.
LogSink FdSink(int fd);

// Formats records, one method per letter, and buffers them. Names are written
// byte for byte, but for a newline, which is written as the two characters
// `\n`: it would end the record.
//
// The first error of the sink is kept and ends all writing: the program that is
// traced goes on, and whoever owns the log asks status() at the end.
//
// Not thread-safe.
class LogWriter {
 public:
  explicit LogWriter(LogSink sink);

  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  void Header(pid_t target, const timeval& start);
  // From where relative names count, what was run, and by which filemon: three
  // comment lines behind the header. `cwd` is empty if it is not known, and
  // `command` if it is not.
  void Origin(absl::string_view cwd, const std::vector<std::string>& command);
  void Trailer(const timeval& stop);

  void At(pid_t pid, absl::string_view name);      // A
  void Chdir(pid_t pid, absl::string_view dir);    // C
  void Unlink(pid_t pid, absl::string_view path);  // D
  void Exec(pid_t pid, absl::string_view path);    // E
  void Fork(pid_t pid, pid_t child);               // F
  void Link(pid_t pid, absl::string_view target,   // L
            absl::string_view path);
  void Rename(pid_t pid, absl::string_view from,  // M
              absl::string_view to);
  void Read(pid_t pid, absl::string_view path);   // R
  void Write(pid_t pid, absl::string_view path);  // W
  // `wait_status` as waitpid() gives it, of a process that has ended.
  void Exit(pid_t pid, int wait_status);  // X

  // `text` is two words at least: parsers in the field take the second word of
  // every line.
  void Comment(absl::string_view text);

  // Hands everything buffered to the sink.
  absl::Status Flush();
  // The first error; OK if there was none.
  const absl::Status& status() const { return status_; }

  // How many records of this letter, 'A' to 'Z', were written.
  uint64_t count(char letter) const { return counts_[letter - 'A']; }
  // The size in bytes of what was flushed so far.
  uint64_t bytes() const { return bytes_; }

 private:
  // At least as long as "R 4294967295 ", and a size that is copied in one step.
  static constexpr size_t kMaxStart = 16;

  // Where a line of at most `size` bytes can be written, which End() counts in.
  char* Room(size_t size) {
    if (ABSL_PREDICT_FALSE(buffer_size_ - used_ < size)) MakeRoom(size);
    return &buffer_[used_];
  }
  void MakeRoom(size_t size);
  // Hands the first `size` bytes of the buffer to the sink.
  void HandOn(size_t size);
  // Begins the record "LETTER PID ", with room behind it for `size` bytes more.
  char* Begin(char letter, pid_t pid, size_t size);
  void MakeStart(pid_t pid);
  // The record `letter pid path`.
  void Path(char letter, pid_t pid, absl::string_view path);
  // The record `letter pid 'first' 'second'`.
  void TwoPaths(char letter, pid_t pid, absl::string_view first,
                absl::string_view second);
  // The line that was written from Room() to `end`, and its newline.
  void End(char* end);

  const LogSink sink_;
  std::unique_ptr<char[]> buffer_;
  size_t buffer_size_;
  // How much of the buffer is not handed on yet.
  size_t used_ = 0;
  absl::Status status_;
  std::array<uint64_t, 26> counts_{};
  uint64_t bytes_ = 0;
  // The beginning "? PID " of the last record: most have the same pid.
  pid_t start_pid_ = -1;
  size_t start_size_ = 0;
  char start_[kMaxStart];
};

}  // namespace filemon

#endif  // FILEMON_CORE_LOG_WRITER_H_
