// The names that processes give to calls, as the log shows them.
#ifndef FILEMON_CORE_OPERANDS_H_
#define FILEMON_CORE_OPERANDS_H_

#include <sys/types.h>

#include <string>

#include "absl/strings/string_view.h"
#include "core/intake.h"
#include "core/log_writer.h"

namespace filemon {

// How names are written: as the program gave them, or absolute and clean.
enum class PathStyle { kGiven, kAbsolute };

// Writes the records of calls that name files.
//
// Not thread-safe.
class Operands {
 public:
  // `log` outlives this object.
  Operands(PathStyle style, LogWriter* log) : style_(style), log_(log) {}
  Operands(const Operands&) = delete;
  Operands& operator=(const Operands&) = delete;

  // What a kOpen, kUnlink, kLink, kSymlink or kRename of a process with the
  // current directory `cwd` (empty if it is not known) has in the log.
  void Write(const Record& record, absl::string_view cwd);

  // A name that is absolute already. Valid until the next call, and as long as
  // `path` is.
  absl::string_view Whole(absl::string_view path);

 private:
  // A path operand as the log shows it; writes the A record that goes first.
  // What is returned is in `name` or in `*made`, and valid as long as these
  // are.
  absl::string_view Operand(pid_t pid, absl::string_view cwd,
                            absl::string_view dir, absl::string_view name,
                            std::string* made);

  const PathStyle style_;
  LogWriter* const log_;
  // A record has two operands at most. Kept for their memory.
  std::string first_;
  std::string second_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_OPERANDS_H_
