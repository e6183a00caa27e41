// Runs a command twice, without and with filemon, for tests of the law that
// observing never breaks the observed.
#ifndef FILEMON_TESTS_HARD_CASES_TRACED_RUN_H_
#define FILEMON_TESTS_HARD_CASES_TRACED_RUN_H_

#include <functional>
#include <string>
#include <vector>

#include "core/log_reader.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {

struct TracedRun {
  Result bare;
  Result traced;
  std::vector<LogRecord> log;
  // Where the traced command ran.
  std::string folder;

  // "LETTER PATH" of the records of all processes, in the log's order, whose
  // file name begins with "seen": what a test's program opens on purpose.
  // `folder` is FOLDER in them.
  std::vector<std::string> Seen() const;

  // The case cannot run under this kernel: NEEDS() of case.h.
  bool Refused() const;
};

#define SKIP_IF_REFUSED(run) \
  if ((run).Refused()) GTEST_SKIP() << (run).bare.err

// Runs `command`, whose first word is an absolute path, each time in a new
// folder and with PATH and LC_ALL as its environment. `in_child` is called in
// the child right before the exec of the command, or of filemon. The test fails
// if the traced run's status, output or error (where the folder's name is
// FOLDER) differ from the bare run's, if the command fails, or if the log
// breaks a rule that every log keeps (CheckLog()).
TracedRun RunBoth(
    const std::vector<std::string>& command,
    const std::function<void()>& in_child = [] {});

// Whether this user may become any other: root, but not the one of a user
// namespace with one user in it.
bool IsRoot();

// Checks what a program counted itself: for each file that it opened and named
// "total-FILE-COUNT", the log must have COUNT W records of FILE.
void ExpectTotals(const std::vector<LogRecord>& log);

// The path of the program `name` of this package, which must be in the test's
// data.
std::string HardProgram(const std::string& name);

}  // namespace filemon

#endif  // FILEMON_TESTS_HARD_CASES_TRACED_RUN_H_
