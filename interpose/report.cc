#include "interpose/report.h"

#include <errno.h>

#include "interpose/current_directory.h"
#include "interpose/device.h"
#include "interpose/directory_names.h"
#include "interpose/known_directories.h"
#include "interpose/libraries.h"
#include "interpose/logged_session.h"
#include "interpose/own_entry.h"
#include "interpose/process.h"
#include "interpose/real_path.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// The process that a record is about.
inline ProcessId Speaker() {
  const ProcessId process = CurrentProcess();
  // Not in a vfork child: its parent's threads may hold the linker's lock.
  if (__builtin_expect(g_libraries_pending > 0, 0) &&
      process.pid == ThisSession().pid) {
    ReportNewLibraries();
  }
  return process;
}

inline OutgoingRecord MakeRecord(wire::Kind kind, int32_t a = 0) {
  // Before it is known who speaks.
  const uint32_t forks = g_forks;
  OutgoingRecord record = {kind, Speaker(), a};
  record.forks = forks;
  return record;
}

// A record of two operands.
void EmitPair(wire::Kind kind, PathAt from, PathAt to, int32_t a = 0) {
  const Directory from_directory(from);
  const Directory to_directory(to);
  OutgoingRecord record = MakeRecord(kind, a);
  record.name[0] = from_directory.path();
  record.name[1] = from_directory.name();
  record.name[2] = to_directory.path();
  record.name[3] = to_directory.name();
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
  const Directory directory(path);
  EmitIn(directory.path(), MakeRecord(kind, a), directory.name());
}

inline void EmitOne(PathAt path, wire::Kind kind, int32_t a = 0) {
  const bool whole = path.name[0] == '/' || path.dirfd == AT_FDCWD;
  if (path.dirfd == PathAt::kToldDirectory ||
      (whole && !WantsAbsoluteNames())) {
    EmitIn("", MakeRecord(kind, a), path.name);
  } else {
    EmitInDirectoryOf(path, kind, a);
  }
}

inline void EmitOpen(PathAt path, int flags) {
  const int32_t access = AccessOf(flags);
  if (access != 0) EmitOne(path, wire::Kind::kOpen, access);
}

// Whether `component`, the last one, names something in the directory before
// it.
bool IsName(const char* component) {
  return *component != '\0' && !Equal(component, ".") &&
         !Equal(component, "..") && !HasSlash(component);
}

}  // namespace

Directory::Directory(PathAt path) : name_(path.name) {
  if (path.dirfd == PathAt::kToldDirectory) return;
  const bool absolute = WantsAbsoluteNames();
  if (path.name[0] == '/') {
    // It needs none.
  } else if (path.dirfd == AT_FDCWD) {
    if (absolute) CheckCurrentDirectory(&path_);
  } else {
    const auto known = [&](char* out, size_t size) {
      return DirectoryName(path.dirfd, out, size);
    };
    const auto unknown = [](char* out, size_t size) {
      return TextBuilder(out, size).Add(wire::kNoDirectory).ok();
    };
    if (!path_.Fill(known)) path_.Fill(unknown);
  }
  if (absolute && HasDotsBehind(path.name)) Resolve(path);
}

__attribute__((noinline)) void Directory::Resolve(PathAt path) {
  PathBuffer base;
  const bool current = path_.path()[0] == '\0';
  const auto where = [&](char* out, size_t size) {
    return current ? DirectoryName(AT_FDCWD, out, size)
                   : TextBuilder(out, size).Add(path_.path()).ok();
  };
  const char* const last = LastComponent(path.name);
  const bool named = IsName(last);
  const size_t length =
      named ? static_cast<size_t>(last - path.name) : strlen(path.name);
  const auto real = [&](char* out, size_t size) {
    return RealDirectory(base.path(), path.name, length, out, size);
  };
  if (path.name[0] != '/' && (!base.Fill(where) || base.path()[0] != '/')) {
    return;
  }
  if (path_.Fill(real)) {
    name_ = named ? last : "";
  } else if (!current) {
    path_.Fill([&](char* out, size_t size) {
      return TextBuilder(out, size).Add(base.path()).ok();
    });
  }
}

void ReportOpen(PathAt path, int flags) { EmitOpen(path, flags); }

void ReportOpenIn(const char* directory, const char* name, int flags) {
  EmitIn(directory, MakeRecord(wire::Kind::kOpen, AccessOf(flags)), name);
}

// The pipe's name in /proc was opened.
static int CloseUnfound(int fd) {
  sys::Close(fd);
  errno = ENOENT;
  return -1;
}

int OpenResult(int fd, PathAt path, int flags) {
  if (__builtin_expect(fd < 0, 0) || (flags & O_CREAT) != 0) {
    fd = OpenedOrDevice(fd, path.name, flags);
    if (fd < 0 || IsDevice(fd)) return fd;
  }
  if (!Tracing()) return fd;
  GivenDescriptor(fd);
  if (NamesPipe(path)) return CloseUnfound(fd);
  if (sys::Denies(sys::kReadlinkat)) NoteOpened(fd, path);
  EmitOpen(path, flags);
  return fd;
}

void ReportUnlink(PathAt path) { EmitOne(path, wire::Kind::kUnlink); }

void ReportLink(PathAt from, PathAt to) {
  EmitPair(wire::Kind::kLink, from, to);
}

void ReportRename(PathAt from, PathAt to, bool exchange) {
  EmitPair(wire::Kind::kRename, from, to, exchange ? wire::kExchange : 0);
  ForgetDirectoryNames();
}

void ReportSymlink(const char* target, PathAt path) {
  const Directory directory(path);
  OutgoingRecord record = MakeRecord(wire::Kind::kSymlink);
  record.name[0] = target;
  record.name[1] = directory.path();
  record.name[2] = directory.name();
  Emit(record);
}

void ReportChdir(const char* given) {
  PathBuffer path;
  const auto read = [](char* out, size_t size) {
    return DirectoryOfDescriptor(AT_FDCWD, out, size);
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
  if (WantsAbsoluteNames()) ToldCurrentDirectory(path);
  OutgoingRecord record = MakeRecord(wire::Kind::kChdir);
  record.name[0] = path;
  Emit(record);
}

void ReportExit(int status) {
  OutgoingRecord record = MakeRecord(wire::Kind::kExit, status & 0xff);
  // Not in a vfork child, whose parent's they are.
  if (record.process.pid == ThisSession().pid) ReportLateLibraries();
  // In another pid namespace than the session's first process, which is the
  // collector's, a namesake of it may be.
  const bool waits = ThisSession().first == record.process.pid &&
                     ThisSession().pid_namespace == 0;
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
