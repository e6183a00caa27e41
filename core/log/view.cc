#include "core/log/view.h"

#include <fnmatch.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/paths.h"

namespace filemon::log {
namespace {

bool IsAtOrBelow(absl::string_view path, absl::string_view folder) {
  return absl::StartsWith(path, folder) &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace

bool IsSystemPath(absl::string_view path) {
  static constexpr absl::string_view kFolders[] = {
      "/usr", "/bin", "/sbin", "/etc", "/proc", "/sys", "/dev",
  };
  for (const absl::string_view folder : kFolders) {
    if (IsAtOrBelow(path, folder)) {
      // What users install by themselves is theirs.
      return !IsAtOrBelow(path, "/usr/local");
    }
  }
  // /lib, /lib32, /lib64, /libx32
  if (!absl::StartsWith(path, "/lib")) return false;
  const absl::string_view name = path.substr(0, path.find('/', 1));
  return name == "/lib" || name == "/lib32" || name == "/lib64" ||
         name == "/libx32";
}

bool IsPseudoFile(absl::string_view path) {
  for (const absl::string_view folder : {"/proc/", "/sys/", "/dev/"}) {
    if (absl::StartsWith(path, folder)) return true;
  }
  return false;
}

View::View(const Options& options, absl::string_view cwd, bool with_system)
    : relative_to_(
          CleanPath(options.relative_to.empty() ? cwd : options.relative_to)),
      with_system_(with_system || options.system || !options.only.empty()) {
  for (const std::string& text : options.only) only_.push_back({text});
  for (const std::string& text : options.leave_out) {
    leave_out_.push_back({text});
  }
}

bool View::Matches(const Pattern& pattern, const std::string& path,
                   const std::string& shown) {
  // A `*` goes over slashes, as in find -path.
  const bool matches = fnmatch(pattern.text.c_str(), path.c_str(), 0) == 0 ||
                       fnmatch(pattern.text.c_str(), shown.c_str(), 0) == 0;
  if (matches) pattern.met = true;
  return matches;
}

bool View::Shows(absl::string_view path) const {
  if (!with_system_ && IsSystemPath(path)) return false;
  if (only_.empty() && leave_out_.empty()) return true;
  const std::string whole(path);
  const std::string shown = Name(path);
  bool wanted = only_.empty();
  for (const Pattern& pattern : only_) {
    if (Matches(pattern, whole, shown)) wanted = true;
  }
  for (const Pattern& pattern : leave_out_) {
    if (Matches(pattern, whole, shown)) wanted = false;
  }
  return wanted;
}

std::string View::Name(absl::string_view path) const {
  if (relative_to_.empty() || relative_to_ == "/" ||
      !IsAtOrBelow(path, relative_to_)) {
    return std::string(path);
  }
  if (path.size() == relative_to_.size()) return ".";
  return std::string(path.substr(relative_to_.size() + 1));
}

std::string View::UnmetPattern() const {
  for (const auto* patterns : {&only_, &leave_out_}) {
    for (const Pattern& pattern : *patterns) {
      if (!pattern.met) return pattern.text;
    }
  }
  return "";
}

}  // namespace filemon::log
