// Files in memory that a session's processes share.
#ifndef FILEMON_CORE_MEMORY_FILE_H_
#define FILEMON_CORE_MEMORY_FILE_H_

namespace filemon {

// A new memfd, close-on-exec, which `flags` (MFD_ALLOW_SEALING) are added to;
// -1 if there is none to be had.
int CreateMemoryFile(const char* name, unsigned flags);

}  // namespace filemon

#endif  // FILEMON_CORE_MEMORY_FILE_H_
