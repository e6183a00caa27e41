#include "core/environment.h"

#include <unistd.h>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/wire.h"

namespace filemon {

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
    if (absl::c_linear_search(present, library)) {
      preload = std::string(variable);
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
