// The pid namespace of this process. Its pid means nothing to a collector in
// another one, so every record says in which it counts.
#ifndef FILEMON_INTERPOSE_PID_NAMESPACE_H_
#define FILEMON_INTERPOSE_PID_NAMESPACE_H_

#include <stdint.h>
#include <sys/types.h>

namespace filemon {

// For a new image: the namespace, as wire::Header::pid_namespace, of a process
// that holds the session's pipe as `fd`.
uint32_t PidNamespaceOf(int fd, pid_t collector);

// The calling process's namespace by its number, whichever it is.
uint32_t OwnPidNamespace();

// True in a process whose parent is in another namespace: the first one there,
// or one that came by setns(2).
bool HasNoParentHere();

// What the calling process and its parent are called in the parent's namespace.
struct Outside {
  pid_t pid;  // 0 if that cannot be told
  pid_t parent;
};

// The parent of another process, 0 if /proc does not tell.
pid_t ParentOf(pid_t pid);

// /proc shows it as long as it is the parent's namespace's.
Outside SeenFromOutside();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_PID_NAMESPACE_H_
