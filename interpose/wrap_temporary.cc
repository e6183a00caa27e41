// Files created under a name that libc makes up: the template says it after the
// call. Also names in /dev/shm, which the POSIX calls give without their
// folder.
#include <fcntl.h>
#include <linux/limits.h>
#include <semaphore.h>
#include <stdarg.h>
#include <sys/types.h>

#include "interpose/report.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

// Where glibc and musl keep shared memory and named semaphores.
constexpr char kSharedMemory[] = "/dev/shm/";
constexpr char kSemaphore[] = "/dev/shm/sem.";

// The file behind a POSIX shared-memory or semaphore name.
class SharedName {
 public:
  SharedName(const char* prefix, const char* name) {
    while (*name == '/') ++name;
    TextBuilder(path_, sizeof(path_)).Add(prefix).Add(name);
  }
  PathAt path() const { return PathAt::Here(path_); }

 private:
  char path_[NAME_MAX + sizeof(kSemaphore)];
};

int UnlinkShared(int result, const char* prefix, const char* name) {
  if (result == 0 && Tracing()) {
    ReportUnlink(SharedName(prefix, name).path());
  }
  return result;
}

}  // namespace

#define FILEMON_WRAP_MKSTEMP(name)                                           \
  FILEMON_WRAP(int, name, (char* path)) {                                    \
    return OpenResult(FILEMON_NEXT(name)(path), PathAt::Here(path), O_RDWR); \
  }
FILEMON_WRAP_MKSTEMP(mkstemp)
FILEMON_WRAP_MKSTEMP(mkstemp64)

// mkostemp()'s argument is flags, mkstemps()'s the length of a suffix.
#define FILEMON_WRAP_MKSTEMP_INT(name)                                        \
  FILEMON_WRAP(int, name, (char* path, int argument)) {                       \
    return OpenResult(FILEMON_NEXT(name)(path, argument), PathAt::Here(path), \
                      O_RDWR);                                                \
  }
FILEMON_WRAP_MKSTEMP_INT(mkostemp)
FILEMON_WRAP_MKSTEMP_INT(mkostemp64)
FILEMON_WRAP_MKSTEMP_INT(mkstemps)
FILEMON_WRAP_MKSTEMP_INT(mkstemps64)

#define FILEMON_WRAP_MKOSTEMPS(name)                             \
  FILEMON_WRAP(int, name, (char* path, int suffix, int flags)) { \
    return OpenResult(FILEMON_NEXT(name)(path, suffix, flags),   \
                      PathAt::Here(path), O_RDWR);               \
  }
FILEMON_WRAP_MKOSTEMPS(mkostemps)
FILEMON_WRAP_MKOSTEMPS(mkostemps64)

FILEMON_WRAP(int, shm_open, (const char* name, int flags, mode_t mode)) {
  const int fd = FILEMON_NEXT(shm_open)(name, flags, mode);
  if (fd < 0 || !Tracing()) return fd;
  return OpenResult(fd, SharedName(kSharedMemory, name).path(), flags);
}

FILEMON_WRAP(int, shm_unlink, (const char* name)) {
  return UnlinkShared(FILEMON_NEXT(shm_unlink)(name), kSharedMemory, name);
}

// A new semaphore is made under a temporary name and linked to its own.
FILEMON_WRAP(sem_t*, sem_open, (const char* name, int flags, ...)) {
  mode_t mode = 0;
  unsigned value = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    value = va_arg(arguments, unsigned);
    va_end(arguments);
  }
  sem_t* const semaphore = FILEMON_NEXT(sem_open)(name, flags, mode, value);
  if (semaphore != SEM_FAILED && Tracing()) {
    ReportOpen(SharedName(kSemaphore, name).path(), O_RDWR);
  }
  return semaphore;
}

FILEMON_WRAP(int, sem_unlink, (const char* name)) {
  return UnlinkShared(FILEMON_NEXT(sem_unlink)(name), kSemaphore, name);
}

}  // namespace filemon
