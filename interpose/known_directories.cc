#include "interpose/known_directories.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "interpose/directory_names.h"
#include "interpose/layout.h"
#include "interpose/path.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

constexpr size_t kLongest = 244;  // longer names are not kept
constexpr int kPlaces = 64;

// Whoever finds `busy` set, perhaps by the code that his signal handler has
// interrupted, does without.
struct Place {
  int busy;
  int fd;  // -1: of nobody
  char path[kLongest];
};
struct Table {
  bool learnt;
  int busy;
  char current[1024];  // the current directory; empty if it is not known
  Place place[kPlaces];
};
FILEMON_COLD Table g_table = {};

Place* PlaceOf(int fd) {
  return &g_table.place[static_cast<unsigned>(fd) % kPlaces];
}

bool Occupy(int* busy) {
  return __atomic_exchange_n(busy, 1, __ATOMIC_ACQUIRE) == 0;
}
void Leave(int* busy) { __atomic_store_n(busy, 0, __ATOMIC_RELEASE); }

// Puts it down if `write(out, size)` does.
template <typename Write>
void Remember(int fd, Write write) {
  Place* const place = PlaceOf(fd);
  if (!Occupy(&place->busy)) return;
  place->fd = write(place->path, sizeof(place->path)) ? fd : -1;
  Leave(&place->busy);
}

bool Copy(const char* text, char* out, size_t size) {
  return TextBuilder(out, size).Add(text).ok();
}

// The absolute name of `name` below `directory`, which may be unknown. False
// too where only the kernel knows what a ".." leads to.
bool Join(const char* directory, const char* name, char* out, size_t size) {
  bool sure;
  if (name[0] == '/') {
    directory = "/";
    while (*name == '/') ++name;
    if (*name == '\0') return Copy("/", out, size);
  }
  return directory[0] == '/' && JoinPath(directory, name, out, size, &sure) &&
         sure;
}

bool CurrentDirectory(char* out, size_t size) {
  if (!Occupy(&g_table.busy)) return false;
  const bool known =
      g_table.current[0] == '/' && Copy(g_table.current, out, size);
  Leave(&g_table.busy);
  return known;
}

}  // namespace

void LearnDirectories() {
  constexpr int kDescriptors = 256;  // directories have low numbers
  if (sys::Denies(sys::kStat | sys::kReadlinkat | sys::kGetcwd)) return;
  if (Occupy(&g_table.busy)) {
    char* const current = g_table.current;
    if (sys::Getcwd(current, sizeof(g_table.current)) < 0) current[0] = '\0';
    Leave(&g_table.busy);
  }
  for (int fd = 0; fd < kDescriptors; ++fd) {
    sys::Identity id;
    if (sys::Stat(fd, "", AT_EMPTY_PATH, &id) != 0 || !S_ISDIR(id.mode)) {
      continue;
    }
    Remember(fd, [fd](char* out, size_t size) {
      return PathOfDescriptor(fd, out, size);
    });
  }
  g_table.learnt = true;
  ForgetEachName();
}

void NoteOpened(int fd, PathAt path) {
  char base[sizeof(g_table.current)];
  base[0] = '\0';
  if (path.name[0] != '/') {
    if (path.dirfd == AT_FDCWD) {
      CurrentDirectory(base, sizeof(base));
    } else {
      KnownDirectory(path.dirfd, base, sizeof(base));
    }
  }
  Remember(fd, [&](char* out, size_t size) {
    return Join(base, path.name, out, size);
  });
}

void ForgetOpened(int fd) {
  if (!g_table.learnt) return;
  Remember(fd, [](char*, size_t) { return false; });
}

bool KnownDirectory(int fd, char* out, size_t size) {
  Place* const place = PlaceOf(fd);
  if (!g_table.learnt || !Occupy(&place->busy)) return false;
  const bool known = place->fd == fd && Copy(place->path, out, size);
  Leave(&place->busy);
  return known;
}

void NoteEntered(const char* given, char* out, size_t size) {
  out[0] = '\0';
  if (!Occupy(&g_table.busy)) return;
  if (given == nullptr || !Join(g_table.current, given, out, size) ||
      !Copy(out, g_table.current, sizeof(g_table.current))) {
    g_table.current[0] = '\0';
  }
  Leave(&g_table.busy);
}

}  // namespace filemon
