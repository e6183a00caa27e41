// The `log` part of the command: `filemon log VERB LOG...`.
#ifndef FILEMON_CORE_LOG_LOG_COMMAND_H_
#define FILEMON_CORE_LOG_LOG_COMMAND_H_

#include <string>
#include <vector>

namespace filemon::log {

// The one word that `filemon` keeps for itself: `filemon -- log` runs a program
// of that name.
inline constexpr char kLogWord[] = "log";

// `arguments` without the word itself; returns the exit status.
int RunLogCommand(const std::vector<std::string>& arguments);

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_LOG_COMMAND_H_
