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

  // A dynamic linker that lists the program's libraries in the place of running
  // it (ldd(1)) shall not list ours.
  const bool lists = absl::c_any_of(environment, [](absl::string_view entry) {
    return absl::StartsWith(entry, "LD_TRACE_LOADED_OBJECTS=") ||
           absl::StartsWith(entry, "LD_TRACE_PRELINKING=");
  });
  if (lists) return environment;
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

bool IsDynamicLinker(absl::string_view path) {
  const absl::string_view file = path.substr(path.rfind('/') + 1);
  return absl::StartsWith(file, "ld-linux") ||
         absl::StartsWith(file, "ld-musl-") ||
         absl::StartsWith(file, "ld.so") || absl::StartsWith(file, "ld64.so");
}

bool OnlyLists(const std::vector<std::string>& command) {
  if (command.empty() || !IsDynamicLinker(command[0])) return false;
  // An option's value may be taken for the program here; hardly anybody gives
  // one to a linker that is to list.
  for (size_t i = 1; i < command.size(); ++i) {
    if (!absl::StartsWith(command[i], "--")) return false;
    if (command[i] == "--list" || command[i] == "--verify") return true;
  }
  return false;
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> result;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    result.emplace_back(*variable);
  }
  return result;
}

}  // namespace filemon
