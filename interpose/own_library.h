// The file that this library is loaded from.
#ifndef FILEMON_INTERPOSE_OWN_LIBRARY_H_
#define FILEMON_INTERPOSE_OWN_LIBRARY_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

namespace filemon {

// Makes g_preload complete in a process that has not started in a session: it
// may have the library by a preload of its own, or be linked with it. False if
// it cannot be told where the library is.
bool KnowOwnLibrary();

// The path of the file `name` beside the library; false if there is no such
// path.
bool PathBesideLibrary(const char* name, char* out, size_t size);

// What to add to an address in this library to have it in process `pid`. 0;
// -EPERM if that process has not loaded this very file, or may not be looked
// at; -ESRCH if there is none.
int LibraryShift(pid_t pid, uintptr_t* out);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_OWN_LIBRARY_H_
