#include "core/environment.h"

#include <unistd.h>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/wire.h"

namespace filemon {

namespace {

// Whether `entry`, of LD_PRELOAD, is `library`, which has `$LIB` for the
// dynamic linker to fill in. A traced process hands on what it stands for,
// after a doubled slash (interpose/preload.h).
bool IsLibrary(absl::string_view entry, absl::string_view library) {
  if (entry == library) return true;
  constexpr absl::string_view kAnyFolder = "/$LIB/";
  const size_t root = library.rfind(kAnyFolder);
  return root != library.npos &&
         absl::ConsumePrefix(&entry, library.substr(0, root)) &&
         absl::ConsumePrefix(&entry, "//lib") &&
         absl::EndsWith(entry, library.substr(root + kAnyFolder.size() - 1));
}

}  // namespace

std::vector<std::string> TracedEnvironment(
    const std::vector<std::string>& environment, absl::string_view library,
    absl::string_view session) {
  constexpr absl::string_view kPreload = "LD_PRELOAD=";
  const std::string session_prefix = absl::StrCat(wire::kSessionVariable, "=");

  std::vector<std::string> result;
  std::string preload(library);
  for (absl::string_view variable : environment) {
    if (absl::StartsWith(variable, session_prefix)) continue;
    if (!absl::ConsumePrefix(&variable, kPreload)) {
      result.emplace_back(variable);
      continue;
    }
    const std::vector<absl::string_view> present =
        absl::StrSplit(variable, absl::ByAnyChar(": "), absl::SkipEmpty());
    const auto ours = absl::c_find_if(present, [&](absl::string_view entry) {
      return IsLibrary(entry, library);
    });
    if (ours != present.end()) {
      preload = absl::StrReplaceAll(variable, {{*ours, library}});
    } else if (!present.empty()) {
      preload = absl::StrCat(absl::StripTrailingAsciiWhitespace(variable), ":",
                             library);
    }
  }
  result.push_back(absl::StrCat(kPreload, preload));
  result.push_back(absl::StrCat(session_prefix, session));
  return result;
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> result;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    result.emplace_back(*variable);
  }
  return result;
}

}  // namespace filemon
