#include "core/paths.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace filemon {
std::string JoinPath(absl::string_view dir, absl::string_view name) {
  std::string path;
  path.reserve(dir.size() + 1 + name.size());
  path.assign(dir.data(), dir.size());
  AppendPath(name, &path);
  return path;
}

void AppendPath(absl::string_view name, std::string* path) {
  if (name.empty()) return;
  if (absl::StartsWith(name, "/")) path->clear();
  if (!path->empty() && path->back() != '/') path->push_back('/');
  path->append(name.data(), name.size());
}

std::string CleanPath(absl::string_view path) {
  std::string clean(path);
  CleanInPlace(&clean);
  return clean;
}

void CleanInPlace(std::string* path) {
  const bool absolute = absl::StartsWith(*path, "/");
  char* const root = &(*path)[0] + (absolute ? 1 : 0);
  const char* const end = path->data() + path->size();
  // Where the next component goes, and
  // from where on `..` takes them back.
  char* to = root;
  char* floor = root;
  for (const char* from = root; from != end;) {
    if (*from == '/') {
      ++from;
      continue;
    }
    const char* const begin = from;
    while (from != end && *from != '/') ++from;
    const absl::string_view part(begin, from - begin);
    if (part == ".") continue;
    const bool up = part == "..";
    if (up && to != floor) {
      while (to != floor && *--to != '/') continue;
      continue;
    }
    if (up && absolute) continue;
    if (to != root) *to++ = '/';
    to = std::copy(part.begin(), part.end(), to);
    if (up) floor = to;
  }
  path->resize(to - path->data());
  if (path->empty()) *path = ".";
}

bool IsCleanPath(absl::string_view path) {
  if (!absl::StartsWith(path, "/") || absl::EndsWith(path, "/")) return false;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '/') continue;
    // A component begins here, which is no `.` or `..`; what else begins with a
    // dot is rare.
    if (path[i + 1] == '/' || path[i + 1] == '.') return false;
  }
  return true;
}

absl::string_view LastComponent(absl::string_view name) {
  const size_t end = name.find_last_not_of('/');
  name = name.substr(0, end == name.npos ? 0 : end + 1);
  return name.substr(name.rfind('/') + 1);
}

}  // namespace filemon
