#include "core/library.h"

#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/paths.h"

namespace filemon {
namespace {

constexpr absl::string_view kFileName = "/libfilemon.so";

// What `$LIB` is for a 64-bit program: on Debian, and elsewhere.
constexpr absl::string_view kLibFolders[] = {"/lib/x86_64-linux-gnu", "/lib64"};

// The folders that hold the `$LIB` tree, seen from the command's own.
constexpr absl::string_view kTrees[] = {"../interpose", "../lib/filemon"};

}  // namespace

absl::StatusOr<std::string> FindLibrary(absl::string_view executable) {
  const absl::string_view dir = executable.substr(0, executable.rfind('/'));
  std::string tried;
  for (absl::string_view tree : kTrees) {
    const std::string root = CleanPath(JoinPath(dir, tree));
    for (absl::string_view folder : kLibFolders) {
      const std::string file = absl::StrCat(root, folder, kFileName);
      if (access(file.c_str(), R_OK) == 0) {
        return CheckPreloadable(absl::StrCat(root, "/$LIB", kFileName));
      }
    }
    absl::StrAppend(&tried, tried.empty() ? "" : " or ", root);
  }
  return absl::NotFoundError(absl::StrCat("libfilemon.so is missing: not in ",
                                          tried,
                                          " (FILEMON_LIBRARY can name it)"));
}

absl::StatusOr<std::string> CheckPreloadable(absl::string_view path) {
  if (path.find_first_of(": \t\n") != path.npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "LD_PRELOAD cannot carry a path with a blank or a colon: ", path));
  }
  return std::string(path);
}

}  // namespace filemon
