// Runs the filemon command for a test.
#ifndef FILEMON_TESTS_COMMAND_FILEMON_PROCESS_H_
#define FILEMON_TESTS_COMMAND_FILEMON_PROCESS_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "core/log_reader.h"

namespace filemon {

// The command under test, as an absolute path.
std::string FilemonPath();
// A file of this test's data, given from the top of the workspace.
std::string DataPath(const std::string& path);

// A new, empty folder.
std::string NewFolder();

std::string ReadFile(const std::string& path);
bool Exists(const std::string& path);

struct Result {
  // As waitpid() gives it.
  int wait_status = 0;
  // WEXITSTATUS, or -1 if a signal ended it.
  int exit_status = -1;
  std::string out;
  std::string err;
};

// One run of a program with its standard output and error caught. Its current
// directory is a new folder.
class FilemonProcess {
 public:
  FilemonProcess();
  ~FilemonProcess();

  FilemonProcess(const FilemonProcess&) = delete;
  FilemonProcess& operator=(const FilemonProcess&) = delete;

  // What the child does right before the exec.
  void set_in_child(std::function<void()> in_child) {
    in_child_ = std::move(in_child);
  }

  // Starts `filemon ARGUMENTS`, or `program ARGUMENTS`.
  void Start(const std::vector<std::string>& arguments,
             const std::string& program = FilemonPath());
  Result Wait();
  Result Run(const std::vector<std::string>& arguments) {
    Start(arguments);
    return Wait();
  }

  pid_t pid() const { return pid_; }
  const std::string& folder() const { return folder_; }
  std::string InFolder(const std::string& name) const {
    return folder_ + "/" + name;
  }

  // Waits until the program, or CMD, has written a line that is `line`.
  void AwaitLine(const std::string& line);

  // The log `filemon.out`; the test fails if it is malformed, does not begin
  // and end as it must, or breaks a rule that every log keeps: each pid but the
  // root's has an F before, and an X after, all its records.
  std::vector<LogRecord> Log() const { return LogFrom("filemon.out"); }
  std::vector<LogRecord> LogFrom(const std::string& name) const;

 private:
  const std::string folder_;
  std::function<void()> in_child_ = [] {};
  pid_t pid_ = -1;
  int out_ = -1;
  std::string seen_;
};

// Checks the rules above.
void CheckLog(const std::string& text);

// "LETTER PATH" of the records of `pid`, without # and V lines.
std::vector<std::string> RecordsOf(const std::vector<LogRecord>& log,
                                   pid_t pid);
// The pid of the first E record whose path ends in `suffix`; 0 if there is
// none.
pid_t PidOf(const std::vector<LogRecord>& log, const std::string& suffix);
// The X record of `pid` as "STATUS SIGNAL"; empty if there is none.
std::string ExitOf(const std::vector<LogRecord>& log, pid_t pid);
// Comments that begin with `word`.
std::vector<std::string> Comments(const std::vector<LogRecord>& log,
                                  const std::string& word);

}  // namespace filemon

#endif  // FILEMON_TESTS_COMMAND_FILEMON_PROCESS_H_
