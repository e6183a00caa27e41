// The collector of a session that a traced program has begun by itself.
// libfilemon.so starts it, with a socket for its requests (control.h) as
// standard input and no other descriptor.
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/controlled_session.h"
#include "core/descriptor_limit.h"
#include "core/signals.h"
#include "core/standard_descriptors.h"

namespace {

bool IsControlSocket(int fd) {
  int type = 0;
  socklen_t size = sizeof(type);
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         type == SOCK_SEQPACKET;
}

}  // namespace

int main() {
  if (!IsControlSocket(STDIN_FILENO)) {
    fputs(
        "filemon-collector: libfilemon.so starts this by itself; "
        "to trace a command, run: filemon -o LOG -- COMMAND\n",
        stderr);
    return 125;
  }
  filemon::AllowClock();
  filemon::FillStandardDescriptors();
  // What is meant for the traced program, or for everything that its user runs,
  // would cut the log short.
  filemon::BlockAllSignals();
  filemon::RaiseDescriptorLimit();
  // No directory is kept busy by us.
  if (chdir("/") != 0) return 125;
  filemon::ControlledSession(STDIN_FILENO).Serve();
  return 0;
}
