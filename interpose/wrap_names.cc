// Calls that change names: D, L and M records.
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "interpose/directory_names.h"
#include "interpose/kernel_names.h"
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
  ReportRename(from, to, (flags & RENAME_EXCHANGE) != 0);
  return result;
}

namespace {

// The descriptor whose file linkat() has linked, or -1 if it was named
// otherwise: linkat(fd, "", ..., AT_EMPTY_PATH), or through the link that /proc
// has of a descriptor (open(2), O_TMPFILE).
int LinkedDescriptor(PathAt from, int flags) {
  if ((flags & AT_EMPTY_PATH) != 0 && from.name[0] == '\0') return from.dirfd;
  if ((flags & AT_SYMLINK_FOLLOW) == 0) return -1;
  const size_t length = strlen(from.name);
  const char* digits = FindLast(from.name, length, '/');
  const bool own = StartsWith(from.name, "/proc/self/fd/") ||
                   StartsWith(from.name, "/proc/thread-self/fd/") ||
                   StartsWith(from.name, "/dev/fd/");
  uint64_t fd;
  if (!own || !ReadDecimal(&++digits, &fd) || *digits != '\0') return -1;
  return static_cast<int>(fd);
}

}  // namespace

FileLink::FileLink(PathAt from, int flags) : from_(from), flags_(flags) {
  constexpr int kMayBeNameless = AT_EMPTY_PATH | AT_SYMLINK_FOLLOW;
  if ((flags & kMayBeNameless) == 0 || !Tracing()) return;
  // As linkat() itself is going to find it.
  const int how = (flags & AT_EMPTY_PATH) |
                  ((flags & AT_SYMLINK_FOLLOW) == 0 ? AT_SYMLINK_NOFOLLOW : 0);
  sys::Identity id;
  nameless_ = sys::Stat(from.dirfd, from.name, how, &id) == 0 && id.links == 0;
}

int FileLink::Result(int result, PathAt to) const {
  if (result != 0 || !Tracing()) return result;
  if (nameless_) {
    ReportOpen(to, O_WRONLY);
    return result;
  }
  const int fd = LinkedDescriptor(from_, flags_);
  PathBuffer path;
  // The kernel calls a file that was made without a name by none of those that
  // it has got since.
  const auto read = [fd](char* out, size_t size) {
    return PathOfDescriptor(fd, out, size) ||
           TextBuilder(out, size)
               .Add("/proc/self/fd/")
               .AddDecimal(static_cast<uint64_t>(fd))
               .ok();
  };
  if (fd < 0) {
    ReportLink(from_, to);
  } else if (path.Fill(read)) {
    ReportLink(PathAt::Here(path.path()), to);
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
