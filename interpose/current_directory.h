// The current directory, as the collector believes it to be.
//
// The collector knows it from the records of each image's start and of each
// chdir(), and from the renames of the session. A session that wants absolute
// names is told of what happens otherwise: a rename that nobody reported gives
// the directory another name, and where processes (CLONE_FS) share one, another
// may have moved it.
//
// All of this is async-signal-safe and thread-safe.
#ifndef FILEMON_INTERPOSE_CURRENT_DIRECTORY_H_
#define FILEMON_INTERPOSE_CURRENT_DIRECTORY_H_

#include "interpose/path_buffer.h"

namespace filemon {

// A record says that the current directory is `path`.
void ToldCurrentDirectory(const char* path);

// A name relative to the current directory is about to be reported to a session
// that wants absolute ones. Corrects the collector's belief, or puts into
// `path`, if there is no one belief for this process, where the name counts.
void CheckCurrentDirectory(PathBuffer* path);

// From now on the current directory may be another process's too, or the
// thread's own.
void DistrustCurrentDirectory();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_CURRENT_DIRECTORY_H_
