#include "interpose/linker_start.h"

#include <elf.h>
#include <fcntl.h>
#include <stddef.h>

#include "interpose/auxiliary.h"
#include "interpose/layout.h"
#include "interpose/library_search.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

struct Variable {
  char name[16];
  const char* LinkerStart::*value;
};
constexpr Variable kVariables[] = {
    {"PRELOAD", &LinkerStart::preload},
    {"LIBRARY_PATH", &LinkerStart::library_path},
    {"AUDIT", &LinkerStart::audit},
    {"DEBUG", &LinkerStart::debug},
    {"DEBUG_OUTPUT", &LinkerStart::debug_output},
    {"PROFILE", &LinkerStart::profile},
    {"PROFILE_OUTPUT", &LinkerStart::profile_output},
};

// An option of glibc's or musl's dynamic linker.
struct Option {
  char name[24];
  bool has_value;
  bool runs_nothing;
  const char* LinkerStart::*value;
};
constexpr Option kOptions[] = {
    {"--library-path", true, false, &LinkerStart::library_path},
    {"--preload", true, false, &LinkerStart::preload_option},
    {"--audit", true, false, &LinkerStart::audit_option},
    {"--inhibit-rpath", true, false, nullptr},
    {"--argv0", true, false, nullptr},
    {"--glibc-hwcaps-prepend", true, false, nullptr},
    {"--glibc-hwcaps-mask", true, false, nullptr},
    {"--inhibit-cache", false, false, nullptr},
    {"--list", false, true, nullptr},
    {"--verify", false, true, nullptr},
    {"--list-tunables", false, true, nullptr},
    {"--list-diagnostics", false, true, nullptr},
    {"--help", false, true, nullptr},
    {"--version", false, true, nullptr},
};

const Option* FindOption(const char* word) {
  for (const Option& option : kOptions) {
    if (Equal(word, option.name)) return &option;
  }
  return nullptr;
}

// What is behind "NAME=", which musl's options have as well; null if `word`
// begins otherwise.
const char* ValueInside(const char* word, const char* name) {
  while (*name != '\0' && *word == *name) {
    ++word;
    ++name;
  }
  return *name == '\0' && *word == '=' ? word + 1 : nullptr;
}

}  // namespace

void ReadLinkerVariables(char* const* environment, LinkerStart* out) {
  for (; *environment != nullptr; ++environment) {
    const char* const entry = *environment;
    if (entry[0] != 'L' || entry[1] != 'D' || entry[2] != '_') continue;
    for (const Variable& variable : kVariables) {
      const char* const value = ValueInside(entry + 3, variable.name);
      if (value == nullptr) continue;
      // Of several, the last counts (elf/rtld.c, process_envvars()).
      out->*variable.value = value;
      break;
    }
  }
}

bool IsDynamicLinker(const char* path) {
  const char* const file = FileOf(path);
  if (file[0] != 'l' || file[1] != 'd') return false;
  return StartsWith(file, "ld-linux") || StartsWith(file, "ld-musl-") ||
         StartsWith(file, "ld.so") || StartsWith(file, "ld64.so") ||
         (StartsWith(file, "ld-") && file[3] >= '0' && file[3] <= '9');
}

FILEMON_RARE bool RunsNoProgram(char* const* argv) {
  if (argv == nullptr || argv[0] == nullptr) return false;
  for (++argv; *argv != nullptr && StartsWith(*argv, "--"); ++argv) {
    const Option* const option = FindOption(*argv);
    if (option == nullptr) continue;
    if (option->runs_nothing) return true;
    if (option->has_value && *++argv == nullptr) break;
  }
  return false;
}

bool IsRunByLinker() {
  enum { kUnknown, kNo, kYes };
  static char answer;
  if (answer == kUnknown) {
    // The kernel gives the interpreter's address, 0 if it has loaded none.
    answer = &getauxval != nullptr && getauxval(AT_BASE) == 0 ? kYes : kNo;
  }
  return answer == kYes;
}

FILEMON_RARE void ReadLinkerOptions(LinkerStart* out) {
  out->options = static_cast<char*>(sys::MapMemory(LinkerStart::kOptionsSize));
  if (out->options == nullptr) return;
  const int fd = sys::Openat(AT_FDCWD, "/proc/self/cmdline", sys::kLookFlags);
  if (fd < 0) return;
  // Options are in front: what they are followed by may be cut.
  const long size = sys::Read(fd, out->options, LinkerStart::kOptionsSize - 1);
  sys::Close(fd);
  const char* word = out->options;
  const char* const end = word + (size > 0 ? size : 0);
  const auto next = [&] {
    word += strlen(word) + 1;
    return word < end;
  };
  while (next() && StartsWith(word, "--")) {
    if (Equal(word, "--inhibit-cache")) out->without_cache = true;
    for (const Option& option : kOptions) {
      if (option.value == nullptr) continue;
      if (const char* const value = ValueInside(word, option.name)) {
        out->*option.value = value;
      }
    }
    const Option* const option = FindOption(word);
    if (option == nullptr || !option->has_value) continue;
    if (!next()) break;
    if (option->value != nullptr) out->*option->value = word;
  }
}

}  // namespace filemon
