#include "interpose/exec.h"

#include <errno.h>
#include <linux/limits.h>
#include <sys/stat.h>

#include "interpose/environment.h"
#include "interpose/kernel_names.h"
#include "interpose/libraries.h"
#include "interpose/process.h"
#include "interpose/program_class.h"
#include "interpose/readable.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// Where programs are sought without PATH: confstr(_CS_PATH) in glibc.
constexpr char kDefaultSearchPath[] = "/bin:/usr/bin";
constexpr char kShell[] = "/bin/sh";

// Who is about to run another program.
struct Executor {
  const uint32_t forks = g_forks;
  const ProcessId process = CurrentProcess();

  // A signal handler may have forked since, and this be its child.
  ProcessId Now() const {
    return __builtin_expect(forks == g_forks, 1) ? process : CurrentProcess();
  }
};

void EmitExec(const Executor& executor, int32_t obstacle, const char* directory,
              const char* name) {
  OutgoingRecord record = {wire::Kind::kExec, executor.Now()};
  record.a = obstacle;
  record.name[0] = directory;
  record.name[1] = name;
  // Not in a vfork child, whose parent's they are.
  if (record.process.pid == ThisSession().pid) ReportLateLibraries();
  Emit(record);
}

int Fail(long result) {
  errno = static_cast<int>(-result);
  return -1;
}

// Announced apart from the exec itself, so that its large buffers are off the
// stack again when the kernel copies arguments.
__attribute__((noinline)) void AnnounceExec(const Executor& executor,
                                            PathAt path, int flags,
                                            int32_t obstacle) {
  if ((flags & AT_EMPTY_PATH) != 0 && path.name[0] == '\0') {
    PathBuffer file;
    file.Fill([&](char* out, size_t size) {
      // As the new image will see itself, be it a memfd.
      return WithRemovedMark(NameOfDescriptor(path.dirfd, out, size), out,
                             size);
    });
    EmitExec(executor, obstacle, "", file.path());
  } else if (path.dirfd == AT_FDCWD || path.name[0] == '/') {
    EmitExec(executor, obstacle, "", path.name);
  } else {
    const Directory directory(path);
    EmitExec(executor, obstacle, directory.path(), directory.name());
  }
}

// execve(), or execveat() where that is needed: older kernels have only the
// one.
long KernelExec(PathAt path, char* const* argv, char* const* environment,
                int flags) {
  if (path.dirfd == AT_FDCWD && flags == 0) {
    return sys::ProgramsCall(SYS_execve, sys::Arg(path.name), sys::Arg(argv),
                             sys::Arg(environment));
  }
  return sys::ProgramsCall(SYS_execveat, path.dirfd, sys::Arg(path.name),
                           sys::Arg(argv), sys::Arg(environment), flags);
}

// Tries `path` as a program, then as a shell script without "#!".
int ExecOrShell(const char* path, char* const* argv, char* const* environment) {
  Exec(PathAt::Here(path), argv, environment, 0);
  if (errno != ENOEXEC) return -1;
  size_t count = 0;
  while (argv[count] != nullptr) ++count;
  // sh, the script, the arguments after argv[0], null.
  auto** shell_argv =
      static_cast<const char**>(alloca((count + 3) * sizeof(char*)));
  shell_argv[0] = kShell;
  shell_argv[1] = path;
  size_t n = 2;
  for (size_t i = 1; i < count; ++i) shell_argv[n++] = argv[i];
  shell_argv[n] = nullptr;
  return Exec(PathAt::Here(kShell), const_cast<char* const*>(shell_argv),
              environment, 0);
}

// Calls visit(path) for each place where a search looks for `file`, until it
// returns true.
template <typename Visit>
bool SearchProgram(const char* file, Visit visit) {
  const char* list = nullptr;
  if (char* const* environment = Environment()) {
    list = FindVariable(environment, "PATH");
  }
  if (list == nullptr) list = kDefaultSearchPath;
  // As libc does: no more of the stack than this search can need.
  const size_t longest = strlen(list) + 1 + strlen(file) + 1;
  const size_t size = longest < PATH_MAX ? longest : PATH_MAX;
  char* const path = static_cast<char*>(alloca(size));
  for (;;) {
    size_t n = 0;
    while (list[n] != '\0' && list[n] != ':') ++n;
    TextBuilder text(path, size);
    text.Add(list, n);
    if (n > 0) text.Add("/");  // an empty element is the current directory
    text.Add(file);
    if (text.ok() && visit(path)) return true;
    if (list[n] == '\0') return false;
    list += n + 1;
  }
}

}  // namespace

int Exec(PathAt path, char* const* argv, char* const* environment, int flags) {
  const bool tracing = Tracing();
  const PreloadFor image = tracing ? PreloadForProgram(path, argv)
                                   : PreloadForDormant(path, environment);
  // Whose class is known the kernel has found by its name.
  if (tracing && image != PreloadFor::kThisClass &&
      !IsReadableText(path.name)) {
    return Fail(KernelExec(path, argv, environment, flags));
  }
  if (!tracing) {
    FILEMON_TRACED_ENVIRONMENT(right, environment, image);
    return Fail(KernelExec(path, argv, right, flags));
  }
  const Executor executor;
  FILEMON_TRACED_ENVIRONMENT(traced, environment, image, executor.process);
  const int32_t obstacle = traced_builder.obstacle();
  AnnounceExec(executor, path, flags, obstacle);
  // An image that is not ours shall not have our descriptor.
  if (obstacle != 0) sys::SetCloseOnExec(ThisSession().fd, true);
  const long result = KernelExec(path, argv, traced, flags);
  if (obstacle != 0) sys::SetCloseOnExec(ThisSession().fd, false);
  Emit({wire::Kind::kExecFailed, CurrentProcess()});
  return Fail(result);
}

int ExecSearching(const char* file, char* const* argv,
                  char* const* environment) {
  if (file[0] == '\0') return Fail(-ENOENT);
  if (HasSlash(file)) return ExecOrShell(file, argv, environment);
  if (strlen(file) > NAME_MAX) return Fail(-ENAMETOOLONG);
  bool denied = false;
  int error = ENOENT;
  SearchProgram(file, [&](const char* path) {
    // A look first: announcing and withdrawing each try would cost more.
    sys::Identity id;
    const int looked = sys::Stat(AT_FDCWD, path, 0, &id);
    if (looked < 0 && !sys::Denies(sys::kStat)) {
      error = -looked;
    } else {
      ExecOrShell(path, argv, environment);
      error = errno;
    }
    switch (error) {
      case EACCES:
        denied = true;  // another directory may have it; said if none does
        return false;
      case ENOENT:
      case ESTALE:
      case ENOTDIR:
      case ENODEV:
      case ETIMEDOUT:
        return false;
      default:
        return true;
    }
  });
  return Fail(denied ? -EACCES : -error);
}

bool FindProgram(const char* file, char* out, size_t size) {
  if (file[0] == '\0') return false;
  const auto take = [&](const char* path) {
    sys::Identity id;
    if (sys::Stat(AT_FDCWD, path, 0, &id) != 0 || !S_ISREG(id.mode) ||
        (id.mode & 0111) == 0) {
      return false;
    }
    return TextBuilder(out, size).Add(path).ok();
  };
  return HasSlash(file) ? take(file) : SearchProgram(file, take);
}

}  // namespace filemon
