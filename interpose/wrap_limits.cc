// Limits of this process: not recorded. The pipe is to be above that of
// descriptors.
#include <sys/resource.h>
#include <sys/types.h>

#include "interpose/descriptors.h"
#include "interpose/pipe_place.h"
#include "interpose/wrapper.h"

namespace filemon {

void FileLimitMayHaveChanged(int result, int resource) {
  if (result == 0 && resource == RLIMIT_NOFILE && Tracing()) GoAhead();
}

#define FILEMON_WRAP_SETRLIMIT(name)                           \
  FILEMON_WRAP(int, name, (int resource, const void* limit)) { \
    const int result = FILEMON_NEXT(name)(resource, limit);    \
    FileLimitMayHaveChanged(result, resource);                 \
    return result;                                             \
  }
FILEMON_WRAP_SETRLIMIT(setrlimit)
FILEMON_WRAP_SETRLIMIT(setrlimit64)

#define FILEMON_WRAP_PRLIMIT(name)                                        \
  FILEMON_WRAP(int, name,                                                 \
               (pid_t pid, int resource, const void* limit, void* old)) { \
    const int result = FILEMON_NEXT(name)(pid, resource, limit, old);     \
    FileLimitMayHaveChanged(result, resource);                            \
    return result;                                                        \
  }
FILEMON_WRAP_PRLIMIT(prlimit)
FILEMON_WRAP_PRLIMIT(prlimit64)

}  // namespace filemon
