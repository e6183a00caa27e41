#include "bazel/lint/commands.h"

#include <stdio.h>

#include "bazel/lint/lint.h"
#include "bazel/lint/unused_inputs.h"

namespace filemon::lint {
namespace {

// The word that `filemon` keeps for itself, and those that it kept before.
constexpr absl::string_view kBazel = "bazel";
constexpr absl::string_view kOldLint = "bazel-lint";
constexpr absl::string_view kOldUnusedInputs = "bazel-unused-inputs";

constexpr char kUsage[] =
    R"(usage: filemon bazel lint [OPTIONS] LOGS...
       filemon bazel unused [OPTIONS]

lint compares what the actions of a build have used with what they declare;
unused tells Bazel which inputs an action has not read. --help of each tells
more. filemon -- bazel runs Bazel itself.
)";

}  // namespace

bool IsCommand(absl::string_view name) {
  return name == kBazel || name == kOldLint || name == kOldUnusedInputs;
}

int RunCommand(const std::vector<std::string>& arguments) {
  std::string verb = arguments.front();
  auto rest = arguments.begin() + 1;
  if (verb == kBazel) verb = rest != arguments.end() ? *rest++ : "";
  const std::vector<std::string> options(rest, arguments.end());
  if (verb == "lint" || verb == kOldLint) return RunLint(options);
  if (verb == "unused" || verb == kOldUnusedInputs) {
    return RunUnusedInputs(options);
  }
  const bool asked = verb == "--help" || verb == "-h";
  fputs(kUsage, asked ? stdout : stderr);
  constexpr int kTrouble = 2;
  return asked ? 0 : kTrouble;
}

}  // namespace filemon::lint
