// A collector of this process's own: started by it, and asked over a socket
// (core/control.h).
//
// None of this may run in a signal handler that interrupts itself; all of it
// may run in a vfork child.
#ifndef FILEMON_INTERPOSE_CONTROL_H_
#define FILEMON_INTERPOSE_CONTROL_H_

#include <sys/types.h>

#include "core/control.h"
#include "interpose/session.h"

namespace filemon {

// Starts a collector: the executable that FILEMON_COLLECTOR names, or the one
// beside the library. It becomes nobody's child that could be waited for, is in
// a session (setsid(2)) of its own, and holds no descriptor but its end of the
// socket. Returns our end, close-on-exec and the lowest free number, or -errno.
int StartCollector();

// True if `fd` is a socket that StartCollector() gave, to this process or to
// one that it inherited it from.
bool IsControlSocket(int fd);

// Sends a request together with `passed_fd` (-1: none), and waits for the
// answer. `received_fd`, if not null, gets the descriptor that came with it,
// close-on-exec, or -1. The answer's error, or the errno of what went wrong on
// the way: EIO if the collector is gone.
int Ask(int socket, const control::Request& request, int passed_fd,
        control::Reply* reply, int* received_fd);

// What the answer to kAttach tells; `first` as in Membership.
inline Membership MembershipFrom(const control::Reply& reply, pid_t first) {
  return {reply.collector, reply.collector_fd, reply.cookie, reply.inode,
          first,           reply.bell,         reply.lanes};
}

// Sends a request that has no answer.
void Tell(int socket, const control::Request& request);

// Closes descriptors of the socket; see control::Kind::kClosing.
class Closing {
 public:
  // Says that `socket` is about to be closed.
  explicit Closing(int socket);
  ~Closing();
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;

  // To be called when it is closed: waits for the log, if that was the last
  // descriptor. 0, or the errno of what went wrong with the log.
  int Finish();

 private:
  int answer_;  // -errno if there is none
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_CONTROL_H_
