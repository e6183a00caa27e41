// The environment that makes a program a traced process.
#ifndef FILEMON_CORE_ENVIRONMENT_H_
#define FILEMON_CORE_ENVIRONMENT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace filemon {

// `environment` ("NAME=VALUE" each) with `library` as the last of LD_PRELOAD
// and `session` as FILEMON_SESSION. What LD_PRELOAD names already stays, in
// order and in front: a sanitizer's runtime insists on being first. Unchanged
// where it makes the dynamic linker list libraries in the place of running the
// program.
std::vector<std::string> TracedEnvironment(
    const std::vector<std::string>& environment, absl::string_view library,
    absl::string_view session);

// True if a program of that path is named like a dynamic linker.
bool IsDynamicLinker(absl::string_view path);

// True if `command` makes a dynamic linker list libraries, and run nothing.
bool OnlyLists(const std::vector<std::string>& command);

// This process's environment.
std::vector<std::string> OwnEnvironment();

}  // namespace filemon

#endif  // FILEMON_CORE_ENVIRONMENT_H_
