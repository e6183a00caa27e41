#include "core/library.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "core/paths.h"

namespace filemon {
namespace {

constexpr absl::string_view kFileName = "/libfilemon.so";

// What `$LIB` is for a 64-bit program: on Debian, and elsewhere.
constexpr absl::string_view kLibFolders[] = {"/lib/x86_64-linux-gnu", "/lib64",
                                             "/lib"};

// The folders that hold the `$LIB` tree, seen from the command's own.
constexpr absl::string_view kTrees[] = {"../interpose", "../lib/filemon"};

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#endif

// What libfilemon.so exports, and nobody else.
constexpr absl::string_view kOwnName = "filemon_session_open";

// Why the file is no libfilemon.so for a 64-bit program; empty if it is one.
std::string ObstacleOf(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return strerror(errno);
  std::string bytes;
  char part[64 * 1024];
  ssize_t n;
  do {
    n = read(fd, part, sizeof(part));
    if (n > 0) bytes.append(part, n);
    // It may be anything, and without an end.
  } while (n > 0 && absl::StartsWith(bytes, ELFMAG));
  const int error = errno;
  close(fd);
  if (n < 0) return strerror(error);
  Elf64_Ehdr header;
  if (bytes.size() < sizeof(header) || !absl::StartsWith(bytes, ELFMAG)) {
    return "not an ELF file";
  }
  memcpy(&header, bytes.data(), sizeof(header));
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != kMachine) {
    return "built for another kind of program";
  }
  return header.e_type == ET_DYN && absl::StrContains(bytes, kOwnName)
             ? ""
             : "not a libfilemon.so";
}

// `path` with what ld.so may put for `$LIB` in it; the path itself if there is
// none in it.
std::vector<std::string> Expansions(absl::string_view path) {
  std::vector<std::string> expansions;
  for (absl::string_view folder : kLibFolders) {
    const absl::string_view lib = absl::StripPrefix(folder, "/");
    expansions.push_back(
        absl::StrReplaceAll(path, {{"${LIB}", lib}, {"$LIB", lib}}));
    if (expansions.back() == path) break;
  }
  return expansions;
}

}  // namespace

absl::StatusOr<std::string> CheckLibrary(absl::string_view path) {
  std::string obstacle = "not an absolute path";
  if (absl::StartsWith(path, "/")) {
    for (const std::string& file : Expansions(path)) {
      obstacle = ObstacleOf(file);
      if (obstacle.empty()) return CheckPreloadable(path);
      if (access(file.c_str(), F_OK) == 0) break;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("cannot use the library ", path, ": ", obstacle));
}

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
