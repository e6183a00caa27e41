// libfilemon(3): the device without its name.
#include <errno.h>
#include <unistd.h>

#include "include/filemon/session.h"
#include "interpose/control.h"
#include "interpose/device.h"
#include "interpose/sys.h"
#include "interpose/wrapper.h"

namespace filemon {
extern "C" __attribute__((visibility("default"))) int filemon_session_open(
    int log_fd, unsigned flags) {
  if ((flags & ~FILEMON_SESSION_ABSOLUTE_PATHS) != 0)
    return ErrnoToResult(EINVAL);
  const int device = OpenDevice();
  if (device < 0) return ErrnoToResult(DeviceErrno(device));
  const int options = (flags & FILEMON_SESSION_ABSOLUTE_PATHS) != 0
                          ? control::kAbsolutePaths
                          : 0;
  const int error = SetLog(device, log_fd, options);
  if (error == 0) return device;
  CloseDevice(device, sys::Close);
  return ErrnoToResult(error);
}

extern "C" __attribute__((visibility("default"))) int filemon_session_attach(
    int session, pid_t pid) {
  if (!IsControlSocket(session)) return ErrnoToResult(EBADF);
  return ErrnoToResult(SetPid(session, pid));
}

extern "C" __attribute__((visibility("default"))) int filemon_session_close(
    int session) {
  if (!IsControlSocket(session)) return ErrnoToResult(EBADF);
  return CloseDevice(session, sys::Close);
}

}  // namespace filemon
