// Dependency files for make and ninja.
#ifndef FILEMON_CORE_LOG_DEPFILE_H_
#define FILEMON_CORE_LOG_DEPFILE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace filemon::log {

// Who reads the file. GNU make and ninja agree on most names, but not on all:
// kBoth has only the names that both take for what they are.
enum class DepfileReader { kBoth, kMake, kNinja };

// `name` as it has to stand in a dependency file; nothing if the reader cannot
// be told of such a name. Tried with make 4.3 and ninja 1.11.
absl::optional<std::string> DepfileName(absl::string_view name,
                                        DepfileReader reader);

struct Depfile {
  std::string text;
  // Names that `text` is without.
  std::vector<std::string> left_out;
};

// The rule "TARGETS: INPUTS", and a rule without a recipe for each input, so
// that make goes on when one is gone. `targets` must not be empty.
Depfile MakeDepfile(const std::vector<std::string>& targets,
                    const std::vector<std::string>& inputs,
                    DepfileReader reader);

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_DEPFILE_H_
