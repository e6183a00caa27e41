// The lint as a program of its own, beside `filemon bazel-lint`.
#include <string>
#include <vector>

#include "bazel/lint/lint.h"

int main(int argc, char** argv) {
  return filemon::lint::RunLint(
      std::vector<std::string>(argv + 1, argv + argc));
}
