#include "tests/kernel_truth/record.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace filemon {
namespace truth {

std::string Describe(int pid, const Record& record) {
  std::string text;
  for (const std::string& name : record.at_names) {
    absl::StrAppend(&text, "A ", pid, " ", name, "; ");
  }
  absl::StrAppend(&text, absl::string_view(&record.letter, 1), " ", pid, " ",
                  record.text);
  return text;
}

std::string LogName(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"\n", "\\n"}});
}

std::string Quoted(absl::string_view a, absl::string_view b) {
  return absl::StrCat("'", a, "' '", b, "'");
}

std::string Absolute(absl::string_view dir, absl::string_view name,
                     const FollowLink& follow) {
  const std::string whole = absl::StartsWith(name, "/")
                                ? std::string(name)
                                : absl::StrCat(dir, "/", name);
  std::string path;
  for (absl::string_view part : absl::StrSplit(whole, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      absl::StrAppend(&path, "/", part);
      continue;
    }
    if (follow != nullptr) path = follow(path).value_or(path);
    path.resize(std::min(path.size(), path.rfind('/')));
  }
  return path.empty() ? "/" : path;
}

}  // namespace truth
}  // namespace filemon
