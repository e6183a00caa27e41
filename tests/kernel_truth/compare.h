// Holds a log against the kernel's truth, process by process.
#ifndef FILEMON_TESTS_KERNEL_TRUTH_COMPARE_H_
#define FILEMON_TESTS_KERNEL_TRUTH_COMPARE_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/kernel_truth/log.h"
#include "tests/kernel_truth/truth.h"

namespace filemon {
namespace truth {

struct Verdict {
  int processes = 0;
  int records = 0;  // in the log, of the ten letters without A
  int matched = 0;
  // A log is right when these six are empty.
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  std::vector<std::string> misordered;  // within a thread
  std::vector<std::string> violations;
  // Lines that refuse, doubt, drop or lose records of an honest session.
  std::vector<std::string> doubted;
  // The right file, but not under the name that the program gave.
  std::vector<std::string> respelled;
  // The same of a directory: the functions of libc that walk directories
  // (ftw, glob...) form names of their own.
  std::vector<std::string> reformed;
  // In another order than the kernel's because a signal came in between.
  std::vector<std::string> interrupted;
  // Missing, for a cause (truth.h): "CAUSE: RECORD".
  std::vector<std::string> excused;
  // The same, by cause, of what is not ours to see: too many to be listed.
  std::map<Cause, int> not_ours;
  // Missing, but of the class that may be. By class and name.
  std::map<std::string, int> libc_internal;
  std::vector<std::string> untraced;  // "PID PATH: reason"
  int unverified = 0;                 // records whose name strace does not tell

  bool ok() const {
    return missing.empty() && extra.empty() && misordered.empty() &&
           violations.empty() && doubted.empty() && respelled.empty();
  }
  // A few lines of figures, then every finding.
  std::string Report() const;
};

// What became of a program that did not load the library: the reason that the
// file shows, as filemon may give one.
enum class Untraceable { kNo, kYes, kUnknown };

struct CompareOptions {
  // Whether an executed file cannot load the library: static, set-user-ID...
  std::function<Untraceable(const std::string&)> untraceable;
  // The log was made with --paths=absolute.
  bool absolute_paths = false;
};

Verdict Compare(const std::vector<Process>& truth, const Log& log,
                const CompareOptions& options);

}  // namespace truth
}  // namespace filemon

#endif  // FILEMON_TESTS_KERNEL_TRUTH_COMPARE_H_
