// open(2) and its kin: R, W and A records.
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <sys/types.h>

#include "interpose/descriptors.h"
#include "interpose/kernel_names.h"
#include "interpose/path_buffer.h"
#include "interpose/pipe_place.h"
#include "interpose/report.h"
#include "interpose/results.h"
#include "interpose/sys.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

// A file that may be created has a mode (open(2)). Without one this is whatever
// the register or the stack holds, and libc does not look at it.
#define FILEMON_MODE_ARGUMENT(flags)             \
  va_list arguments;                             \
  va_start(arguments, flags);                    \
  const mode_t mode = va_arg(arguments, mode_t); \
  va_end(arguments)

}  // namespace

#define FILEMON_WRAP_OPEN(name)                                        \
  FILEMON_WRAP(int, name, (const char* path, int flags, ...)) {        \
    FILEMON_MODE_ARGUMENT(flags);                                      \
    return OpenResult(                                                 \
        Giving([&] { return FILEMON_NEXT(name)(path, flags, mode); }), \
        PathAt::Here(path), flags);                                    \
  }
FILEMON_WRAP_OPEN(open)
FILEMON_WRAP_OPEN(open64)
FILEMON_WRAP_OPEN(__open)
FILEMON_WRAP_OPEN(__open64)

#define FILEMON_WRAP_OPENAT(name)                                             \
  FILEMON_WRAP(int, name, (int dirfd, const char* path, int flags, ...)) {    \
    FILEMON_MODE_ARGUMENT(flags);                                             \
    const int fd =                                                            \
        Giving([&] { return FILEMON_NEXT(name)(dirfd, path, flags, mode); }); \
    return OpenResult(ResultInDirectory(dirfd, fd), {dirfd, path}, flags);    \
  }
FILEMON_WRAP_OPENAT(openat)
FILEMON_WRAP_OPENAT(openat64)

// What _FORTIFY_SOURCE makes of calls without a mode.
#define FILEMON_WRAP_OPEN_2(name)                                              \
  FILEMON_WRAP(int, name, (const char* path, int flags)) {                     \
    return OpenResult(Giving([&] { return FILEMON_NEXT(name)(path, flags); }), \
                      PathAt::Here(path), flags);                              \
  }
FILEMON_WRAP_OPEN_2(__open_2)
FILEMON_WRAP_OPEN_2(__open64_2)

#define FILEMON_WRAP_OPENAT_2(name)                                        \
  FILEMON_WRAP(int, name, (int dirfd, const char* path, int flags)) {      \
    const int fd =                                                         \
        Giving([&] { return FILEMON_NEXT(name)(dirfd, path, flags); });    \
    return OpenResult(ResultInDirectory(dirfd, fd), {dirfd, path}, flags); \
  }
FILEMON_WRAP_OPENAT_2(__openat_2)
FILEMON_WRAP_OPENAT_2(__openat64_2)

#define FILEMON_WRAP_CREAT(name)                                              \
  FILEMON_WRAP(int, name, (const char* path, mode_t mode)) {                  \
    return OpenResult(Giving([&] { return FILEMON_NEXT(name)(path, mode); }), \
                      PathAt::Here(path), O_WRONLY | O_CREAT);                \
  }
FILEMON_WRAP_CREAT(creat)
FILEMON_WRAP_CREAT(creat64)

// glibc has it from 2.43 on; where it does not, the kernel may still.
FILEMON_WRAP(int, openat2,
             (int dirfd, const char* path, const struct open_how* how,
              size_t size)) {
  const int fd = FILEMON_NEXT_EXISTS(openat2)
                     ? FILEMON_NEXT(openat2)(dirfd, path, how, size)
                     : static_cast<int>(ErrnoResult(sys::ProgramsCall(
                           SYS_openat2, dirfd, sys::Arg(path), sys::Arg(how),
                           static_cast<long>(size))));
  if (fd < 0) return fd;
  return OpenResult(fd, {dirfd, path}, static_cast<int>(how->flags));
}

// The file is named by a handle; the log takes the name that the kernel knows.
int OpenByHandleResult(int fd, int flags) {
  if (fd < 0 || !Tracing()) return fd;
  GivenDescriptor(fd);
  PathBuffer path;
  const auto read = [fd](char* out, size_t size) {
    return PathOfDescriptor(fd, out, size);
  };
  if (path.Fill(read)) {
    ReportOpen(PathAt::Here(path.path()), flags);
  } else if (AccessOf(flags) != 0) {
    ReportOpenIn(wire::kNoDirectory, "", flags);
  }
  return fd;
}

FILEMON_WRAP(int, open_by_handle_at, (int mount, void* handle, int flags)) {
  return OpenByHandleResult(
      FILEMON_NEXT(open_by_handle_at)(mount, handle, flags), flags);
}

}  // namespace filemon
