// Path names as text: nothing here looks at the file system.
#ifndef FILEMON_CORE_PATHS_H_
#define FILEMON_CORE_PATHS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace filemon {

// `name` as seen from the directory `dir`: an absolute `name` stays itself, an
// empty one is `dir` itself. An empty `dir` means that it is not known.
std::string JoinPath(absl::string_view dir, absl::string_view name);

// Makes JoinPath(*path, name) of `*path`. `name` is not in it.
void AppendPath(absl::string_view name, std::string* path);

// `path` without empty and `.` components, and with each `..` taken back
// against the component before it, which is what a reader of the text expects
// and not always what the kernel does: after a symbolic link to a directory,
// `..` leads elsewhere. A relative path stays relative.
std::string CleanPath(absl::string_view path);

// Makes CleanPath(*path) of `*path`.
void CleanInPlace(std::string* path);

// True of most absolute paths that are clean, and of no path that is not.
bool IsCleanPath(absl::string_view path);

// True of the path of a file that has been removed, as wire.h writes it.
inline bool IsRemoved(absl::string_view path) {
  return path.size() > 1 && path.back() == '/';
}

// The last component of a name, without slashes behind it.
absl::string_view LastComponent(absl::string_view name);

}  // namespace filemon

#endif  // FILEMON_CORE_PATHS_H_
