// The dynamic linker's search paths (ld.so(8)).
#ifndef FILEMON_INTERPOSE_SEARCH_PATH_H_
#define FILEMON_INTERPOSE_SEARCH_PATH_H_

#include <stddef.h>

namespace filemon {

// True if the path `library` lies in one of the directories of `list`,
// separated by colons or semicolons, or in a subdirectory there for better
// processors (glibc-hwcaps). $ORIGIN in the list stands for the `origin_size`
// bytes at `origin`. `library` has a slash.
bool SearchPathHolds(const char* list, const char* origin, size_t origin_size,
                     const char* library);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_SEARCH_PATH_H_
