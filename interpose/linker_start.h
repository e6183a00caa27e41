// What the dynamic linker was told when it started this image: by variables
// whose names begin with LD_, and, where it was executed by its own name, by
// options (ld.so(8)).
#ifndef FILEMON_INTERPOSE_LINKER_START_H_
#define FILEMON_INTERPOSE_LINKER_START_H_

#include <stddef.h>

#include "interpose/sys.h"

namespace filemon {

// Each is null if it was not given.
struct LinkerStart {
  LinkerStart() = default;
  ~LinkerStart() {
    if (options != nullptr) sys::UnmapMemory(options, kOptionsSize);
  }
  LinkerStart(const LinkerStart&) = delete;
  LinkerStart& operator=(const LinkerStart&) = delete;

  const char* preload = nullptr;
  const char* library_path = nullptr;
  const char* audit = nullptr;
  const char* debug = nullptr;
  const char* debug_output = nullptr;
  const char* profile = nullptr;
  const char* profile_output = nullptr;
  // By options alone.
  const char* preload_option = nullptr;
  const char* audit_option = nullptr;
  bool without_cache = false;

  // Where they lie.
  static constexpr size_t kOptionsSize = 16384;
  char* options = nullptr;
};

// Reads the variables.
void ReadLinkerVariables(char* const* environment, LinkerStart* out);

// True if `path` is named like a dynamic linker.
bool IsDynamicLinker(const char* path);

// True if `argv` makes a dynamic linker tell something and run no program.
bool RunsNoProgram(char* const* argv);

// True if the program was given to the dynamic linker as an argument: the
// kernel has not started it as a program's interpreter.
bool IsRunByLinker();

// Reads the options that /proc/self/cmdline has. Without /proc there are none.
void ReadLinkerOptions(LinkerStart* out);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_LINKER_START_H_
