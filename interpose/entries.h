// What is left of a directory's entries without the pipe's number.
#ifndef FILEMON_INTERPOSE_ENTRIES_H_
#define FILEMON_INTERPOSE_ENTRIES_H_

#include <dirent.h>

namespace filemon {

// readdir64() as the program finds it.
struct dirent64* ReadEntry(DIR* directory);

// struct linux_dirent of getdents(2), and struct linux_dirent64.
enum class EntryKind { kOld, kNew };

// A getdents() call has put `size` bytes of the directory `fd` there: how many
// are the program's to see.
long EntriesResult(long size, int fd, void* entries, EntryKind kind);

// Makes that call. No bytes would mean the directory's end.
template <typename Call>
long ReadEntries(Call call, int fd, void* entries, EntryKind kind) {
  long all;
  long rest;
  do {
    all = call();
    rest = EntriesResult(all, fd, entries, kind);
  } while (all > 0 && rest == 0);
  return rest;
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_ENTRIES_H_
