// The exec family.
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>

#include "interpose/environment.h"
#include "interpose/exec.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

// The arguments of execl() and its kin as an array in the caller's frame.
// `arguments` is left after the null, where execle() has its environment.
#define FILEMON_ARGUMENT_ARRAY(argv, first, arguments)                       \
  size_t argv##_count = 1;                                                   \
  {                                                                          \
    va_list counting;                                                        \
    va_copy(counting, arguments);                                            \
    if (first != nullptr) {                                                  \
      while (va_arg(counting, const char*) != nullptr) ++argv##_count;       \
    }                                                                        \
    va_end(counting);                                                        \
  }                                                                          \
  auto** argv =                                                              \
      static_cast<const char**>(alloca((argv##_count + 1) * sizeof(char*))); \
  argv[0] = first;                                                           \
  for (size_t i = 1; first != nullptr && i <= argv##_count; ++i) {           \
    argv[i] = va_arg(arguments, const char*);                                \
  }

char* const* Pointers(const char** argv) {
  return const_cast<char* const*>(argv);
}

}  // namespace

FILEMON_WRAP(int, execve,
             (const char* path, char* const* argv, char* const* envp)) {
  return Exec(PathAt::Here(path), argv, envp, 0);
}

FILEMON_WRAP(int, execv, (const char* path, char* const* argv)) {
  return Exec(PathAt::Here(path), argv, Environment(), 0);
}

FILEMON_WRAP(int, execvp, (const char* file, char* const* argv)) {
  return ExecSearching(file, argv, Environment());
}

FILEMON_WRAP(int, execvpe,
             (const char* file, char* const* argv, char* const* envp)) {
  return ExecSearching(file, argv, envp);
}

FILEMON_WRAP(int, execl, (const char* path, const char* first, ...)) {
  va_list arguments;
  va_start(arguments, first);
  FILEMON_ARGUMENT_ARRAY(argv, first, arguments);
  va_end(arguments);
  return Exec(PathAt::Here(path), Pointers(argv), Environment(), 0);
}

FILEMON_WRAP(int, execlp, (const char* file, const char* first, ...)) {
  va_list arguments;
  va_start(arguments, first);
  FILEMON_ARGUMENT_ARRAY(argv, first, arguments);
  va_end(arguments);
  return ExecSearching(file, Pointers(argv), Environment());
}

FILEMON_WRAP(int, execle, (const char* path, const char* first, ...)) {
  va_list arguments;
  va_start(arguments, first);
  FILEMON_ARGUMENT_ARRAY(argv, first, arguments);
  char* const* const envp = va_arg(arguments, char* const*);
  va_end(arguments);
  return Exec(PathAt::Here(path), Pointers(argv), envp, 0);
}

FILEMON_WRAP(int, fexecve, (int fd, char* const* argv, char* const* envp)) {
  if (fd < 0 || argv == nullptr || envp == nullptr) {
    errno = EINVAL;
    return -1;
  }
  const int result = Exec({fd, ""}, argv, envp, AT_EMPTY_PATH);
  if (errno != ENOSYS) return result;
  // Before Linux 3.19: by the descriptor's name, as libc did.
  char path[32];
  TextBuilder(path, sizeof(path))
      .Add("/proc/self/fd/")
      .AddDecimal(static_cast<uint64_t>(fd));
  return Exec(PathAt::Here(path), argv, envp, 0);
}

FILEMON_WRAP(int, execveat,
             (int dirfd, const char* path, char* const* argv, char* const* envp,
              int flags)) {
  return Exec({dirfd, path}, argv, envp, flags);
}

}  // namespace filemon
