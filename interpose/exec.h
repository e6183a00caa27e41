// Replacing the process image: the one way in which every exec of a traced
// process goes to the kernel.
#ifndef FILEMON_INTERPOSE_EXEC_H_
#define FILEMON_INTERPOSE_EXEC_H_

#include <stddef.h>

#include "interpose/report.h"

namespace filemon {

// execve() or execveat() by system call, with errno set on failure, as libc's.
// Announces the exec, and takes the announcement back if it fails. Allocates
// nothing: safe in a vfork child and in a signal handler.
int Exec(PathAt path, char* const* argv, char* const* environment, int flags);

// execvp() and its kin (POSIX): `file` is sought along PATH unless it has a
// slash; what is no program is run by /bin/sh.
int ExecSearching(const char* file, char* const* argv,
                  char* const* environment);

// The path that a search for `file` finds; false if it finds none.
bool FindProgram(const char* file, char* out, size_t size);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_EXEC_H_
