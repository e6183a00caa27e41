// What the result of a trace depends on.
#ifndef FILEMON_CORE_LOG_DEPS_H_
#define FILEMON_CORE_LOG_DEPS_H_

#include <vector>

#include "core/log/file_states.h"
#include "core/log/names.h"

namespace filemon::log {

// The files that were there before the trace and were read or executed, and
// that it has not made, changed or removed itself; in the order in which they
// were first used. Folders, devices and what is not there any more are left
// out: the disk is asked.
std::vector<NameId> Dependencies(const FileStates& states, const Names& names);

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_DEPS_H_
