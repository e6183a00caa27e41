// Calls that give the program a descriptor of something without a name: not
// recorded. But the numbers are to be those that it would get without us.
#include <sys/types.h>

#include "interpose/descriptors.h"
#include "interpose/pipe_place.h"
#include "interpose/session.h"
#include "interpose/wrapper.h"

namespace filemon {

#define FILEMON_WRAP_GIVING(name, parameters, ...)                \
  FILEMON_WRAP(int, name, parameters) {                           \
    return GivenDescriptor(                                       \
        Giving([&] { return FILEMON_NEXT(name)(__VA_ARGS__); })); \
  }

FILEMON_WRAP_GIVING(socket, (int domain, int type, int protocol), domain, type,
                    protocol)
FILEMON_WRAP_GIVING(epoll_create, (int size), size)
FILEMON_WRAP_GIVING(epoll_create1, (int flags), flags)
FILEMON_WRAP_GIVING(eventfd, (unsigned count, int flags), count, flags)
FILEMON_WRAP_GIVING(timerfd_create, (int clock, int flags), clock, flags)
FILEMON_WRAP_GIVING(inotify_init, ())
FILEMON_WRAP_GIVING(inotify_init1, (int flags), flags)
FILEMON_WRAP_GIVING(memfd_create, (const char* name, unsigned flags), name,
                    flags)
FILEMON_WRAP_GIVING(pidfd_open, (pid_t pid, unsigned flags), pid, flags)

// By means of another one, `fd`.
#define FILEMON_WRAP_GIVING_BY(name, parameters, ...)             \
  FILEMON_WRAP(int, name, parameters) {                           \
    if (HidesDescriptor(fd)) return NoSuchDescriptor();           \
    return GivenDescriptor(                                       \
        Giving([&] { return FILEMON_NEXT(name)(__VA_ARGS__); })); \
  }

FILEMON_WRAP_GIVING_BY(accept, (int fd, void* address, void* size), fd, address,
                       size)
FILEMON_WRAP_GIVING_BY(accept4, (int fd, void* address, void* size, int flags),
                       fd, address, size, flags)
FILEMON_WRAP_GIVING_BY(signalfd, (int fd, const void* mask, int flags), fd,
                       mask, flags)

#define FILEMON_WRAP_GIVING_TWO(name, parameters, ...)           \
  FILEMON_WRAP(int, name, parameters) {                          \
    const int result =                                           \
        Giving([&] { return FILEMON_NEXT(name)(__VA_ARGS__); }); \
    if (result == 0) {                                           \
      GivenDescriptor(fds[0]);                                   \
      GivenDescriptor(fds[1]);                                   \
    }                                                            \
    return result;                                               \
  }

FILEMON_WRAP_GIVING_TWO(pipe, (int* fds), fds)
FILEMON_WRAP_GIVING_TWO(__pipe, (int* fds), fds)
FILEMON_WRAP_GIVING_TWO(pipe2, (int* fds, int flags), fds, flags)
FILEMON_WRAP_GIVING_TWO(socketpair,
                        (int domain, int type, int protocol, int* fds), domain,
                        type, protocol, fds)

}  // namespace filemon
