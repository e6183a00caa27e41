// The emulated /dev/filemon: filemon(4) of FreeBSD, on top of a collector of
// the program's own (control.h).
//
// An open device is our end of the collector's socket: the kernel duplicates
// and inherits it, and tells the collector when the last descriptor of it is
// closed. What a socket would do differently from a character device is mended
// by the wrappers that call these functions.
#ifndef FILEMON_INTERPOSE_DEVICE_H_
#define FILEMON_INTERPOSE_DEVICE_H_

#include <stdint.h>
#include <sys/types.h>

#include "include/dev/filemon/filemon.h"

namespace filemon {

// Whether this process or one whose memory it was copied from has opened a
// device or has been seen to have one: if not, no descriptor has to be looked
// at.
extern bool g_has_devices __attribute__((visibility("hidden")));
inline bool HasDevices() {
  return __atomic_load_n(&g_has_devices, __ATOMIC_RELAXED);
}

// True if `fd` is an open device that this process is known to have. Costs a
// system call only where HasDevices() and the number may be one.
bool IsOpenDevice(int fd);
inline bool IsDevice(int fd) {
  return __builtin_expect(HasDevices(), 0) && IsOpenDevice(fd);
}

// The program has got a copy of `fd`, which may be a device. Returns `copy`.
void NoteCopy(int fd, int copy);
inline int CopiedDescriptor(int fd, int copy) {
  if (HasDevices()) NoteCopy(fd, copy);
  return copy;
}

// True of the name "/dev/filemon".
bool IsDevicePath(const char* path);

// Whether `fd` is an empty regular file, as one that open() has just created.
bool IsEmptyFile(int fd);

// A call that opens a file has given `fd`. If it failed because there is no
// device, or has created a file in its place, opens ours. Returns the
// descriptor, or -1 with errno set.
int OpenedOrDevice(int fd, const char* path, int flags);

// What ioctl() gives for the device, if `fd` is one: 0, or -1 with errno set.
// False if `fd` is none: it is none where MayBeForDevice() is false.
bool DeviceIoctl(int fd, unsigned long request, void* argument, int* result);
inline bool MayBeForDevice(unsigned long request) {
  return HasDevices() || request == FILEMON_SET_FD ||
         request == FILEMON_SET_PID;
}

// Closes `fd`, a device, by close(fd), and waits for the log if it was the last
// descriptor. As close(2): -1 with errno set if the log could not be written.
int CloseDevice(int fd, int (*close)(int));

// Closes the devices among the descriptors `first` to `last`, both included.
void CloseDevices(unsigned first, unsigned last);

// The process is about to end.
void CloseDevicesAtExit();

// A child of this process has ended, as wait() says.
void TellDevicesOfEnd(pid_t child, int wait_status);

// The parts of DeviceIoctl() that libfilemon(3) offers as functions. 0 or an
// errno.
int SetLog(int device, int log, int options);
int SetPid(int device, pid_t pid);
// Opens a device; its descriptor, close-on-exec, or -errno. What open(2) says
// of such an error: a device is nothing without its collector.
int OpenDevice();
int DeviceErrno(int error);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_DEVICE_H_
