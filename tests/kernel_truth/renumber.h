// A log whose numbers are strace's.
#ifndef FILEMON_TESTS_KERNEL_TRUTH_RENUMBER_H_
#define FILEMON_TESTS_KERNEL_TRUTH_RENUMBER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/kernel_truth/truth.h"

namespace filemon {
namespace truth {

// A process of another namespace of pids has a number in the log that is no
// process id (filemon(5)): 4194304 or a multiple of it, plus its id there.
// strace sees all of them in its own namespace. Returns the text of a log with
// strace's numbers: who a process is follows from who made it.
std::string Renumber(absl::string_view log, const std::vector<Process>& truth);

}  // namespace truth
}  // namespace filemon

#endif  // FILEMON_TESTS_KERNEL_TRUTH_RENUMBER_H_
