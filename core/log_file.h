// The file that a log is written to.
#ifndef FILEMON_CORE_LOG_FILE_H_
#define FILEMON_CORE_LOG_FILE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace filemon {

// Opens what --output names: a file, which is created or emptied; `-`, standard
// output; `fd:N`, an inherited descriptor, which is made close-on-exec so that
// no descendant keeps it open. Returns the descriptor.
absl::StatusOr<int> OpenLog(absl::string_view output);

}  // namespace filemon

#endif  // FILEMON_CORE_LOG_FILE_H_
