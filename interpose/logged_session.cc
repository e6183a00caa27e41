#include "interpose/logged_session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>

#include "interpose/collector_process.h"
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
class Complaint {
 public:
  Complaint() : text_(line_, sizeof(line_) - 1) { text_.Add("filemon: "); }
  ~Complaint() {
    const size_t size = text_.size();
    line_[size] = '\n';
    constexpr int kStandardError = 2;
    sys::Write(kStandardError, line_, size + 1);
  }
  Complaint(const Complaint&) = delete;
  Complaint& operator=(const Complaint&) = delete;

  Complaint& Add(const char* words) {
    text_.Add(words);
    return *this;
  }
  Complaint& AddError(int error) {
    text_.Add(": ");
    if (const char* reason = ErrorText(error)) {
      text_.Add(reason);
    } else {
      text_.Add("error ").AddDecimal(static_cast<uint64_t>(error));
    }
    return *this;
  }

 private:
  char line_[PATH_MAX + 128];
  TextBuilder text_;
};

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

// Where the log goes.
struct Target {
  char name[PATH_MAX];
  int fd;  // or -errno
  // It was made for this log.
  bool is_new;
  // It has a name, and so what is in it is of another log.
  bool is_file;
};

int OpenForLog(const char* name, int flags) {
  return static_cast<int>(sys::Call(SYS_openat, AT_FDCWD, sys::Arg(name),
                                    O_WRONLY | O_CREAT | O_CLOEXEC | flags,
                                    0666));
}

// A new file in the folder that `target` names, for this process alone. Pids
// come again, and in pid namespaces all at once.
void OpenInFolder(Target* target) {
  char* const end = target->name + strlen(target->name);
  for (int i = 0; i < kMostNamesakes; ++i) {
    TextBuilder text(end, target->name + sizeof(target->name) - end);
    text.Add("/");
    AddPidAndProgram(&text, 'n');
    text.Add(".");
    AddPidAndProgram(&text, 'p');
    if (i > 0) text.Add("-").AddDecimal(static_cast<uint64_t>(i));
    text.Add(kSuffix);
    target->fd = text.ok() ? OpenForLog(target->name, O_EXCL | O_NOFOLLOW)
                           : -ENAMETOOLONG;
    if (target->fd != -EEXIST) break;
  }
  target->is_new = target->fd >= 0;
}

// The descriptor that `text` names or -errno.
int GivenTarget(const char* number) {
  uint64_t fd;
  if (!ReadDecimal(&number, &fd) || *number != '\0' || fd > INT32_MAX) {
    return -EINVAL;
  }
  const int flags = sys::Fcntl(static_cast<int>(fd), F_GETFL);
  if (flags < 0) return flags;
  return (flags & O_ACCMODE) == O_RDONLY ? -EBADF : static_cast<int>(fd);
}

// Opens the log of target->name.
void OpenTarget(Target* target) {
  target->is_new = target->is_file = false;
  if (StartsWith(target->name, "fd:")) {
    target->fd = GivenTarget(target->name + 3);
    return;
  }
  // No target: the program's output is its own.
  target->fd = -EINVAL;
  if (Equal(target->name, "-")) return;
  target->is_file = true;
  target->fd = OpenForLog(target->name, O_EXCL);
  target->is_new = target->fd >= 0;
  if (target->fd == -EEXIST) target->fd = OpenForLog(target->name, 0);
  if (target->fd == -EISDIR) OpenInFolder(target);
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

// What the environment says of how to log. False, after a complaint, if it says
// what nobody understands.
bool ReadOptions(char* const* environment, int32_t* log, int32_t* first) {
  const char* const paths = FindVariable(environment, "FILEMON_PATHS");
  if (paths != nullptr && Equal(paths, "absolute")) {
    *log |= control::kAbsolutePaths;
  } else if (paths != nullptr && paths[0] != '\0' && !Equal(paths, "given")) {
    Complaint()
        .Add("FILEMON_PATHS: bad value '")
        .Add(paths)
        .Add("': it is `given` or `absolute`");
    return false;
  }
  const char* const wait = FindVariable(environment, "FILEMON_WAIT_ALL");
  if (wait == nullptr || wait[0] == '\0' || Equal(wait, "0")) return true;
  if (!Equal(wait, "1")) {
    Complaint()
        .Add("FILEMON_WAIT_ALL: bad value '")
        .Add(wait)
        .Add("': it is `1` or `0`");
    return false;
  }
  *first |= control::kWaitAll;
  return true;
}

// Starts a collector for `target`. The session's pipe, or -1 after a complaint.
int BeginWith(char* const* environment, const Target& target, int32_t options,
              int32_t first, Membership* out) {
  const int socket = StartCollector();
  int pipe = -1;
  const int error = socket < 0
                        ? -socket
                        : Begin(socket, target.fd, options, first, out, &pipe);
  if (socket >= 0) sys::Close(socket);
  if (error == 0) return pipe;
  const char* const named = FindVariable(environment, "FILEMON_COLLECTOR");
  Complaint()
      .Add("cannot start the collector ")
      .Add(named != nullptr ? named : control::kCollectorFile)
      .AddError(error);
  return -1;
}

// Not inlined: its buffers shall not be in the frame of those who do not want a
// log, at the start of each dormant process.
__attribute__((noinline, cold)) int BeginLog(char* const* environment,
                                             const char* value,
                                             Membership* out) {
  int32_t options = 0;
  int32_t first = control::kFirst;
  if (!ReadOptions(environment, &options, &first)) return -1;
  Target target;
  if (Expand(value, target.name, sizeof(target.name))) {
    OpenTarget(&target);
  } else {
    target.fd = -ENAMETOOLONG;
  }
  if (target.fd < 0) {
    Complaint()
        .Add("cannot open the log ")
        .Add(target.name)
        .AddError(-target.fd);
    return -1;
  }
  if (target.is_file) options |= control::kEmpty;
  const int pipe = BeginWith(environment, target, options, first, out);
  sys::Close(target.fd);
  if (pipe < 0 && target.is_new) {
    sys::Call(SYS_unlinkat, AT_FDCWD, sys::Arg(target.name), 0);
  }
  return pipe;
}

}  // namespace

int BeginLoggedSession(char* const* environment, Membership* out) {
  const char* const value = FindVariable(environment, kLogVariable);
  if (value == nullptr || value[0] == '\0') return -1;
  const int pipe = BeginLog(environment, value, out);
  if (pipe < 0) StopAsking(value);
  return pipe;
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
  ReapKeeper();
}

}  // namespace filemon
