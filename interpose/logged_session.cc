#include "interpose/logged_session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>

#include "interpose/control.h"
#include "interpose/environment.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

constexpr char kLogVariable[] = "FILEMON_LOG";
constexpr char kSuffix[] = ".filemon";

// How many files of a name there may be already in a folder of logs.
constexpr int kMostNamesakes = 10000;

const char* ErrorText(int error) {
  switch (error) {
    case EPERM:
      return "Operation not permitted";
    case ENOENT:
      return "No such file or directory";
    case EACCES:
      return "Permission denied";
    case EBADF:
      return "Bad file descriptor";
    case EISDIR:
      return "Is a directory";
    case ENOTDIR:
      return "Not a directory";
    case EINVAL:
      return "Invalid argument";
    case ENAMETOOLONG:
      return "File name too long";
    case ENOSPC:
      return "No space left on device";
    case EROFS:
      return "Read-only file system";
    case ELOOP:
      return "Too many levels of symbolic links";
    case EMFILE:
      return "Too many open files";
    case ENFILE:
      return "Too many open files in system";
    case ENOEXEC:
      return "Exec format error";
    case ENOMEM:
      return "Cannot allocate memory";
    case EAGAIN:
      return "Resource temporarily unavailable";
    case EIO:
      return "Input/output error";
    default:
      return nullptr;
  }
}

// One line on standard error, in one write.
void Complain(const char* what, const char* name, int error) {
  char line[PATH_MAX + 128];
  TextBuilder text(line, sizeof(line) - 1);
  text.Add("filemon: ").Add(what).Add(" '").Add(name).Add("': ");
  if (const char* reason = ErrorText(error)) {
    text.Add(reason);
  } else {
    text.Add("error ").AddDecimal(static_cast<uint64_t>(error));
  }
  const size_t size = text.size();
  line[size] = '\n';
  constexpr int kStandardError = 2;
  sys::Write(kStandardError, line, size + 1);
}

// The name of the program that runs, without its folder.
const char* ProgramName(char* buffer, size_t size) {
  const long n = sys::Readlinkat(AT_FDCWD, "/proc/self/exe", buffer, size - 1);
  if (n <= 0) return "program";
  buffer[n] = '\0';
  const char* const slash = FindLast(buffer, static_cast<size_t>(n), '/');
  return slash != nullptr ? slash + 1 : buffer;
}

void AddPidAndProgram(TextBuilder* text, char what) {
  if (what == 'p') {
    text->AddDecimal(static_cast<uint64_t>(sys::Getpid()));
  } else {
    char buffer[PATH_MAX];
    text->Add(ProgramName(buffer, sizeof(buffer)));
  }
}

// `target` with %p, %n and %% filled in. False if it is too long.
bool Expand(const char* target, char* out, size_t size) {
  TextBuilder text(out, size);
  for (; *target != '\0'; ++target) {
    if (*target != '%') {
      text.Add(target, 1);
      continue;
    }
    switch (target[1]) {
      case 'p':
      case 'n':
        AddPidAndProgram(&text, *++target);
        break;
      case '%':
        text.Add(target++, 1);
        break;
      default:
        text.Add(target, 1);
        break;
    }
  }
  return text.ok();
}

// A new file in the folder `folder`, for this process alone. Pids come again,
// and in pid namespaces all at once.
int OpenInFolder(const char* folder) {
  char path[PATH_MAX];
  for (int i = 0; i < kMostNamesakes; ++i) {
    TextBuilder text(path, sizeof(path));
    text.Add(folder).Add("/");
    AddPidAndProgram(&text, 'n');
    text.Add(".");
    AddPidAndProgram(&text, 'p');
    if (i > 0) text.Add("-").AddDecimal(static_cast<uint64_t>(i));
    text.Add(kSuffix);
    if (!text.ok()) return -ENAMETOOLONG;
    const int fd = static_cast<int>(
        sys::Call(SYS_openat, AT_FDCWD, sys::Arg(path),
                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (fd != -EEXIST) return fd;
  }
  return -EEXIST;
}

// The descriptor that `target` names or -errno.
int OpenTarget(const char* target) {
  if (StartsWith(target, "fd:")) {
    const char* number = target + 3;
    uint64_t fd;
    if (!ReadDecimal(&number, &fd) || *number != '\0' || fd > INT32_MAX) {
      return -EINVAL;
    }
    const int flags = sys::Fcntl(static_cast<int>(fd), F_GETFL);
    if (flags < 0) return flags;
    return (flags & O_ACCMODE) == O_RDONLY ? -EBADF : static_cast<int>(fd);
  }
  // No target: the program's output is its own.
  if (Equal(target, "-")) return -EINVAL;
  const int fd = static_cast<int>(
      sys::Call(SYS_openat, AT_FDCWD, sys::Arg(target),
                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  return fd == -EISDIR ? OpenInFolder(target) : fd;
}

// 0 or an errno.
int Begin(int socket, int log, int options, int32_t first, Membership* out,
          int* pipe) {
  control::Reply reply;
  const pid_t pid = sys::Getpid();
  const int error =
      Ask(socket, control::MakeRequest(control::Kind::kSetLog, pid, options),
          log, &reply, nullptr);
  if (error != 0) return error;
  const int attached = Ask(socket,
                           control::MakeRequest(control::Kind::kAttach, pid,
                                                control::kCaller | first),
                           -1, &reply, pipe);
  if (attached != 0) return attached;
  const bool waits = (first & control::kWaitAll) == 0;
  *out = MembershipFrom(reply, waits ? pid : 0);
  return *pipe < 0 ? EMFILE : 0;
}

// Takes FILEMON_LOG out of the program's environment, in its place: each of its
// children would try again, and complain again.
void StopAsking(const char* value) {
  char* const name = const_cast<char*>(value) - sizeof(kLogVariable);
  memcpy(name, "FILEMON_OFF", sizeof(kLogVariable) - 1);
}

bool IsSet(char* const* environment, const char* name) {
  const char* const value = FindVariable(environment, name);
  return value != nullptr && value[0] != '\0' && !Equal(value, "0");
}

// Not inlined: its buffers shall not be in the frame of those who do not want a
// log, at the start of each dormant process.
__attribute__((noinline, cold)) int BeginLog(char* const* environment,
                                             const char* value,
                                             Membership* out) {
  char target[PATH_MAX];
  const int log = Expand(value, target, sizeof(target)) ? OpenTarget(target)
                                                        : -ENAMETOOLONG;
  if (log < 0) {
    Complain("cannot open log", target, -log);
    StopAsking(value);
    return -1;
  }
  const int socket = StartCollector();
  int options = 0;
  const char* const paths = FindVariable(environment, "FILEMON_PATHS");
  if (paths != nullptr && Equal(paths, "absolute")) {
    options |= control::kAbsolutePaths;
  }
  int32_t first = control::kFirst;
  if (IsSet(environment, "FILEMON_WAIT_ALL")) first |= control::kWaitAll;
  int pipe = -1;
  const int error =
      socket < 0 ? -socket : Begin(socket, log, options, first, out, &pipe);
  sys::Close(log);
  if (socket >= 0) sys::Close(socket);
  if (error != 0) {
    const char* const named = FindVariable(environment, "FILEMON_COLLECTOR");
    Complain("cannot start collector",
             named != nullptr ? named : control::kCollectorFile, error);
    StopAsking(value);
    return -1;
  }
  return pipe;
}

}  // namespace

int BeginLoggedSession(char* const* environment, Membership* out) {
  const char* const value = FindVariable(environment, kLogVariable);
  if (value == nullptr || value[0] == '\0') return -1;
  return BeginLog(environment, value, out);
}

void WaitForLog() {
  RingBell();
  // The collector holds its lock on the pipe until the log is complete.
  int waited = 0;
  for (int step = 0; waited < kPatience * 10 && CollectorLives(); ++step) {
    // Tenths of milliseconds: at first it is nearly done.
    const int pause = step < 50 ? 1 : 10;
    sys::Sleep(pause * 100);
    waited += pause;
  }
}

}  // namespace filemon
