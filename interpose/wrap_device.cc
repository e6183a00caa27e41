// What a program does with /dev/filemon beside opening and closing it. Of
// everything else these calls are not recorded.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "interpose/descriptors.h"
#include "interpose/device.h"
#include "interpose/own_entry.h"
#include "interpose/readable.h"
#include "interpose/wrapper.h"

namespace filemon {

#define FILEMON_WRAP_IOCTL(name)                                  \
  FILEMON_WRAP(int, name, (int fd, unsigned long request, ...)) { \
    va_list arguments;                                            \
    va_start(arguments, request);                                 \
    void* const argument = va_arg(arguments, void*);              \
    va_end(arguments);                                            \
    if (HidesDescriptor(fd)) return NoSuchDescriptor();           \
    int result;                                                   \
    /* musl's request is an int. */                               \
    const auto code = static_cast<unsigned>(request);             \
    if (__builtin_expect(MayBeForDevice(code), 0) &&              \
        DeviceIoctl(fd, code, argument, &result)) {               \
      return result;                                              \
    }                                                             \
    return FILEMON_NEXT(name)(fd, request, argument);             \
  }
FILEMON_WRAP_IOCTL(ioctl)
FILEMON_WRAP_IOCTL(__ioctl_time64)

namespace {

// FreeBSD's device is crw-rw-rw-. The number is one that Linux gives to devices
// of no fixed number (admin-guide/devices.txt).
constexpr mode_t kDeviceMode = S_IFCHR | 0666;
constexpr unsigned kMajor = 10;
constexpr unsigned kMinor = 255;

// Whether a call that takes a name has failed for want of a device.
bool MissesDevice(int result, const char* path) {
  return result != 0 && errno == ENOENT && IsDevicePath(path);
}

template <typename Stat>
int DescribeDevice(Stat* out) {
  if (!IsWritable(out, sizeof(*out))) return ErrnoToResult(EFAULT);
  memset(out, 0, sizeof(*out));
  out->st_mode = kDeviceMode;
  out->st_nlink = 1;
  out->st_rdev = makedev(kMajor, kMinor);
  out->st_blksize = 4096;
  return 0;
}

// What may be the pipe's descriptor in /proc: few files are of these types.
inline bool MayBePipe(mode_t mode) {
  return __builtin_expect(S_ISFIFO(mode) || S_ISLNK(mode), 0);
}

template <typename Stat>
__attribute__((noinline)) int UnusualResult(int result, int dirfd,
                                            const char* path, Stat* out) {
  return MissesDevice(result, path) ? DescribeDevice(out)
                                    : FoundByName(result, {dirfd, path});
}

template <typename Stat>
__attribute__((always_inline)) inline int StatResult(int result, PathAt path,
                                                     Stat* out) {
  if (__builtin_expect(result == 0, 1) && !MayBePipe(out->st_mode)) return 0;
  return UnusualResult(result, path.dirfd, path.name, out);
}

// Of a descriptor: an open device is a socket for the kernel.
template <typename Stat>
int FstatResult(int result, int fd, Stat* out) {
  if (result != 0 || !S_ISSOCK(out->st_mode) || !IsDevice(fd)) return result;
  return DescribeDevice(out);
}

template <typename Stat>
int StatAtResult(int result, int dirfd, const char* path, int flags,
                 Stat* out) {
  if (result == 0 && (flags & AT_EMPTY_PATH) != 0) {
    return FstatResult(result, dirfd, out);
  }
  return StatResult(result, {dirfd, path}, out);
}

}  // namespace

#define FILEMON_WRAP_STAT(name, type)                                          \
  FILEMON_WRAP(int, name, (const char* path, type* out)) {                     \
    return StatResult(FILEMON_NEXT(name)(path, out), PathAt::Here(path), out); \
  }
FILEMON_WRAP_STAT(stat, struct stat)
FILEMON_WRAP_STAT(stat64, struct stat64)
FILEMON_WRAP_STAT(lstat, struct stat)
FILEMON_WRAP_STAT(lstat64, struct stat64)

#define FILEMON_WRAP_FSTAT(name, type)                        \
  FILEMON_WRAP(int, name, (int fd, type* out)) {              \
    if (HidesDescriptor(fd)) return NoSuchDescriptor();       \
    if (!HasDevices()) return FILEMON_NEXT(name)(fd, out);    \
    return FstatResult(FILEMON_NEXT(name)(fd, out), fd, out); \
  }
FILEMON_WRAP_FSTAT(fstat, struct stat)
FILEMON_WRAP_FSTAT(fstat64, struct stat64)

#define FILEMON_WRAP_FSTATAT(name, type)                                    \
  FILEMON_WRAP(int, name,                                                   \
               (int dirfd, const char* path, type* out, int flags)) {       \
    TouchDescriptor(dirfd);                                                 \
    return StatAtResult(FILEMON_NEXT(name)(dirfd, path, out, flags), dirfd, \
                        path, flags, out);                                  \
  }
FILEMON_WRAP_FSTATAT(fstatat, struct stat)
FILEMON_WRAP_FSTATAT(fstatat64, struct stat64)

// What programs built for glibc before 2.33 call; `version` is the struct's.
#define FILEMON_WRAP_XSTAT(name, type)                                  \
  FILEMON_WRAP(int, name, (int version, const char* path, type* out)) { \
    return StatResult(FILEMON_NEXT(name)(version, path, out),           \
                      PathAt::Here(path), out);                         \
  }
FILEMON_WRAP_XSTAT(__xstat, struct stat)
FILEMON_WRAP_XSTAT(__xstat64, struct stat64)
FILEMON_WRAP_XSTAT(__lxstat, struct stat)
FILEMON_WRAP_XSTAT(__lxstat64, struct stat64)

#define FILEMON_WRAP_FXSTAT(name, type)                                \
  FILEMON_WRAP(int, name, (int version, int fd, type* out)) {          \
    if (HidesDescriptor(fd)) return NoSuchDescriptor();                \
    if (!HasDevices()) return FILEMON_NEXT(name)(version, fd, out);    \
    return FstatResult(FILEMON_NEXT(name)(version, fd, out), fd, out); \
  }
FILEMON_WRAP_FXSTAT(__fxstat, struct stat)
FILEMON_WRAP_FXSTAT(__fxstat64, struct stat64)

#define FILEMON_WRAP_FXSTATAT(name, type)                                     \
  FILEMON_WRAP(                                                               \
      int, name,                                                              \
      (int version, int dirfd, const char* path, type* out, int flags)) {     \
    TouchDescriptor(dirfd);                                                   \
    return StatAtResult(FILEMON_NEXT(name)(version, dirfd, path, out, flags), \
                        dirfd, path, flags, out);                             \
  }
FILEMON_WRAP_FXSTATAT(__fxstatat, struct stat)
FILEMON_WRAP_FXSTATAT(__fxstatat64, struct stat64)

FILEMON_WRAP(int, statx,
             (int dirfd, const char* path, int flags, unsigned mask,
              struct statx* out)) {
  TouchDescriptor(dirfd);
  const int result = FILEMON_NEXT(statx)(dirfd, path, flags, mask, out);
  const bool empty = result == 0 && (flags & AT_EMPTY_PATH) != 0;
  if (!empty && result == 0) {
    return MayBePipe(out->stx_mode) ? FoundByName(0, {dirfd, path}) : 0;
  }
  if (empty ? !S_ISSOCK(out->stx_mode) || !IsDevice(dirfd)
            : !MissesDevice(result, path)) {
    return result;
  }
  if (!IsWritable(out, sizeof(*out))) return ErrnoToResult(EFAULT);
  memset(out, 0, sizeof(*out));
  out->stx_mask = STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_UID | STATX_GID;
  out->stx_mode = kDeviceMode;
  out->stx_nlink = 1;
  out->stx_blksize = 4096;
  out->stx_rdev_major = kMajor;
  out->stx_rdev_minor = kMinor;
  return 0;
}

namespace {

// access(): everyone may read and write the device, and nobody execute it.
int AccessResult(int result, PathAt path, int mode) {
  if (!MissesDevice(result, path.name)) return FoundByName(result, path);
  if ((mode & X_OK) == 0) return 0;
  errno = EACCES;
  return -1;
}

}  // namespace

#define FILEMON_WRAP_ACCESS(name)                                           \
  FILEMON_WRAP(int, name, (const char* path, int mode)) {                   \
    return AccessResult(FILEMON_NEXT(name)(path, mode), PathAt::Here(path), \
                        mode);                                              \
  }
FILEMON_WRAP_ACCESS(access)
FILEMON_WRAP_ACCESS(eaccess)
FILEMON_WRAP_ACCESS(euidaccess)

FILEMON_WRAP(int, faccessat,
             (int dirfd, const char* path, int mode, int flags)) {
  return AccessResult(FILEMON_NEXT(faccessat)(dirfd, path, mode, flags),
                      {dirfd, path}, mode);
}

}  // namespace filemon
