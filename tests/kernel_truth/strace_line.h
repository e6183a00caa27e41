// One line of a file that `strace -ff -ttt -y -o PREFIX` wrote.
//
// The judge believes these lines, so the parser takes nothing for granted: a
// line that it cannot read is an error, never a line that is left out.
#ifndef FILEMON_TESTS_KERNEL_TRUTH_STRACE_LINE_H_
#define FILEMON_TESTS_KERNEL_TRUTH_STRACE_LINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace filemon {
namespace truth {

struct StraceLine {
  enum class Kind {
    kCall,         // a system call, finished or not
    kExecResumed,  // "<... execve resumed>": another thread's exec succeeded
    kExited,       // the thread's end by exit; `value` is the status
    kKilled,       // the thread's end by a signal; `value` is its number
    // The thread leader's identity passed to an exec'ing thread, `value`.
    kSuperseded,
    kSignal,  // a signal's delivery
    kOther,   // a stop
  };
  Kind kind = Kind::kOther;
  int tid = 0;          // of the file in which it stands; not in the line
  int64_t time_us = 0;  // at the call's entry
  std::string call;
  std::vector<std::string> args;  // as strace wrote them
  // A call that never returned (exit, a process killed inside it) has neither.
  bool succeeded = false;
  bool failed = false;
  std::string error;  // of a call that failed: "ENOENT"
  // Of a process made or replaced: as strace sees it.
  int64_t value = 0;
  // The same process as the caller sees it, if that is in another namespace of
  // pids; otherwise 0.
  int64_t inner = 0;
  std::string result_path;  // what -y says about a returned descriptor
};

absl::StatusOr<StraceLine> ParseStraceLine(absl::string_view line);

// The bytes of a string argument: "a\n\377" with its quotes.
absl::StatusOr<std::string> DecodeString(absl::string_view arg);

// A directory argument: 3</dir>, AT_FDCWD</dir>, 3</dir>(deleted).
struct Directory {
  bool is_cwd = false;
  std::string path;  // empty when strace could not tell
  // It has been removed: that is what it was called last. Of the current
  // directory strace hands on the kernel's text, which may as well be the name
  // of one that is there.
  bool removed = false;
};
absl::StatusOr<Directory> DecodeDirectory(absl::string_view arg);

}  // namespace truth
}  // namespace filemon

#endif  // FILEMON_TESTS_KERNEL_TRUTH_STRACE_LINE_H_
