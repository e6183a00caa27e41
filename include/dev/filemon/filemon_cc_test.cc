// filemon.h is self-contained in C++, and usable as ioctl() wants it.
#include "dev/filemon/filemon.h"

int main() {
  int fd = 1;
  // Nothing answers the request on a closed descriptor; what counts is that
  // the call compiles, and that the two requests differ.
  const bool refused = ioctl(-1, FILEMON_SET_FD, &fd) == -1;
  return refused && FILEMON_SET_FD != FILEMON_SET_PID ? 0 : 1;
}
