// Runs CMD and collects its log: the filemon command without its arguments.
#ifndef FILEMON_CORE_RUN_H_
#define FILEMON_CORE_RUN_H_

#include "absl/strings/string_view.h"
#include "core/options.h"

namespace filemon {

// The exit statuses of the command that are not CMD's: as env(1)'s.
inline constexpr int kFilemonFailed = 125;
inline constexpr int kCannotExecute = 126;
inline constexpr int kNotFound = 127;

// Prints `filemon: MESSAGE` on standard error.
void Complain(absl::string_view message);

// Does the whole job of the command; returns its exit status. What goes wrong
// is said in one line on standard error.
int Run(const Options& options);

}  // namespace filemon

#endif  // FILEMON_CORE_RUN_H_
