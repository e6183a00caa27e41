// What the tests of the judge's cases share: a fresh folder, a fixed
// environment, and the verdict as test failures.
#ifndef FILEMON_TESTS_KERNEL_TRUTH_JUDGED_TEST_H_
#define FILEMON_TESTS_KERNEL_TRUTH_JUDGED_TEST_H_

#include <string>
#include <vector>

#include "tests/kernel_truth/judge.h"

namespace filemon {
namespace truth {

// The absolute path of a file of this workspace that is a test's `data`.
std::string Runfile(const std::string& path);

// A run with a new work directory for the case `name`, without a command.
Session NewSession(const std::string& name);

// What a known gap leaves out: the missing record without its pid, and why.
struct Gap {
  std::string record;
  std::string reason;
};

// Judges `session`: the command must exit with 0 and the log must be right but
// for `gaps`, which must be there. Returns what was seen, for further tests.
Judgement ExpectTruth(const Session& session,
                      const std::vector<Gap>& gaps = {});

}  // namespace truth
}  // namespace filemon

#endif  // FILEMON_TESTS_KERNEL_TRUTH_JUDGED_TEST_H_
