// Runs a command under `strace -ff` with filemon inside, and judges the log.
#ifndef FILEMON_TESTS_KERNEL_TRUTH_JUDGE_H_
#define FILEMON_TESTS_KERNEL_TRUTH_JUDGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/kernel_truth/compare.h"

namespace filemon {
namespace truth {

struct Session {
  std::string filemon;                    // the command's path
  std::vector<std::string> filemon_args;  // before "--"
  std::vector<std::string> command;
  std::string directory;  // where the command runs
  std::string evidence;   // a folder for the log, strace's files, the output
  std::vector<std::string> environment;  // NAME=VALUE; nothing else is passed
  bool absolute_paths = false;           // filemon_args say --paths=absolute
};

struct Judgement {
  int exit_status = 0;  // filemon's, 128+N after a signal
  std::string output;   // the command's standard output and error
  std::string log;
  Verdict verdict;
};

absl::StatusOr<Judgement> Judge(const Session& session);

// Runs the command in the same way without strace and filemon; returns its exit
// status, 128+N after a signal.
absl::StatusOr<int> RunBare(const Session& session);

}  // namespace truth
}  // namespace filemon

#endif  // FILEMON_TESTS_KERNEL_TRUTH_JUDGE_H_
