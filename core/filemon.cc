// The filemon command.
#include <stdio.h>

#include <string>
#include <vector>

#include "bazel/lint/commands.h"
#include "core/log/log_command.h"
#include "core/options.h"
#include "core/run.h"
#include "core/standard_descriptors.h"
#include "core/version.h"

namespace {

int Print(const std::string& text) {
  const bool written = fputs(text.c_str(), stdout) >= 0 && fflush(stdout) == 0;
  if (written) return 0;
  filemon::Complain("cannot write to standard output");
  return filemon::kFilemonFailed;
}

}  // namespace

int main(int argc, char** argv) {
  filemon::FillStandardDescriptors();
  if (argc > 1 && filemon::lint::IsCommand(argv[1])) {
    return filemon::lint::RunCommand(
        std::vector<std::string>(argv + 1, argv + argc));
  }
  if (argc > 1 && argv[1] == std::string(filemon::log::kLogWord)) {
    return filemon::log::RunLogCommand(
        std::vector<std::string>(argv + 2, argv + argc));
  }
  const auto options =
      filemon::ParseOptions(std::vector<std::string>(argv + 1, argv + argc));
  if (!options.ok()) {
    filemon::Complain(std::string(options.status().message()));
    return filemon::kFilemonFailed;
  }
  if (options->help) return Print(std::string(filemon::HelpText()));
  if (options->version) {
    return Print(std::string("filemon ") + filemon::kVersion +
                 " (log format 5)\n");
  }
  return filemon::Run(*options);
}
