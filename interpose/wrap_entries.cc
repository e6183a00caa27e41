// The entries of directories: not recorded. A list of descriptors is shown
// without the pipe's (own_entry.h).
#include <dirent.h>
#include <errno.h>
#include <stdint.h>

#include "interpose/descriptors.h"
#include "interpose/entries.h"
#include "interpose/own_entry.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

Original<int (*)(DIR*)> original_dirfd;

bool IsOwn(DIR* directory, const char* name) {
  return __builtin_expect(IsOwnNumber(name), 0) &&
         ListsPipe({original_dirfd.Get("dirfd")(directory), ""}, name);
}

}  // namespace

namespace {

// The next entry but for the pipe's.
template <typename Entry>
inline Entry* NextEntry(Entry* (*read)(DIR*), DIR* directory) {
  Entry* entry;
  do {
    entry = read(directory);
  } while (entry != nullptr && IsOwn(directory, entry->d_name));
  return entry;
}

}  // namespace

#define FILEMON_WRAP_READDIR(name, type)             \
  FILEMON_WRAP(type*, name, (DIR * directory)) {     \
    return NextEntry(FILEMON_NEXT(name), directory); \
  }
FILEMON_WRAP_READDIR(readdir, struct dirent)
FILEMON_WRAP_READDIR(readdir64, struct dirent64)

struct dirent64* ReadEntry(DIR* directory) {
  return NextEntry(FILEMON_NEXT(readdir64), directory);
}

#define FILEMON_WRAP_READDIR_R(name, type)                                \
  FILEMON_WRAP(int, name, (DIR * directory, type * entry, type * *out)) { \
    int error;                                                            \
    do {                                                                  \
      error = FILEMON_NEXT(name)(directory, entry, out);                  \
    } while (error == 0 && *out != nullptr &&                             \
             IsOwn(directory, (*out)->d_name));                           \
    return error;                                                         \
  }
FILEMON_WRAP_READDIR_R(readdir_r, struct dirent)
FILEMON_WRAP_READDIR_R(readdir64_r, struct dirent64)

namespace {

// Takes the pipe's entry out of what getdents() has given. Where an entry has
// its length and its name is a matter of the struct.
long WithoutOwn(int fd, char* entries, long size, size_t length_at,
                size_t name_at) {
  for (long at = 0; at < size;) {
    char* const entry = entries + at;
    uint16_t length;
    memcpy(&length, entry + length_at, sizeof(length));
    if (length == 0) break;
    if (IsOwnEntry({fd, ""}, entry + name_at)) {
      memmove(entry, entry + length, static_cast<size_t>(size - at) - length);
      return size - length;
    }
    at += length;
  }
  return size;
}

}  // namespace

long EntriesResult(long size, int fd, void* entries, EntryKind kind) {
  const bool old = kind == EntryKind::kOld;
  // struct linux_dirent, of two longs, a length and the name; the other has a
  // type between these.
  const size_t length_at = old ? 2 * sizeof(long) : 2 * sizeof(uint64_t);
  const size_t name_at = length_at + sizeof(uint16_t) + (old ? 0 : 1);
  return size <= 0 ? size
                   : WithoutOwn(fd, static_cast<char*>(entries), size,
                                length_at, name_at);
}

#define FILEMON_WRAP_GETDENTS(type, name, size_type)                           \
  FILEMON_WRAP(type, name, (int fd, void* entries, size_type size)) {          \
    if (HidesDescriptor(fd)) return NoSuchDescriptor();                        \
    return static_cast<type>(                                                  \
        ReadEntries([&] { return FILEMON_NEXT(name)(fd, entries, size); }, fd, \
                    entries, EntryKind::kNew));                                \
  }
FILEMON_WRAP_GETDENTS(ssize_t, getdents64, size_t)
// musl's.
FILEMON_WRAP_GETDENTS(int, getdents, size_t)

}  // namespace filemon
