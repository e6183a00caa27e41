// Reads a log in the text format of FreeBSD's filemon(4).
#ifndef FILEMON_CORE_LOG_READER_H_
#define FILEMON_CORE_LOG_READER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace filemon {

// One line of a log.
struct LogRecord {
  // What it is: a letter, or `#` for a comment.
  char letter = 0;
  // 0 for `#` and `V`, and where the text has no number.
  pid_t pid = 0;
  // F: the child. X: the exit status. V: the version.
  int number = 0;
  // X: the signal.
  int signal = 0;
  // The path, or of L and M the first; the text of a comment. As in the log: a
  // newline in a name is still two characters, and cannot be told from them.
  std::string path;
  // Of L and M, the second path.
  std::string second_path;
};

// The same as it stands in a line's text, which outlives it: nothing is copied.
struct LogLine {
  char letter = 0;
  pid_t pid = 0;
  int number = 0;
  int signal = 0;
  absl::string_view path;
  absl::string_view second_path;
};

// Reads one line, without its newline. Returns what is wrong with it; nothing
// if all is well. The rules are those of ParseLogLine().
absl::string_view ReadLogLine(absl::string_view text, LogLine* line);

// Reads one line, without its newline. It takes what bmake's meta mode takes
// and refuses what bmake calls malformed, since bmake's word is what a log has
// to stand: only the first character of the first word counts, and a pid that
// is no number is 0. Unlike bmake, it keeps the two names of L and M apart when
// they have blanks in them, where the quotes allow it.
absl::StatusOr<LogRecord> ParseLogLine(absl::string_view line);

// Reads a whole log. Fails at the first malformed line, and for a last line
// without newline, with the line's number in the message.
absl::StatusOr<std::vector<LogRecord>> ParseLog(absl::string_view text);

}  // namespace filemon

#endif  // FILEMON_CORE_LOG_READER_H_
