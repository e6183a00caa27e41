#include "interpose/directory_names.h"

#include <time.h>

#include "interpose/guest_sessions.h"
#include "interpose/kernel_names.h"
#include "interpose/known_directories.h"
#include "interpose/layout.h"
#include "interpose/process.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {

uint32_t g_directory_places;

namespace {

// What no reader sees half written.
using Word = uintptr_t;
constexpr size_t kLongest = 224;  // longer paths are not kept

// `turn` is odd while the entry has a writer, from before he reads the link
// until he has written it down. The path is good if the turn is the one at
// which it was to be complete: whoever forgets an entry moves its turn on by
// two, under a writer's hands too. Readers copy the path and look whether the
// turn is still the same. Nobody waits: an entry that has a writer (perhaps the
// code that this signal handler interrupted) is no entry.
struct Entry {
  uint32_t turn;
  uint32_t complete;
  int fd;
  uint32_t names;  // g_names when the path was read
  Word read_at;    // by Now()
  size_t size;     // of the path, with its NUL; 0 before there was any
  Word path[kLongest / sizeof(Word)];
};

FILEMON_COLD Entry
    g_entries[kDirectoryPlaces] = {};  // constant: needs no constructor

// Of an entry's fields but for the turn. What a reader gets while a writer is
// at work he does not use: the order is that no field is read after the second
// look at the turn, and none written before the writer is in his place.
template <typename T>
T Load(const T& field) {
  return __atomic_load_n(&field, __ATOMIC_ACQUIRE);
}
template <typename T>
void Store(T* field, T value) {
  __atomic_store_n(field, value, __ATOMIC_RELEASE);
}

size_t WordsOf(size_t size) { return (size + sizeof(Word) - 1) / sizeof(Word); }

uint32_t g_names;  // is counted up when any name may have changed
bool g_distrusted;

Original<int (*)(clockid_t, struct timespec*)> original_clock_gettime;

// In milliseconds, of the timer tick: no system call (vdso(7)). False if there
// is no such clock.
bool Now(Word* out) {
  struct timespec now;
  if (original_clock_gettime.Get("clock_gettime")(CLOCK_MONOTONIC_COARSE,
                                                  &now) != 0) {
    return false;
  }
  *out = static_cast<Word>(now.tv_sec) * 1000 +
         static_cast<Word>(now.tv_nsec) / 1000000;
  return true;
}

unsigned PlaceOf(int fd) {
  return static_cast<unsigned>(fd) % kDirectoryPlaces;
}

bool IsOld(Word read_at, Word now) {
  // Also true of a clock that went back.
  return now - read_at >= static_cast<Word>(kDirectoryNameAge / 1000000);
}

bool Recall(const Entry& entry, int fd, Word now, uint32_t names, char* out,
            size_t size) {
  const uint32_t turn = __atomic_load_n(&entry.turn, __ATOMIC_ACQUIRE);
  const size_t words = WordsOf(Load(entry.size));
  const size_t room = (size < kLongest ? size : kLongest) / sizeof(Word);
  if ((turn & 1) != 0 || Load(entry.complete) != turn || Load(entry.fd) != fd ||
      Load(entry.names) != names || IsOld(Load(entry.read_at), now) ||
      words == 0 || words > room) {
    return false;
  }
  for (size_t i = 0; i < words; ++i) {
    const Word word = Load(entry.path[i]);
    // The compiler's own: memcpy() here is a call (-ffreestanding).
    __builtin_memcpy(out + i * sizeof(Word), &word, sizeof(Word));
  }
  return Load(entry.turn) == turn;
}

// Reads the path and remembers it, if nobody else is doing so in this place.
__attribute__((noinline)) bool Learn(Entry* entry, int fd, Word now,
                                     uint32_t names, char* out, size_t size) {
  uint32_t turn = __atomic_load_n(&entry->turn, __ATOMIC_RELAXED);
  // Before the link is read: who closes the descriptor after that finds the bit
  // and the writer.
  __atomic_fetch_or(&g_directory_places, 1u << PlaceOf(fd), __ATOMIC_SEQ_CST);
  if ((turn & 1) != 0 ||
      !__atomic_compare_exchange_n(&entry->turn, &turn, turn + 1, false,
                                   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    return DirectoryOfDescriptor(fd, out, size);
  }
  const bool found = DirectoryOfDescriptor(fd, out, size);
  const size_t length = found ? strlen(out) + 1 : 0;
  if (length > 0 && length <= kLongest) {
    Store(&entry->complete, turn + 2);
    Store(&entry->fd, fd);
    Store(&entry->names, names);
    Store(&entry->read_at, now);
    Store(&entry->size, length);
    for (size_t i = 0; i < WordsOf(length); ++i) {
      Word word = 0;
      const size_t left = length - i * sizeof(Word);
      memcpy(&word, out + i * sizeof(Word),
             left < sizeof(Word) ? left : sizeof(Word));
      Store(&entry->path[i], word);
    }
  }
  __atomic_fetch_add(&entry->turn, 1, __ATOMIC_RELEASE);
  return found;
}

}  // namespace

bool DirectoryName(int fd, char* out, size_t size) {
  if (sys::Denies(sys::kReadlinkat)) return KnownDirectory(fd, out, size);
  // A number may be another process's.
  Word now;
  if (MemoryIsShared() || MayBeGuest() || DistrustsDescriptors() ||
      !Now(&now)) {
    return DirectoryOfDescriptor(fd, out, size);
  }
  // Read before the name is: a rename in between makes the entry a dead one.
  const uint32_t names = __atomic_load_n(&g_names, __ATOMIC_ACQUIRE);
  Entry* const entry = &g_entries[PlaceOf(fd)];
  return Recall(*entry, fd, now, names, out, size) ||
         Learn(entry, fd, now, names, out, size);
}

void ForgetNameOf(int fd) {
  if (fd >= 0) ForgetOpened(fd);
  Entry* const entry = &g_entries[PlaceOf(fd)];
  const uint32_t turn = __atomic_load_n(&entry->turn, __ATOMIC_ACQUIRE);
  const bool written = (turn & 1) == 0;
  if (written && (Load(entry->complete) != turn || Load(entry->fd) != fd)) {
    return;
  }
  __atomic_fetch_add(&entry->turn, 2, __ATOMIC_SEQ_CST);
}

void ForgetEachName() {
  __atomic_store_n(&g_directory_places, ~0u, __ATOMIC_SEQ_CST);
}

void ForgetAllNames() { __atomic_fetch_add(&g_names, 1, __ATOMIC_ACQ_REL); }

void DistrustDescriptors() {
  __atomic_store_n(&g_distrusted, true, __ATOMIC_RELAXED);
}

bool DistrustsDescriptors() {
  return __atomic_load_n(&g_distrusted, __ATOMIC_RELAXED);
}

}  // namespace filemon
