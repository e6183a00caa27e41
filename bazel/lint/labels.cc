#include "bazel/lint/labels.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace filemon::lint {
namespace {

// Takes the first component off `path`.
absl::string_view TakeFirst(absl::string_view* path) {
  const size_t slash = path->find('/');
  const absl::string_view first = path->substr(0, slash);
  path->remove_prefix(slash == path->npos ? path->size() : slash + 1);
  return first;
}

}  // namespace

absl::string_view PackageOf(absl::string_view label) {
  return label.substr(0, label.find(':'));
}

bool IsExternal(absl::string_view label) {
  return absl::StartsWith(label, "@");
}

Labels::Labels(const ActionGraph& graph, HasBuildFile has_build_file)
    : has_build_file_(std::move(has_build_file)) {
  for (const Action& action : graph.actions()) {
    if (action.target.empty()) continue;
    // @a and @@a are the same repository under two names, or one under its
    // only one.
    absl::string_view package = PackageOf(action.target);
    if (absl::StartsWith(package, "@@")) package.remove_prefix(1);
    packages_.emplace(package);
  }
}

bool Labels::IsPackage(absl::string_view repository,
                       absl::string_view folder) const {
  if (packages_.contains(absl::StrCat(repository, "//", folder))) return true;
  return repository.empty() && has_build_file_(std::string(folder));
}

std::string Labels::Of(absl::string_view exec_path) const {
  absl::string_view rest = exec_path;
  // bazel-out/CONFIGURATION/bin/, or genfiles or testlogs.
  if (absl::ConsumePrefix(&rest, "bazel-out/")) {
    TakeFirst(&rest);
    TakeFirst(&rest);
  }
  std::string repository;
  if (absl::ConsumePrefix(&rest, "external/")) {
    repository = absl::StrCat("@", TakeFirst(&rest));
  }
  if (rest.empty()) return "";
  for (size_t end = rest.rfind('/');; end = rest.rfind('/', end - 1)) {
    const absl::string_view folder =
        end == rest.npos ? absl::string_view() : rest.substr(0, end);
    if (IsPackage(repository, folder)) {
      const size_t name = folder.empty() ? 0 : folder.size() + 1;
      return absl::StrCat(repository, "//", folder, ":", rest.substr(name));
    }
    if (folder.empty()) return "";
  }
}

}  // namespace filemon::lint
