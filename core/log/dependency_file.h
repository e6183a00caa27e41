// Makes a dependency file out of a log while that is written.
#ifndef FILEMON_CORE_LOG_DEPENDENCY_FILE_H_
#define FILEMON_CORE_LOG_DEPENDENCY_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/log/depfile.h"
#include "core/log/file_states.h"
#include "core/log/trace.h"

namespace filemon::log {

struct DependencyFileOptions {
  // Where it goes; empty for none.
  std::string file;
  std::vector<std::string> targets;
  DepfileReader reader = DepfileReader::kBoth;
  // Write none if the log does not have everything, or a name cannot be in it.
  bool strict = false;
};

// Not thread-safe.
class DependencyFile {
 public:
  explicit DependencyFile(DependencyFileOptions options);

  // More bytes of the log.
  void Feed(absl::string_view bytes);

  // The log is at its end, and the command has succeeded: writes the file, all
  // of it or nothing: what was there before is replaced at once, or stays.
  // `remarks` gets a line for each thing that is not in it.
  absl::Status Write(std::vector<std::string>* remarks);

 private:
  const DependencyFileOptions options_;
  Trace trace_{nullptr};
  FileStates states_;
  // A line whose end has not come yet.
  std::string begun_;
};

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_DEPENDENCY_FILE_H_
