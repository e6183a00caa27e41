#include "bazel/lint/commands.h"

#include "bazel/lint/lint.h"
#include "bazel/lint/unused_inputs.h"

namespace filemon::lint {
namespace {

constexpr absl::string_view kLint = "bazel-lint";
constexpr absl::string_view kUnusedInputs = "bazel-unused-inputs";

}  // namespace

bool IsCommand(absl::string_view name) {
  return name == kLint || name == kUnusedInputs;
}

int RunCommand(const std::vector<std::string>& arguments) {
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  return arguments.front() == kLint ? RunLint(rest) : RunUnusedInputs(rest);
}

}  // namespace filemon::lint
