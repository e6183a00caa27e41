// Commands that libc runs through a shell. The shell's process is created
// inside libc and makes itself known by its own start; only its end may have to
// be told by the call.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <wordexp.h>

#include "interpose/environment.h"
#include "interpose/report.h"
#include "interpose/wrapper.h"

extern "C" char** environ __attribute__((weak));

namespace filemon {
namespace {

int SomeChildResult(int wait_status) {
  if (wait_status != -1 && Tracing()) ReportSomeChildEnded(wait_status);
  return wait_status;
}

// libc's own children get `environ` as it stands. Where the program has thrown
// our entries out of it, it is replaced for the time of the call: other threads
// see our entries meanwhile, and nothing else.
class EnvironmentForLibc {
 public:
  explicit EnvironmentForLibc(char* const* traced)
      : own_(const_cast<char**>(Environment())),
        traced_(const_cast<char**>(traced)) {
    if (traced_ != own_) environ = traced_;
  }
  ~EnvironmentForLibc() {
    if (traced_ != own_ && environ == traced_) environ = own_;
  }
  EnvironmentForLibc(const EnvironmentForLibc&) = delete;
  EnvironmentForLibc& operator=(const EnvironmentForLibc&) = delete;

 private:
  char** own_;
  char** traced_;
};

}  // namespace

FILEMON_WRAP(int, system, (const char* command)) {
  if (command == nullptr || !Tracing()) return FILEMON_NEXT(system)(command);
  FILEMON_TRACED_ENVIRONMENT(traced, Environment());
  int result;
  {
    const EnvironmentForLibc scope(traced);
    result = FILEMON_NEXT(system)(command);
  }
  return SomeChildResult(result);
}

#define FILEMON_WRAP_POPEN(name)                                       \
  FILEMON_WRAP(FILE*, name, (const char* command, const char* mode)) { \
    if (!Tracing()) return FILEMON_NEXT(name)(command, mode);          \
    FILEMON_TRACED_ENVIRONMENT(traced, Environment());                 \
    const EnvironmentForLibc scope(traced);                            \
    return FILEMON_NEXT(name)(command, mode);                          \
  }
FILEMON_WRAP_POPEN(popen)
FILEMON_WRAP_POPEN(_IO_popen)

FILEMON_WRAP(int, pclose, (FILE * stream)) {
  return SomeChildResult(FILEMON_NEXT(pclose)(stream));
}

// Command substitution runs a shell.
FILEMON_WRAP(int, wordexp, (const char* words, wordexp_t* result, int flags)) {
  if (!Tracing()) return FILEMON_NEXT(wordexp)(words, result, flags);
  FILEMON_TRACED_ENVIRONMENT(traced, Environment());
  const EnvironmentForLibc scope(traced);
  return FILEMON_NEXT(wordexp)(words, result, flags);
}

}  // namespace filemon
