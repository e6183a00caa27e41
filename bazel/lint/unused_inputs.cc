#include "bazel/lint/unused_inputs.h"

#include <stdio.h>

#include <filesystem>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bazel/lint/findings.h"
#include "bazel/lint/whole_file.h"
#include "core/paths.h"

namespace filemon::lint {
namespace {

constexpr int kFailed = 2;

bool HasAtOrBelow(const FileUse::Paths& paths, const std::string& folder) {
  if (paths.contains(folder)) return true;
  const auto path = paths.lower_bound(folder + "/");
  return path != paths.end() && absl::StartsWith(*path, folder + "/");
}

std::string Canonical(const std::string& path) {
  std::error_code error;
  std::string real = std::filesystem::canonical(path, error);
  return error ? path : real;
}

}  // namespace

std::vector<std::string> UnusedInputs(const std::vector<std::string>& inputs,
                                      const FileUse& use,
                                      const std::string& folder,
                                      const RealPath& real_path) {
  if (!IsWhole(use)) return {};
  FileUse::Paths used;
  for (const FileUse::Paths* paths : {&use.read, &use.touched}) {
    for (const std::string& name : *paths) {
      const std::string path = CleanPath(JoinPath(folder, name));
      used.insert(real_path(path));
      used.insert(path);
    }
  }
  std::vector<std::string> unused;
  absl::c_copy_if(inputs, std::back_inserter(unused),
                  [&](const std::string& input) {
                    const std::string path = CleanPath(JoinPath(folder, input));
                    return !HasAtOrBelow(used, path) &&
                           !HasAtOrBelow(used, real_path(path));
                  });
  return unused;
}

int RunUnusedInputs(const std::vector<std::string>& arguments) {
  const auto fail = [](absl::string_view why) {
    fprintf(stderr, "filemon bazel-unused-inputs: %s\n",
            std::string(why).c_str());
    return kFailed;
  };
  if (arguments.size() != 2) return fail("usage: LOG INPUTS");
  const auto log = WholeFile(arguments[0]);
  if (!log.ok()) return fail(log.status().message());
  const auto names = WholeFile(arguments[1]);
  if (!names.ok()) return fail(names.status().message());

  std::error_code error;
  const std::string folder = std::filesystem::current_path(error);
  const std::vector<std::string> inputs =
      absl::StrSplit(*names, '\n', absl::SkipEmpty());
  for (const std::string& input :
       UnusedInputs(inputs, ReadFileUse(*log), folder, Canonical)) {
    puts(input.c_str());
  }
  return fflush(stdout) == 0 ? 0 : fail("cannot write to standard output");
}

}  // namespace filemon::lint
