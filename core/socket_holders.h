// Tells whether anybody holds a socket.
#ifndef FILEMON_CORE_SOCKET_HOLDERS_H_
#define FILEMON_CORE_SOCKET_HOLDERS_H_

#include <stdint.h>
#include <sys/types.h>

namespace filemon {

// True if a process has a descriptor of the socket whose inode (fstat(2)) is
// `inode`, by what /proc shows; other users' processes it may hide.
//
// A process that is in execve() and about to close such a descriptor, since it
// is close-on-exec, does not count: Linux lets the parent of a vfork child run
// on before that (begin_new_exec() in the kernel's fs/exec.c calls exec_mmap()
// before do_close_on_exec()). It is known by its image, which is not that of
// `opener`, a process that has opened the socket or is a fork of one, any more.
bool SocketIsHeld(uint64_t inode, pid_t opener);

}  // namespace filemon

#endif  // FILEMON_CORE_SOCKET_HOLDERS_H_
