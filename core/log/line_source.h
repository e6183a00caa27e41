// The lines of a log, one after the other, in little memory.
#ifndef FILEMON_CORE_LOG_LINE_SOURCE_H_
#define FILEMON_CORE_LOG_LINE_SOURCE_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace filemon::log {

// What became of the end of a text that was read.
struct LinesRead {
  // Its last line has no newline: the writer was cut off, and it is left out.
  bool cut_off = false;
};

// Calls `sink` with each line of the file `name` (`-` is standard input),
// without its newline. A line is valid during the call. Memory is as much as
// the longest line takes, and a piece of some 100 KiB.
absl::Status ReadLines(const std::string& name,
                       absl::FunctionRef<void(absl::string_view line)> sink,
                       LinesRead* result);

// The same of a descriptor, which stays the caller's.
absl::Status ReadLinesOf(int fd, absl::string_view name,
                         absl::FunctionRef<void(absl::string_view line)> sink,
                         LinesRead* result);

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_LINE_SOURCE_H_
