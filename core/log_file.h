// The file that a log is written to.
#ifndef FILEMON_CORE_LOG_FILE_H_
#define FILEMON_CORE_LOG_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/owned_fd.h"

namespace filemon {

// A log begins in the file `fd`: takes away what is in it. Of a FIFO or a
// terminal there is nothing to take away.
void Empty(int fd);

// What --output names: a file; `-`, standard output; `fd:N`, an inherited
// descriptor, which is made close-on-exec so that no descendant keeps it open.
class LogFile {
 public:
  // A file is created if there is none. What is in it stays for now: there may
  // be nothing to log.
  static absl::StatusOr<LogFile> Open(absl::string_view output);

  int fd() const { return fd_.get(); }

  // The log begins: empties the file. What was inherited is as it is.
  void Begin();
  // There is no log: a file that was not there before is not there now.
  void Withdraw();

 private:
  LogFile(OwnedFd fd, std::string path, bool is_new)
      : fd_(std::move(fd)), path_(std::move(path)), is_new_(is_new) {}

  OwnedFd fd_;
  std::string path_;  // empty if it was inherited
  bool is_new_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_LOG_FILE_H_
