// Calls that ask or change something of a descriptor by its number, and that
// few programs make often: the pipe's is closed for them, and moves. read(),
// write() and their like go straight to libc: for them it has to be out of the
// way (pipe_place.h).
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include "interpose/descriptors.h"
#include "interpose/wrapper.h"

namespace filemon {

#define FILEMON_WRAP_HIDING(result, failure, name, parameters, ...) \
  FILEMON_WRAP(result, name, parameters) {                          \
    if (HidesDescriptor(fd)) {                                      \
      NoSuchDescriptor();                                           \
      return failure;                                               \
    }                                                               \
    return FILEMON_NEXT(name)(__VA_ARGS__);                         \
  }

FILEMON_WRAP_HIDING(int, -1, fstatfs, (int fd, void* out), fd, out)
FILEMON_WRAP_HIDING(int, -1, fstatfs64, (int fd, void* out), fd, out)
FILEMON_WRAP_HIDING(int, -1, fstatvfs, (int fd, void* out), fd, out)
FILEMON_WRAP_HIDING(int, -1, fstatvfs64, (int fd, void* out), fd, out)
FILEMON_WRAP_HIDING(int, -1, fchmod, (int fd, mode_t mode), fd, mode)
FILEMON_WRAP_HIDING(int, -1, fchown, (int fd, uid_t user, gid_t group), fd,
                    user, group)
FILEMON_WRAP_HIDING(int, -1, futimens, (int fd, const void* times), fd, times)
FILEMON_WRAP_HIDING(int, -1, ftruncate, (int fd, off_t size), fd, size)
FILEMON_WRAP_HIDING(int, -1, ftruncate64, (int fd, off64_t size), fd, size)
FILEMON_WRAP_HIDING(int, -1, fsync, (int fd), fd)
FILEMON_WRAP_HIDING(int, -1, fdatasync, (int fd), fd)
FILEMON_WRAP_HIDING(int, -1, flock, (int fd, int operation), fd, operation)
FILEMON_WRAP_HIDING(int, -1, lockf, (int fd, int command, off_t size), fd,
                    command, size)
FILEMON_WRAP_HIDING(int, -1, lockf64, (int fd, int command, off64_t size), fd,
                    command, size)
FILEMON_WRAP_HIDING(int, 0, isatty, (int fd), fd)
FILEMON_WRAP_HIDING(int, -1, tcgetattr, (int fd, void* out), fd, out)
FILEMON_WRAP_HIDING(FILE*, nullptr, fdopen, (int fd, const char* mode), fd,
                    mode)
FILEMON_WRAP_HIDING(FILE*, nullptr, _IO_fdopen, (int fd, const char* mode), fd,
                    mode)
FILEMON_WRAP_HIDING(int, -1, epoll_ctl,
                    (int poll, int operation, int fd, void* event), poll,
                    operation, fd, event)
FILEMON_WRAP_HIDING(off_t, -1, lseek, (int fd, off_t offset, int whence), fd,
                    offset, whence)
FILEMON_WRAP_HIDING(off_t, -1, __lseek, (int fd, off_t offset, int whence), fd,
                    offset, whence)
FILEMON_WRAP_HIDING(off64_t, -1, lseek64, (int fd, off64_t offset, int whence),
                    fd, offset, whence)

}  // namespace filemon
