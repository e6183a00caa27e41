// Commands that libc runs through a shell. The shell's process is created
// inside libc and makes itself known by its own start; only its end may have to
// be told by the call.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <wordexp.h>

#include "interpose/apart.h"
#include "interpose/layout.h"
#include "interpose/lent_environment.h"
#include "interpose/process.h"
#include "interpose/readable.h"
#include "interpose/report.h"
#include "interpose/shell.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

int SomeChildResult(int wait_status) {
  if (wait_status != -1 && Tracing()) ReportSomeChildEnded(wait_status);
  return wait_status;
}

}  // namespace

FILEMON_WRAP(int, system, (const char* command)) {
  // Only whether there is a shell.
  if (command == nullptr) return FILEMON_NEXT(system)(command);
  if (EnvironmentSuitsShell()) {
    return SomeChildResult(FILEMON_NEXT(system)(command));
  }
  return RunShell(command);
}

namespace {

// Which process is behind a popen() stream: libc keeps it to itself. A stream
// that finds no place is reported by its status alone.
struct Shell {
  FILE* stream;
  pid_t pid;
};
constexpr int kMaxShells = 32;
FILEMON_COLD Shell g_shells[kMaxShells];

// The children of a thread, as a list like "4711 4712 " (proc(5)).
struct ChildList {
  char path[64];
  uint64_t last;  // 0 if there are none

  static int Read(void* data) {
    auto* const list = static_cast<ChildList*>(data);
    const int fd = sys::Openat(AT_FDCWD, list->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fd;
    uint64_t number = 0;
    char text[256];
    long size;
    while ((size = sys::Read(fd, text, sizeof(text))) > 0) {
      for (long i = 0; i < size; ++i) {
        if (text[i] == ' ') {
          list->last = number;
          number = 0;
        } else {
          number = number * 10 + static_cast<uint64_t>(text[i] - '0');
        }
      }
    }
    sys::Close(fd);
    return 0;
  }
};

// The child that this thread created last: the end of its list. 0 if the kernel
// does not tell.
pid_t NewestChild() {
  // "PID/task/TID": another thread reads it.
  char thread[40];
  const long size = sys::Readlinkat(AT_FDCWD, "/proc/thread-self", thread,
                                    sizeof(thread) - 1);
  if (size <= 0) return 0;
  thread[size] = '\0';
  ChildList list = {};
  TextBuilder(list.path, sizeof(list.path))
      .Add("/proc/")
      .Add(thread)
      .Add("/children");
  RunApart(ChildList::Read, &list);
  return static_cast<pid_t>(list.last);
}

// Before the stream can be closed by anyone.
FILE* RememberShell(FILE* stream) {
  if (stream == nullptr) return stream;
  const pid_t pid = NewestChild();
  if (pid == 0) return stream;
  ReportChild(pid, 0);
  Shell* place = nullptr;
  for (Shell& shell : g_shells) {
    FILE* const taken = __atomic_load_n(&shell.stream, __ATOMIC_RELAXED);
    if (taken == stream) {  // closed by fclose() and used again
      place = &shell;
      break;
    }
    if (taken == nullptr && place == nullptr) place = &shell;
  }
  if (place != nullptr) {
    __atomic_store_n(&place->pid, pid, __ATOMIC_RELAXED);
    __atomic_store_n(&place->stream, stream, __ATOMIC_RELAXED);
  }
  return stream;
}

// 0 if it is not known.
pid_t TakeShell(FILE* stream) {
  for (Shell& shell : g_shells) {
    if (__atomic_load_n(&shell.stream, __ATOMIC_RELAXED) != stream) continue;
    const pid_t pid = __atomic_load_n(&shell.pid, __ATOMIC_RELAXED);
    __atomic_store_n(&shell.stream, nullptr, __ATOMIC_RELAXED);
    return pid;
  }
  return 0;
}

}  // namespace

#define FILEMON_WRAP_POPEN(name)                                       \
  FILEMON_WRAP(FILE*, name, (const char* command, const char* mode)) { \
    if (!EnvironmentSuitsShell() && IsShellMode(mode)) {               \
      return OpenShell(command, mode);                                 \
    }                                                                  \
    if (!Tracing()) return FILEMON_NEXT(name)(command, mode);          \
    return RememberShell(FILEMON_NEXT(name)(command, mode));           \
  }
FILEMON_WRAP_POPEN(popen)
FILEMON_WRAP_POPEN(_IO_popen)

FILEMON_WRAP(int, pclose, (FILE * stream)) {
  int result;
  if (CloseShell(stream, &result)) return result;
  if (!Tracing()) return FILEMON_NEXT(pclose)(stream);
  const pid_t pid = TakeShell(stream);
  const int status = FILEMON_NEXT(pclose)(stream);
  if (pid == 0 || status == -1) return SomeChildResult(status);
  ReportChildEnded(pid, status);
  return status;
}

namespace {

// Command substitution runs a shell; nothing else that wordexp() does looks at
// more of `environ` than the variables that the words name.
bool MayRunShell(const char* words, int flags) {
  if ((flags & WRDE_NOCMD) != 0 || !IsReadableText(words)) return false;
  for (; *words != '\0'; ++words) {
    if (*words == '`' || (words[0] == '$' && words[1] == '(')) return true;
  }
  return false;
}

}  // namespace

FILEMON_WRAP(int, wordexp, (const char* words, wordexp_t* result, int flags)) {
  if (!MayRunShell(words, flags) || EnvironmentSuitsShell()) {
    return FILEMON_NEXT(wordexp)(words, result, flags);
  }
  const LentEnvironment lent;
  return FILEMON_NEXT(wordexp)(words, result, flags);
}

}  // namespace filemon
