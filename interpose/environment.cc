#include "interpose/environment.h"

#include "core/wire.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/text.h"

// Weak: a program linked statically against part of libc may have none.
extern "C" char** environ __attribute__((weak));

namespace filemon {
namespace {

constexpr char kPreloadVariable[] = "LD_PRELOAD";
constexpr char kLibraryFile[] = "libfilemon.so";

// The value if `entry` is "name=value", or null.
const char* ValueOf(const char* entry, const char* name) {
  while (*name != '\0' && *entry == *name) {
    ++entry;
    ++name;
  }
  return *name == '\0' && *entry == '=' ? entry + 1 : nullptr;
}

constexpr size_t kSessionEntrySize =
    sizeof(wire::kSessionVariable) + kSessionValueSize;

// "FILEMON_SESSION=..." for our children.
void WriteSessionEntry(char* out) {
  TextBuilder text(out, kSessionEntrySize);
  text.Add(wire::kSessionVariable).Add("=");
  WriteSessionValue(out + text.size());
}

}  // namespace

char* const* Environment() { return &environ != nullptr ? environ : nullptr; }

const char* FindVariable(char* const* environment, const char* name) {
  for (; *environment != nullptr; ++environment) {
    if (const char* value = ValueOf(*environment, name)) return value;
  }
  return nullptr;
}

const char* FindOurPreload(const char* value, size_t* size) {
  while (*value != '\0') {
    size_t n = 0;
    while (value[n] != '\0' && value[n] != ':' && value[n] != ' ') ++n;
    const char* slash = FindLast(value, n, '/');
    const char* file = slash != nullptr ? slash + 1 : value;
    const size_t length = static_cast<size_t>(value + n - file);
    if (length == sizeof(kLibraryFile) - 1 &&
        EqualBytes(file, kLibraryFile, length)) {
      *size = n;
      return value;
    }
    value += n;
    if (*value != '\0') ++value;
  }
  return nullptr;
}

TracedEnvironment::TracedEnvironment(char* const* environment)
    : environment_(environment) {
  if (ThisSession().fd == kDormant) return;
  char session[kSessionEntrySize];
  WriteSessionEntry(session);
  bool session_is_ours = false;
  int sessions = 0;
  if (environment != nullptr) {
    for (; environment[entries_] != nullptr; ++entries_) {
      const char* entry = environment[entries_];
      if (const char* value = ValueOf(entry, kPreloadVariable)) {
        size_t size;
        preload_ = entry;
        preload_is_ours_ = FindOurPreload(value, &size) != nullptr;
      } else if (const char* value = ValueOf(entry, wire::kSessionVariable)) {
        // Of several, the new image would take the first.
        session_is_ours = ++sessions == 1 && Equal(entry, session);
        if (sessions == 1 && BeginsAnotherSession(value)) {
          obstacle_ = wire::kHandedOver;
          return;
        }
      }
    }
  }
  // After a chroot(), or without the right to read it: the dynamic linker would
  // complain on standard error.
  if (g_preload.library != nullptr && !sys::Readable(g_preload.library)) {
    obstacle_ = wire::kUnreachable;
    if (!preload_is_ours_ && sessions == 0) return;
    text_size_ = (preload_ != nullptr ? strlen(preload_) : 0) + 1;
    size_ = (entries_ + 2) * sizeof(char*) + text_size_;
    return;
  }
  // Attached without a preload (the library is linked in): none is passed on.
  if (g_preload.entry[0] == '\0') preload_is_ours_ = true;
  if (preload_is_ours_ && session_is_ours) return;
  if (!preload_is_ours_) {
    text_size_ =
        (preload_ != nullptr ? strlen(preload_) : sizeof(kPreloadVariable)) +
        1 + strlen(g_preload.entry) + 1;
  }
  // Two entries of ours and the null at the end.
  size_ = (entries_ + 3) * sizeof(char*) + kSessionEntrySize + text_size_;
}

char* const* TracedEnvironment::BuildWithoutUs(void* memory) const {
  char** const out = static_cast<char**>(memory);
  TextBuilder rest(static_cast<char*>(memory) + (entries_ + 2) * sizeof(char*),
                   text_size_);
  size_t n = 0;
  for (size_t i = 0; i < entries_; ++i) {
    char* entry = environment_[i];
    if (ValueOf(entry, wire::kSessionVariable) != nullptr) continue;
    if (entry == preload_ && preload_is_ours_) continue;
    out[n++] = entry;
  }
  if (preload_is_ours_) {
    size_t size;
    const char* value = ValueOf(preload_, kPreloadVariable);
    const char* ours = FindOurPreload(value, &size);
    const char* after = ours + size;
    if (*after != '\0') {
      ++after;  // the separator
    } else if (ours > value) {
      --ours;
    }
    rest.Add(preload_, static_cast<size_t>(ours - preload_)).Add(after);
    if (rest.size() > sizeof(kPreloadVariable)) out[n++] = rest.text();
  }
  out[n] = nullptr;
  return out;
}

char* const* TracedEnvironment::Build(void* memory) const {
  if (size_ == 0) return environment_;
  if (obstacle_ == wire::kUnreachable) return BuildWithoutUs(memory);
  char** const out = static_cast<char**>(memory);
  char* text = static_cast<char*>(memory) + (entries_ + 3) * sizeof(char*);
  size_t n = 0;
  for (size_t i = 0; i < entries_; ++i) {
    char* entry = environment_[i];
    if (ValueOf(entry, wire::kSessionVariable) != nullptr) continue;
    if (!preload_is_ours_ && ValueOf(entry, kPreloadVariable) != nullptr) {
      continue;
    }
    out[n++] = entry;
  }
  WriteSessionEntry(text);
  out[n++] = text;
  if (!preload_is_ours_) {
    // The program's own preloads stay first: ASan's runtime insists on it.
    TextBuilder entry(text + kSessionEntrySize, text_size_);
    if (preload_ != nullptr) {
      entry.Add(preload_);
      if (preload_[sizeof(kPreloadVariable)] != '\0') entry.Add(":");
    } else {
      entry.Add(kPreloadVariable).Add("=");
    }
    entry.Add(g_preload.entry);
    out[n++] = text + kSessionEntrySize;
  }
  out[n] = nullptr;
  return out;
}

}  // namespace filemon
