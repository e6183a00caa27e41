#include "interpose/own_library.h"

#include <errno.h>
#include <linux/limits.h>

#include "interpose/environment.h"
#include "interpose/layout.h"
#include "interpose/memory_map.h"
#include "interpose/preload.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// The library's mapping in a process.
struct Loaded {
  // In: an address in it (this process), or the file (another one).
  uintptr_t address;
  uint64_t device;
  uint64_t inode;
  // Out: where the file's beginning is, 0 if it is not there.
  uintptr_t base;
  char* path;  // room for PATH_MAX bytes, or null
};

bool FindByAddress(const Mapping& mapping, void* data) {
  auto* const loaded = static_cast<Loaded*>(data);
  if (mapping.offset == 0) {
    loaded->base = mapping.begin;
    loaded->device = mapping.device;
    loaded->inode = mapping.inode;
  }
  if (loaded->address < mapping.begin || loaded->address >= mapping.end) {
    return false;
  }
  if (mapping.inode != loaded->inode || mapping.device != loaded->device) {
    loaded->base = 0;
  } else if (loaded->path != nullptr) {
    TextBuilder(loaded->path, PATH_MAX).Add(mapping.path);
  }
  return true;
}

bool FindByFile(const Mapping& mapping, void* data) {
  auto* const loaded = static_cast<Loaded*>(data);
  if (mapping.offset != 0 || mapping.inode != loaded->inode ||
      mapping.device != loaded->device) {
    return false;
  }
  loaded->base = mapping.begin;
  return true;
}

FILEMON_COLD char g_path[PATH_MAX];

// The file's path as the kernel knows it; null if it has none any more.
const char* OwnPath() {
  if (g_path[0] == '\0') {
    char path[PATH_MAX];
    path[0] = '\0';
    Loaded loaded = {reinterpret_cast<uintptr_t>(&OwnPath), 0, 0, 0, path};
    if (VisitMappings(0, FindByAddress, &loaded) != 0) return nullptr;
    if (loaded.base == 0 || path[0] != '/') return nullptr;
    TextBuilder(g_path, sizeof(g_path)).Add(path);
  }
  return g_path;
}

}  // namespace

bool KnowOwnLibrary() {
  const char* const path = OwnPath();
  if (path == nullptr) return false;
  if (g_preload.library == nullptr) g_preload.library = path;
  if (g_preload.entry == nullptr) RememberPreload(Environment());
  if (g_preload.entry == nullptr) MakePreload(path);
  return true;
}

bool PathBesideLibrary(const char* name, char* out, size_t size) {
  const char* const path = OwnPath();
  if (path == nullptr) return false;
  const char* const slash = FindLast(path, strlen(path), '/');
  return TextBuilder(out, size)
      .Add(path, static_cast<size_t>(slash + 1 - path))
      .Add(name)
      .ok();
}

int LibraryShift(pid_t pid, uintptr_t* out) {
  Loaded own = {reinterpret_cast<uintptr_t>(&OwnPath), 0, 0, 0, nullptr};
  if (VisitMappings(0, FindByAddress, &own) != 0 || own.base == 0) {
    return -EPERM;
  }
  Loaded other = {0, own.device, own.inode, 0, nullptr};
  const int error = VisitMappings(pid, FindByFile, &other);
  if (error == -ENOENT || error == -ESRCH) return -ESRCH;
  if (error != 0 || other.base == 0) return -EPERM;
  *out = other.base - own.base;
  return 0;
}

}  // namespace filemon
