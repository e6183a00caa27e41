// The filemon command.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "bazel/lint/commands.h"
#include "core/options.h"
#include "core/run.h"

namespace {

constexpr char kVersion[] = "0.1.0";

// A descriptor that we open must not become standard output by accident, of us
// or of CMD. These are closed again by the exec of CMD, and not for writing: a
// log that is to go to a closed standard output is an error.
void FillStandardDescriptors() {
  int fd;
  do {
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) close(fd);
}

int Print(const std::string& text) {
  const bool written = fputs(text.c_str(), stdout) >= 0 && fflush(stdout) == 0;
  if (written) return 0;
  filemon::Complain("cannot write to standard output");
  return filemon::kFilemonFailed;
}

}  // namespace

int main(int argc, char** argv) {
  FillStandardDescriptors();
  if (argc > 1 && filemon::lint::IsCommand(argv[1])) {
    return filemon::lint::RunCommand(
        std::vector<std::string>(argv + 1, argv + argc));
  }
  const auto options =
      filemon::ParseOptions(std::vector<std::string>(argv + 1, argv + argc));
  if (!options.ok()) {
    filemon::Complain(std::string(options.status().message()));
    return filemon::kFilemonFailed;
  }
  if (options->help) return Print(std::string(filemon::HelpText()));
  if (options->version) {
    return Print(std::string("filemon ") + kVersion + " (log format 5)\n");
  }
  return filemon::Run(*options);
}
