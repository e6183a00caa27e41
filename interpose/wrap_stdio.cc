// Streams opened by name. glibc opens them inside itself, past any open()
// wrapper.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "interpose/control.h"
#include "interpose/device.h"
#include "interpose/directory_names.h"
#include "interpose/path_buffer.h"
#include "interpose/pipe_place.h"
#include "interpose/report.h"
#include "interpose/shell.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

Original<int (*)(FILE*)> original_fileno;

int DescriptorOf(FILE* stream) { return original_fileno.Get("fileno")(stream); }

// libc is about to close the stream's descriptor, perhaps a directory.
void ForgetStream(FILE* stream) {
  if (MayHaveDirectoryNames()) ForgetDirectoryName(DescriptorOf(stream));
}

Original<FILE* (*)(int, const char*)> original_fdopen;

// The stream of an fopen() that failed, perhaps for want of a device.
FILE* DeviceStream(const char* path, const char* mode) {
  // Another errno may be about the mode.
  if (errno != ENOENT && errno != EACCES && errno != EPERM && errno != EROFS) {
    return nullptr;
  }
  const int creates = mode[0] == 'r' ? 0 : O_CREAT;
  const int fd = OpenedOrDevice(-1, path, FlagsOfMode(mode) | creates);
  return fd < 0 ? nullptr : original_fdopen.Get("fdopen")(fd, mode);
}

Original<int (*)(FILE*)> original_close_stream;

// The stream of an fopen() that has made a file where the device is.
FILE* DeviceInPlaceOf(FILE* stream, const char* path, const char* mode) {
  sys::Call(SYS_unlinkat, AT_FDCWD, sys::Arg(path), 0);
  original_close_stream.Get("fclose")(stream);
  errno = ENOENT;
  return DeviceStream(path, mode);
}

FILE* StreamResult(FILE* stream, const char* path, const char* mode) {
  if (stream == nullptr) return DeviceStream(path, mode);
  if (mode[0] != 'r' && IsDevicePath(path) &&
      IsEmptyFile(DescriptorOf(stream))) {
    return DeviceInPlaceOf(stream, path, mode);
  }
  if (Tracing()) {
    OpenResult(DescriptorOf(stream), PathAt::Here(path), FlagsOfMode(mode));
  }
  return stream;
}

// freopen() without a name opens the old descriptor's file anew; in glibc by
// this name, which is what the kernel sees.
void ReportReopened(FILE* stream, int old, const char* path, const char* mode) {
  if (path != nullptr) {
    if (stream != nullptr) StreamResult(stream, path, mode);
  } else if (old >= 0 && stream != nullptr && Tracing()) {
    char name[32];
    TextBuilder(name, sizeof(name))
        .Add("/proc/self/fd/")
        .AddDecimal(static_cast<uint64_t>(old));
    ReportOpen(PathAt::Here(name), FlagsOfMode(mode));
  }
}

// tmpfile() opens with O_TMPFILE, which is not logged; where the file system
// cannot, it creates a file by name and removes it.
FILE* TemporaryResult(FILE* stream) {
  if (stream == nullptr || !Tracing()) return stream;
  const int fd = DescriptorOf(stream);
  const int flags = sys::Fcntl(fd, F_GETFL);
  if (flags >= 0 && AccessOf(flags) == 0) return stream;
  PathBuffer path;
  const bool deleted = path.Fill([fd](char* out, size_t size) {
    return NameOfDescriptor(fd, out, size) == FileName::kRemoved;
  });
  if (!deleted) return stream;
  ReportOpen(PathAt::Here(path.path()), O_RDWR);
  ReportUnlink(PathAt::Here(path.path()));
  return stream;
}

int CloseStream(FILE* stream, int (*close)(FILE*)) {
  int status;
  if (CloseShell(stream, &status)) return status;
  ForgetStream(stream);
  const int fd = HasDevices() ? DescriptorOf(stream) : -1;
  if (!IsDevice(fd)) return close(stream);
  Closing closing(fd);
  const int result = close(stream);
  const int error = closing.Finish();
  if (result != 0 || error == 0) return result;
  errno = error;
  return EOF;
}

}  // namespace

#define FILEMON_WRAP_FOPEN(name)                                             \
  FILEMON_WRAP(FILE*, name, (const char* path, const char* mode)) {          \
    return StreamResult(                                                     \
        Giving([&] { return FILEMON_NEXT(name)(path, mode); }), path, mode); \
  }
FILEMON_WRAP_FOPEN(fopen)
FILEMON_WRAP_FOPEN(fopen64)
FILEMON_WRAP_FOPEN(_IO_fopen)
// A table of mounts is a stream to fgets() from (getmntent(3)).
FILEMON_WRAP_FOPEN(setmntent)
FILEMON_WRAP_FOPEN(__setmntent)

#define FILEMON_WRAP_FREOPEN(name)                                   \
  FILEMON_WRAP(FILE*, name,                                          \
               (const char* path, const char* mode, FILE* stream)) { \
    ForgetStream(stream);                                            \
    const bool unnamed = path == nullptr && Tracing();               \
    const int old = unnamed ? DescriptorOf(stream) : -1;             \
    FILE* const result = FILEMON_NEXT(name)(path, mode, stream);     \
    ReportReopened(result, old, path, mode);                         \
    return result;                                                   \
  }
FILEMON_WRAP_FREOPEN(freopen)
FILEMON_WRAP_FREOPEN(freopen64)

// The descriptor is closed within libc.
#define FILEMON_WRAP_FCLOSE(name)                                   \
  FILEMON_WRAP(int, name, (FILE * stream)) {                        \
    const bool common =                                             \
        !HasDevices() && !MayHaveDirectoryNames() && g_shells == 0; \
    const auto next = FILEMON_NEXT(name);                           \
    return __builtin_expect(common, 1) ? next(stream)               \
                                       : CloseStream(stream, next); \
  }
FILEMON_WRAP_FCLOSE(fclose)
FILEMON_WRAP_FCLOSE(_IO_fclose)

#define FILEMON_WRAP_TMPFILE(name)                \
  FILEMON_WRAP(FILE*, name, ()) {                 \
    return TemporaryResult(FILEMON_NEXT(name)()); \
  }
FILEMON_WRAP_TMPFILE(tmpfile)
FILEMON_WRAP_TMPFILE(tmpfile64)

}  // namespace filemon
