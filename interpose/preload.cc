#include "interpose/preload.h"

#include <linux/limits.h>
#include <stdint.h>

#include <initializer_list>

#include "interpose/environment.h"
#include "interpose/layout.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {

Preload g_preload;

namespace {

constexpr char kFile[] = "/libfilemon.so";
constexpr char kAnyFolder[] = "/$LIB";

// What `$LIB` is: on Debian, and elsewhere.
struct Folder {
  char name[24];
};
constexpr Folder kFolders[] = {{"/lib/x86_64-linux-gnu"},
                               {"/lib/i386-linux-gnu"},
                               {"/lib64"},
                               {"/lib32"},
                               {"/lib"}};
constexpr size_t kFileSize = sizeof(kFile) - 1;

char g_short_entry[192];  // where entries lie, but for very long ones

bool EndsIn(const char* text, size_t size, const char* end, size_t end_size) {
  return size >= end_size && EqualBytes(text + size - end_size, end, end_size);
}

bool EndsEntry(char c) { return c == '\0' || c == ':' || c == ' '; }

// Of the entry that `value` begins with. Each exec comes here, and paths are
// long. Reads whole registers, more than is the program's.
__attribute__((no_sanitize("address"))) size_t EntrySize(const char* value) {
  const char* p = value;
#if defined(__SSE2__)
  // Sixteen aligned bytes are of one page.
  typedef char Bytes __attribute__((vector_size(16), may_alias));
  const auto all = [](char c) { return Bytes{} + c; };
  while (reinterpret_cast<uintptr_t>(p) % sizeof(Bytes) != 0) {
    if (EndsEntry(*p)) return static_cast<size_t>(p - value);
    ++p;
  }
  for (;; p += sizeof(Bytes)) {
    const Bytes bytes = *reinterpret_cast<const Bytes*>(p);
    if (__builtin_ia32_pmovmskb128(static_cast<Bytes>(
            (bytes == Bytes{}) | (bytes == all(':')) | (bytes == all(' ')))) !=
        0) {
      break;
    }
  }
#endif
  while (!EndsEntry(*p)) ++p;
  return static_cast<size_t>(p - value);
}

// An entry of LD_PRELOAD, or a library's path, in its parts.
struct Parts {
  size_t root = 0;               // the size of what is before the folder
  const char* folder = nullptr;  // kAnyFolder, one of kFolders, or null
  bool marked = false;           // the folder has a doubled slash
};

Parts Split(const char* entry, size_t size) {
  Parts parts;
  if (!EndsIn(entry, size, kFile, kFileSize)) return parts;
  const size_t path = size - kFileSize;
  const auto take = [&](const char* folder, size_t n) {
    if (!EndsIn(entry, path, folder, n)) return false;
    parts.root = path - n;
    parts.folder = folder;
    if (parts.root > 1 && entry[parts.root - 1] == '/') {
      parts.marked = true;
      --parts.root;
    }
    return true;
  };
  if (take(kAnyFolder, sizeof(kAnyFolder) - 1)) return parts;
  for (const Folder& folder : kFolders) {
    if (take(folder.name, strlen(folder.name))) break;
  }
  return parts;
}

// What `$LIB` is in this process, for an entry with this root; null if that is
// not known.
const char* OwnFolder(const char* entry, const Parts& parts) {
  const char* const library = g_preload.library;
  if (library == nullptr) return nullptr;
  const Parts own = Split(library, strlen(library));
  return own.folder != nullptr && own.folder != kAnyFolder &&
                 own.root == parts.root && EqualBytes(library, entry, own.root)
             ? own.folder
             : nullptr;
}

// The folder that an entry is to have for `images`; null if it is right.
const char* RightFolder(PreloadFor images, const char* entry,
                        const Parts& parts) {
  switch (images) {
    case PreloadFor::kAnyClass:
      return parts.marked && parts.folder != kAnyFolder ? kAnyFolder : nullptr;
    case PreloadFor::kThisClass:
      return parts.folder == kAnyFolder ? OwnFolder(entry, parts) : nullptr;
    case PreloadFor::kAsItIs:
    case PreloadFor::kNone:
      break;
  }
  return nullptr;
}

// Notes an entry of `size` bytes that `write` writes.
template <typename Write>
void Note(size_t size, Write write) {
  char* const memory = size < sizeof(g_short_entry)
                           ? g_short_entry
                           : static_cast<char*>(sys::MapMemory(size + 1));
  if (memory == nullptr) return;
  write(memory, size + 1);
  g_preload.entry = memory;
}

}  // namespace

const char* FindOurPreload(const char* value, size_t* size) {
  while (*value != '\0') {
    const size_t n = EntrySize(value);
    // The name, with a slash before it or alone.
    if (EndsIn(value, n, kFile, kFileSize) ||
        (n == kFileSize - 1 && EqualBytes(value, kFile + 1, n))) {
      *size = n;
      return value;
    }
    value += n;
    if (*value != '\0') ++value;
  }
  return nullptr;
}

void RememberPreload(char* const* environment) {
  const char* value = FindVariable(environment, "LD_PRELOAD");
  if (value == nullptr) return;
  size_t size;
  const char* entry = FindOurPreload(value, &size);
  if (entry == nullptr) return;
  g_preload.is_only_one = entry == value && entry[size] == '\0';
  Note(size, [&](char* out, size_t room) {
    TextBuilder(out, room).Add(entry, size);
  });
}

FILEMON_RARE void MakePreload(const char* library) {
  const size_t size = strlen(library);
  if (!EndsIn(library, size, kFile, kFileSize)) return;
  const Parts parts = Split(library, size);
  bool is_tree = parts.folder != nullptr;
  // Programs of the class whose library is missing would complain.
  for (const Folder* other : {&kFolders[0], &kFolders[3]}) {
    if (!is_tree) break;
    char path[PATH_MAX];
    TextBuilder(path, sizeof(path))
        .Add(library, parts.root)
        .Add(other->name)
        .Add(kFile);
    is_tree = sys::Exists(path);
  }
  Note(size, [&](char* out, size_t room) {
    TextBuilder text(out, room);
    if (is_tree) {
      text.Add(library, parts.root).Add(kAnyFolder).Add(kFile);
    } else {
      text.Add(library);
    }
  });
}

bool IsPreloadFor(PreloadFor images, const char* entry, size_t size) {
  return RightFolder(images, entry, Split(entry, size)) == nullptr;
}

void WritePreload(const char* entry, size_t size, PreloadFor images,
                  TextBuilder* out) {
  const Parts parts = Split(entry, size);
  const char* const folder = RightFolder(images, entry, parts);
  if (folder == nullptr) {
    out->Add(entry, size);
    return;
  }
  out->Add(entry, parts.root);
  if (folder != kAnyFolder) out->Add('/');
  out->Add(folder).Add(kFile, kFileSize);
}

bool PreloadHasForms() {
  if (g_preload.entry == nullptr) return false;
  const size_t size = strlen(g_preload.entry);
  const Parts parts = Split(g_preload.entry, size);
  return parts.folder == kAnyFolder
             ? OwnFolder(g_preload.entry, parts) != nullptr
             : parts.marked;
}

bool WasForAnyClass() {
  if (g_preload.entry == nullptr) return false;
  const Parts parts = Split(g_preload.entry, strlen(g_preload.entry));
  return parts.folder == kAnyFolder &&
         OwnFolder(g_preload.entry, parts) != nullptr;
}

const char* OwnLibFolder() {
  const char* const library = g_preload.library;
  if (library == nullptr) return nullptr;
  const char* const folder = Split(library, strlen(library)).folder;
  return folder != nullptr && folder != kAnyFolder ? folder + 1 : nullptr;
}

bool MayBeForOneClass(const char* value) {
  const char* p = value;
  const char* const end = value + strlen(value);
#if defined(__SSE2__)
  // Every dormant start comes here.
  struct __attribute__((packed, may_alias)) Bytes {
    char value __attribute__((vector_size(16)));
  };
  const auto slashes = [](const char* at) {
    return __builtin_ia32_pmovmskb128(
        reinterpret_cast<const Bytes*>(at)->value == '/');
  };
  for (; end - p > static_cast<ptrdiff_t>(sizeof(Bytes)); p += sizeof(Bytes)) {
    if ((slashes(p) & slashes(p + 1)) != 0) return true;
  }
#endif
  for (; p < end; ++p) {
    if (*p == '/' && p[1] == '/') return true;
  }
  return false;
}

}  // namespace filemon
