#include "interpose/directory_names.h"

#include <fcntl.h>
#include <time.h>

#include "interpose/report.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

constexpr int kEntries = 32;      // a power of two; the fd's low bits choose
constexpr size_t kLongest = 216;  // longer paths are not kept

// More than a tick of the clock that stamps new files (10 ms with HZ=100).
constexpr int64_t kYoung = 20 * 1000 * 1000;  // nanoseconds

// An entry is written by whoever makes `turn` odd, and read by copying it and
// looking whether `turn` is still what it was. Nobody waits: an entry that is
// being written (perhaps by the code that this signal handler interrupted) is
// no entry.
struct Entry {
  uint32_t turn;
  int fd;
  sys::Birth birth;
  int64_t read_at;
  uint32_t renames;  // g_renames at that time
  uint32_t size;     // of the path, with its NUL
  char path[kLongest];
};

Entry g_entries[kEntries] = {};  // constant, or it would need a constructor
uint32_t g_renames;

Original<int (*)(clockid_t, struct timespec*)> original_clock_gettime;

// In nanoseconds, of the timer tick: no system call (vdso(7)).
int64_t Now(clockid_t clock) {
  struct timespec now = {};
  original_clock_gettime.Get("clock_gettime")(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

bool Recall(Entry* entry, int fd, const sys::Birth& birth, int64_t now,
            uint32_t renames, char* out, size_t size) {
  const uint32_t turn = __atomic_load_n(&entry->turn, __ATOMIC_ACQUIRE);
  if ((turn & 1) != 0 || entry->fd != fd || !(entry->birth == birth) ||
      entry->renames != renames || now - entry->read_at > kDirectoryNameAge ||
      entry->size == 0 || entry->size > kLongest || entry->size > size) {
    return false;
  }
  memcpy(out, entry->path, entry->size);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return __atomic_load_n(&entry->turn, __ATOMIC_RELAXED) == turn;
}

void Remember(Entry* entry, int fd, const sys::Birth& birth, int64_t now,
              uint32_t renames, const char* path) {
  const size_t size = strlen(path) + 1;
  if (size > kLongest) return;
  uint32_t turn = __atomic_load_n(&entry->turn, __ATOMIC_RELAXED);
  if ((turn & 1) != 0 ||
      !__atomic_compare_exchange_n(&entry->turn, &turn, turn + 1, false,
                                   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
    return;
  }
  __atomic_thread_fence(__ATOMIC_RELEASE);
  entry->fd = fd;
  entry->birth = birth;
  entry->read_at = now;
  entry->renames = renames;
  entry->size = static_cast<uint32_t>(size);
  memcpy(entry->path, path, size);
  __atomic_store_n(&entry->turn, turn + 2, __ATOMIC_RELEASE);
}

}  // namespace

bool DirectoryName(int fd, char* out, size_t size) {
  sys::Birth birth;
  // Before Linux 4.11: not kept, but known.
  if (sys::StatBirth(fd, &birth) != 0) return PathOfDescriptor(fd, out, size);
  // A directory that was removed has no name, whatever it was.
  if (birth.links == 0) return false;
  const int64_t now = Now(CLOCK_MONOTONIC_COARSE);
  // Read before the name is: a rename in between makes the entry a dead one.
  const uint32_t renames = __atomic_load_n(&g_renames, __ATOMIC_ACQUIRE);
  Entry* const entry = &g_entries[static_cast<unsigned>(fd) % kEntries];
  if (Recall(entry, fd, birth, now, renames, out, size)) return true;
  if (!PathOfDescriptor(fd, out, size)) return false;
  // Born in one tick of the clock, a directory and the one that gets its inode
  // after it cannot be told apart.
  if (!birth.known || Now(CLOCK_REALTIME_COARSE) - birth.time < kYoung) {
    return true;
  }
  Remember(entry, fd, birth, now, renames, out);
  return true;
}

void ForgetDirectoryNames() {
  __atomic_fetch_add(&g_renames, 1, __ATOMIC_ACQ_REL);
}

}  // namespace filemon
