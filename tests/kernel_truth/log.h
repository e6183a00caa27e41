// The log of a filemon session, process by process.
//
// Each line must please //core:log_reader, which takes what parsers in the
// field take. The judge asks for more: it wants the text byte for byte, and the
// rules that hold between lines.
#ifndef FILEMON_TESTS_KERNEL_TRUTH_LOG_H_
#define FILEMON_TESTS_KERNEL_TRUTH_LOG_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/kernel_truth/record.h"

namespace filemon {
namespace truth {

struct LoggedProcess {
  int pid = 0;
  int parent = 0;  // by its F; 0 if it has none
  std::vector<Record> records;
  std::vector<std::string> untraced;  // "PATH: reason" of its # untraced lines
  std::vector<std::string> unseen;    // the same of its # unseen lines
};

struct Log {
  int target = 0;
  // By first appearance. A number that is used again after its X is another
  // process.
  std::vector<LoggedProcess> processes;
  std::vector<std::string> comments;
  // What no log may have, whatever the kernel did: a record after its
  // process's X, an F after the child's first record, an A without its record,
  // a missing header or trailer.
  std::vector<std::string> violations;
};

// `cwd` is the root process's directory at its start.
Log ReadLog(absl::string_view text, const std::string& cwd);

}  // namespace truth
}  // namespace filemon

#endif  // FILEMON_TESTS_KERNEL_TRUTH_LOG_H_
