// Bazel's subcommands without the rest of `filemon`.
#include <stdio.h>

#include <string>
#include <vector>

#include "bazel/lint/commands.h"

int main(int argc, char** argv) {
  if (argc < 2 || !filemon::lint::IsCommand(argv[1])) {
    fputs("usage: commands bazel-lint|bazel-unused-inputs ARGUMENTS\n", stderr);
    return 2;
  }
  return filemon::lint::RunCommand(
      std::vector<std::string>(argv + 1, argv + argc));
}
