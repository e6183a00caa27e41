// What links lead to: not recorded. The pipe has none in /proc (own_entry.h).
#include <stddef.h>
#include <sys/types.h>

#include "interpose/descriptors.h"
#include "interpose/own_entry.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

ssize_t LinkResult(ssize_t size, PathAt path) {
  return FoundByName(static_cast<int>(size), path) < 0 ? -1 : size;
}

}  // namespace

FILEMON_WRAP(ssize_t, readlink, (const char* path, char* out, size_t size)) {
  return LinkResult(FILEMON_NEXT(readlink)(path, out, size),
                    PathAt::Here(path));
}

FILEMON_WRAP(ssize_t, readlinkat,
             (int dirfd, const char* path, char* out, size_t size)) {
  TouchDescriptor(dirfd);
  return LinkResult(FILEMON_NEXT(readlinkat)(dirfd, path, out, size),
                    {dirfd, path});
}

// What _FORTIFY_SOURCE makes of them.
FILEMON_WRAP(ssize_t, __readlink_chk,
             (const char* path, char* out, size_t size, size_t room)) {
  return LinkResult(FILEMON_NEXT(__readlink_chk)(path, out, size, room),
                    PathAt::Here(path));
}

FILEMON_WRAP(ssize_t, __readlinkat_chk,
             (int dirfd, const char* path, char* out, size_t size,
              size_t room)) {
  TouchDescriptor(dirfd);
  return LinkResult(
      FILEMON_NEXT(__readlinkat_chk)(dirfd, path, out, size, room),
      {dirfd, path});
}

}  // namespace filemon
