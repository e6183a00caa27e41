// Calls that change names: D, L and M records.
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "interpose/directory_names.h"
#include "interpose/readable.h"
#include "interpose/report.h"
#include "interpose/results.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {

int UnlinkResult(int result, PathAt path) {
  if (result == 0 && Tracing()) ReportUnlink(path);
  return result;
}

int RmdirResult(int result, PathAt path) {
  UnlinkResult(result, path);
  if (result == 0) ForgetDirectoryNames();
  return result;
}

int LinkResult(int result, PathAt from, PathAt to) {
  if (result == 0 && Tracing()) ReportLink(from, to);
  return result;
}

int SymlinkResult(int result, const char* target, PathAt path) {
  if (result == 0 && Tracing()) ReportSymlink(target, path);
  return result;
}

int RenameResult(int result, PathAt from, PathAt to, unsigned flags) {
  if (result != 0 || !Tracing()) return result;
  ReportRename(from, to);
  if ((flags & RENAME_EXCHANGE) != 0) ReportRename(to, from);
  return result;
}

namespace {

// The descriptor that linkat() links, or -1 if it links a file by name:
// linkat(fd, "", ..., AT_EMPTY_PATH), or "/proc/self/fd/N" (open(2),
// O_TMPFILE).
int LinkedDescriptor(PathAt from, int flags) {
  if ((flags & (AT_EMPTY_PATH | AT_SYMLINK_FOLLOW)) == 0 ||
      !IsReadableText(from.name)) {
    return -1;
  }
  if ((flags & AT_EMPTY_PATH) != 0 && from.name[0] == '\0') return from.dirfd;
  constexpr char kFds[] = "/proc/self/fd/";
  if ((flags & AT_SYMLINK_FOLLOW) == 0 || !StartsWith(from.name, kFds)) {
    return -1;
  }
  const char* digits = from.name + sizeof(kFds) - 1;
  uint64_t fd;
  if (!ReadDecimal(&digits, &fd) || *digits != '\0') return -1;
  return static_cast<int>(fd);
}

}  // namespace

FileLink::FileLink(PathAt from, int flags) : from_(from) {
  if (!Tracing()) return;
  const int fd = LinkedDescriptor(from, flags);
  if (fd < 0) return;
  sys::Identity id;
  if (sys::Stat(fd, "", AT_EMPTY_PATH, &id) != 0) return;
  nameless_ = id.links == 0;
  if (nameless_) return;
  const auto read = [fd](char* out, size_t size) {
    return PathOfDescriptor(fd, out, size);
  };
  if (path_.Fill(read)) from_ = PathAt::Here(path_.path());
}

int FileLink::Result(int result, PathAt to) const {
  if (result != 0 || !Tracing()) return result;
  if (nameless_) {
    ReportOpen(to, O_WRONLY);
  } else {
    ReportLink(from_, to);
  }
  return result;
}

FILEMON_WRAP(int, unlink, (const char* path)) {
  return UnlinkResult(FILEMON_NEXT(unlink)(path), PathAt::Here(path));
}

FILEMON_WRAP(int, unlinkat, (int dirfd, const char* path, int flags)) {
  const int result = FILEMON_NEXT(unlinkat)(dirfd, path, flags);
  const PathAt removed = {dirfd, path};
  return (flags & AT_REMOVEDIR) != 0 ? RmdirResult(result, removed)
                                     : UnlinkResult(result, removed);
}

// A file or a directory.
FILEMON_WRAP(int, remove, (const char* path)) {
  return RmdirResult(FILEMON_NEXT(remove)(path), PathAt::Here(path));
}

FILEMON_WRAP(int, rmdir, (const char* path)) {
  return RmdirResult(FILEMON_NEXT(rmdir)(path), PathAt::Here(path));
}

FILEMON_WRAP(int, link, (const char* from, const char* to)) {
  return LinkResult(FILEMON_NEXT(link)(from, to), PathAt::Here(from),
                    PathAt::Here(to));
}

FILEMON_WRAP(int, linkat,
             (int from_dirfd, const char* from, int to_dirfd, const char* to,
              int flags)) {
  const FileLink file({from_dirfd, from}, flags);
  return file.Result(
      FILEMON_NEXT(linkat)(from_dirfd, from, to_dirfd, to, flags),
      {to_dirfd, to});
}

FILEMON_WRAP(int, symlink, (const char* target, const char* path)) {
  return SymlinkResult(FILEMON_NEXT(symlink)(target, path), target,
                       PathAt::Here(path));
}

FILEMON_WRAP(int, symlinkat,
             (const char* target, int dirfd, const char* path)) {
  return SymlinkResult(FILEMON_NEXT(symlinkat)(target, dirfd, path), target,
                       {dirfd, path});
}

FILEMON_WRAP(int, rename, (const char* from, const char* to)) {
  return RenameResult(FILEMON_NEXT(rename)(from, to), PathAt::Here(from),
                      PathAt::Here(to), 0);
}

FILEMON_WRAP(int, renameat,
             (int from_dirfd, const char* from, int to_dirfd, const char* to)) {
  return RenameResult(FILEMON_NEXT(renameat)(from_dirfd, from, to_dirfd, to),
                      {from_dirfd, from}, {to_dirfd, to}, 0);
}

FILEMON_WRAP(int, renameat2,
             (int from_dirfd, const char* from, int to_dirfd, const char* to,
              unsigned flags)) {
  const int result =
      FILEMON_NEXT_EXISTS(renameat2)
          ? FILEMON_NEXT(renameat2)(from_dirfd, from, to_dirfd, to, flags)
          : static_cast<int>(ErrnoResult(
                sys::ProgramsCall(SYS_renameat2, from_dirfd, sys::Arg(from),
                                  to_dirfd, sys::Arg(to), flags)));
  return RenameResult(result, {from_dirfd, from}, {to_dirfd, to}, flags);
}

}  // namespace filemon
