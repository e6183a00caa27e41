#include "interpose/report.h"

#include <errno.h>

#include "interpose/device.h"
#include "interpose/directory_names.h"
#include "interpose/known_directories.h"
#include "interpose/libraries.h"
#include "interpose/logged_session.h"
#include "interpose/process.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

constexpr char kDeleted[] = " (deleted)";

// The process that a record is about.
inline pid_t Speaker() {
  const pid_t pid = CurrentPid();
  // Not in a vfork child: its parent's threads may hold the linker's lock.
  if (__builtin_expect(g_libraries_pending > 0, 0) &&
      pid == ThisSession().pid) {
    ReportNewLibraries();
  }
  return pid;
}

inline OutgoingRecord MakeRecord(wire::Kind kind, int32_t a = 0) {
  return {kind, Speaker(), a};
}

// A record of two operands.
void EmitPair(wire::Kind kind, PathAt from, PathAt to) {
  const Directory from_directory(from);
  const Directory to_directory(to);
  OutgoingRecord record = MakeRecord(kind);
  record.name[0] = from_directory.path();
  record.name[1] = from.name;
  record.name[2] = to_directory.path();
  record.name[3] = to.name;
  Emit(record);
}

// A record of one operand.
inline void EmitIn(const char* directory, OutgoingRecord record,
                   const char* name) {
  record.name[0] = directory;
  record.name[1] = name;
  Emit(record);
}

// A function of its own: its frame is more than is left of a signal handler's
// stack of 8 KiB (the old SIGSTKSZ).
__attribute__((noinline)) void EmitInDirectoryOf(PathAt path, wire::Kind kind,
                                                 int32_t a) {
  EmitIn(Directory(path).path(), MakeRecord(kind, a), path.name);
}

inline void EmitOne(PathAt path, wire::Kind kind, int32_t a = 0) {
  if (path.dirfd == AT_FDCWD || path.name[0] == '/') {
    EmitIn("", MakeRecord(kind, a), path.name);
  } else {
    EmitInDirectoryOf(path, kind, a);
  }
}

// Neither opens a file that has a name to read or write (open(2)).
bool IsNameless(int flags) {
  return (flags & O_PATH) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

int32_t AccessOf(int flags) {
  switch (flags & O_ACCMODE) {
    case O_RDONLY:
      return wire::kReads;
    case O_WRONLY:
      return wire::kWrites;
    default:
      return wire::kReads | wire::kWrites;
  }
}

inline void EmitOpen(PathAt path, int flags) {
  if (IsNameless(flags)) return;
  EmitOne(path, wire::Kind::kOpen, AccessOf(flags));
}

long ReadLink(const char* descriptors, int fd, char* out, size_t size) {
  char link[40];
  TextBuilder(link, sizeof(link))
      .Add(descriptors)
      .AddDecimal(static_cast<uint64_t>(fd));
  return sys::Readlinkat(AT_FDCWD, link, out, size);
}

}  // namespace

size_t LinkOfDescriptor(int fd, char* out, size_t size) {
  // /proc/self is the first thread: it may have ended, or have descriptors of
  // its own. thread-self takes longer, and Linux before 3.17 does not have it.
  constexpr char kProcess[] = "/proc/self/fd/";
  constexpr char kThread[] = "/proc/thread-self/fd/";
  const bool own = DistrustsDescriptors();
  long n = ReadLink(own ? kThread : kProcess, fd, out, size - 1);
  if (n == -ENOENT) n = ReadLink(own ? kProcess : kThread, fd, out, size - 1);
  // What fills the room may have been cut.
  const bool whole = n > 0 && static_cast<size_t>(n) < size - 1;
  const size_t length = whole && out[0] == '/' ? static_cast<size_t>(n) : 0;
  out[length] = '\0';
  return length;
}

bool PathOfDescriptor(int fd, char* out, size_t size) {
  const size_t length = LinkOfDescriptor(fd, out, size);
  constexpr size_t kSuffix = sizeof(kDeleted) - 1;
  return length > 0 &&
         (length < kSuffix || !Equal(out + length - kSuffix, kDeleted));
}

Directory::Directory(PathAt path) {
  if (path.dirfd == AT_FDCWD || path.name[0] == '/') return;
  path_.Fill([&](char* out, size_t size) {
    return DirectoryName(path.dirfd, out, size);
  });
}

int FlagsOfMode(const char* mode) {
  int flags = mode[0] == 'r' ? O_RDONLY : O_WRONLY;
  for (const char* p = mode + 1; *p != '\0' && *p != ','; ++p) {
    if (*p == '+') flags = O_RDWR;
  }
  return flags;
}

void ReportOpen(PathAt path, int flags) { EmitOpen(path, flags); }

void ReportOpenIn(const char* directory, const char* name, int flags) {
  EmitIn(directory, MakeRecord(wire::Kind::kOpen, AccessOf(flags)), name);
}

int OpenResult(int fd, PathAt path, int flags) {
  if (__builtin_expect(fd < 0, 0) || (flags & O_CREAT) != 0) {
    fd = OpenedOrDevice(fd, path.name, flags);
    if (fd < 0 || IsDevice(fd)) return fd;
  }
  if (!Tracing()) return fd;
  GivenDescriptor(fd);
  if (sys::Denies(sys::kReadlinkat)) NoteOpened(fd, path);
  EmitOpen(path, flags);
  return fd;
}

void ReportUnlink(PathAt path) { EmitOne(path, wire::Kind::kUnlink); }

void ReportLink(PathAt from, PathAt to) {
  EmitPair(wire::Kind::kLink, from, to);
}

void ReportRename(PathAt from, PathAt to) {
  ForgetDirectoryNames();
  EmitPair(wire::Kind::kRename, from, to);
}

void ReportSymlink(const char* target, PathAt path) {
  const Directory directory(path);
  OutgoingRecord record = MakeRecord(wire::Kind::kSymlink);
  record.name[0] = target;
  record.name[1] = directory.path();
  record.name[2] = path.name;
  Emit(record);
}

void ReportChdir(const char* given) {
  PathBuffer path;
  const auto read = [](char* out, size_t size) {
    // The kernel writes "(unreachable)" before a directory outside our root.
    return sys::Getcwd(out, size) >= 0 && out[0] == '/';
  };
  if (sys::Denies(sys::kGetcwd)) {
    char name[512];
    NoteEntered(given, name, sizeof(name));
    ReportEntered(name);
  } else if (path.Fill(read)) {
    ReportEntered(path.path());
  } else {
    // Without a name it is unknown, until the next change.
    ReportEntered(given != nullptr && given[0] == '/' ? given : "");
  }
}

void ReportEntered(const char* path) {
  OutgoingRecord record = MakeRecord(wire::Kind::kChdir);
  record.name[0] = path;
  Emit(record);
}

void ReportExit(int status) {
  OutgoingRecord record = MakeRecord(wire::Kind::kExit, status & 0xff);
  // Not in a vfork child, whose parent's they are.
  if (record.pid == ThisSession().pid) ReportLateLibraries();
  // In another pid namespace than the session's first process, which is the
  // collector's, a namesake of it may be.
  const bool waits =
      ThisSession().first == record.pid && ThisSession().pid_namespace == 0;
  // Its devices are about to be closed, and that waits for their logs.
  if (waits || HasDevices()) record.b = wire::kWaitsForLog;
  Emit(record);
  if (waits) WaitForLog();
}

static void ReportEnd(wire::Kind kind, pid_t process, int wait_status) {
  // What it has renamed is known to who has waited for it.
  ForgetDirectoryNames();
  OutgoingRecord record = MakeRecord(kind, process);
  record.b = wait_status;
  Emit(record);
}

void ReportChildEnded(pid_t child, int wait_status) {
  ReportEnd(wire::Kind::kChildEnded, child, wait_status);
}

void ReportTraceeEnded(pid_t tracee, int wait_status) {
  ReportEnd(wire::Kind::kTraceeEnded, tracee, wait_status);
}

void ReportSomeChildEnded(int wait_status) {
  ReportEnd(wire::Kind::kSomeChildEnded, 0, wait_status);
}

}  // namespace filemon
