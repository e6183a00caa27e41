#include "interpose/environment.h"

#include "core/wire.h"
#include "interpose/process.h"
#include "interpose/readable.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/text.h"

// Weak: a program linked statically against part of libc may have none.
extern "C" char** environ __attribute__((weak));

namespace filemon {

uintptr_t g_first_pages[2];

namespace {

constexpr char kPreloadVariable[] = "LD_PRELOAD";

// The value if `entry` is "name=value", or null.
const char* ValueOf(const char* entry, const char* name) {
  while (*name != '\0' && *entry == *name) {
    ++entry;
    ++name;
  }
  return *name == '\0' && *entry == '=' ? entry + 1 : nullptr;
}

// Which of our variables an entry is.
enum Variable { kNotOurs, kPreload, kSession, kLists };

inline Variable VariableOf(const char* entry) {
  static_assert(kPreloadVariable[0] == 'L' && wire::kSessionVariable[0] == 'F',
                "most entries are told by their first letter");
  switch (*entry) {
    case 'L':
      if (ValueOf(entry, kPreloadVariable) != nullptr) return kPreload;
      // Any value will do, and both make the dynamic linker of any program list
      // its libraries in the place of running it (ld.so(8), ldd(1)).
      return ValueOf(entry, "LD_TRACE_LOADED_OBJECTS") != nullptr ||
                     ValueOf(entry, "LD_TRACE_PRELINKING") != nullptr
                 ? kLists
                 : kNotOurs;
    case 'F':
      return ValueOf(entry, wire::kSessionVariable) != nullptr ? kSession
                                                               : kNotOurs;
    default:
      return kNotOurs;
  }
}

constexpr size_t kSessionEntrySize =
    sizeof(wire::kSessionVariable) + kSessionValueSize;

// Known of a process that has been dormant from its start.
bool g_hands_on_any_class;

// "FILEMON_SESSION=...".
void WriteSessionEntry(ProcessId maker, uint32_t child, char* out) {
  TextBuilder text(out, kSessionEntrySize);
  text.Add(wire::kSessionVariable).Add('=');
  WriteSessionValue(maker, child, out + text.size());
}

}  // namespace

char* const* Environment() { return &environ != nullptr ? environ : nullptr; }

const char* FindVariable(char* const* environment, const char* name) {
  const char first = name[0];
  for (; *environment != nullptr; ++environment) {
    if (**environment != first) continue;
    if (const char* value = ValueOf(*environment, name)) return value;
  }
  return nullptr;
}

const char* FindReadableVariable(char* const* environment, const char* name) {
  ReadableMemory pointers;
  ReadableMemory texts;
  for (; pointers.HoldsPointer(environment); ++environment) {
    const char* const entry = *environment;
    if (entry == nullptr || !texts.Holds(entry, 1)) return nullptr;
    if (*entry != name[0]) continue;
    if (!texts.HoldsText(entry)) return nullptr;
    if (const char* value = ValueOf(entry, name)) return value;
  }
  return nullptr;
}

void NoteDormantEnvironment(char* const* environment) {
  const char* const preload = environment != nullptr
                                  ? FindVariable(environment, kPreloadVariable)
                                  : nullptr;
  g_hands_on_any_class = preload == nullptr || !MayBeForOneClass(preload);
}

bool MayHandOnOneClass() { return !g_hands_on_any_class; }

TracedEnvironment::TracedEnvironment(char* const* environment, PreloadFor image,
                                     ProcessId maker, uint32_t child)
    : environment_(environment), image_(image), maker_(maker), child_(child) {
  if (ThisSession().fd == kDormant) {
    MeasureDormant();
  } else if (!Measure()) {
    size_ = 0;
    obstacle_ = 0;
  }
}

template <typename Visit>
bool TracedEnvironment::ForEachOfOurs(Visit visit) {
  if (environment_ == nullptr) return true;
  ReadableMemory pointers;
  if (!pointers.HoldsPointer(environment_)) return false;
  // Most often on the same page.
  ReadableMemory texts = pointers;
  for (;; ++entries_) {
    if (!pointers.HoldsPointer(environment_ + entries_)) return false;
    const char* const entry = environment_[entries_];
    if (entry == nullptr) return true;
    if (!texts.Holds(entry, 1)) return false;
    // Only these are read further.
    if (*entry != 'L' && *entry != 'F') continue;
    if (!texts.HoldsText(entry)) return false;
    const Variable variable = VariableOf(entry);
    if (variable != kNotOurs) visit(entry, variable);
  }
}

bool TracedEnvironment::Measure() {
  if (maker_.life == 0) maker_ = CurrentProcess();
  // A new child's is nowhere yet.
  char session[kSessionEntrySize];
  session[0] = '\0';
  if (child_ == 0) WriteSessionEntry(maker_, child_, session);
  int sessions = 0;
  bool lists = image_ == PreloadFor::kNone;
  const bool readable = ForEachOfOurs([&](const char* entry, int variable) {
    if (variable == kLists) {
      lists = true;
      return;
    }
    if (variable == kPreload) {
      MeasurePreload(entry);
      return;
    }
    // Of several, the new image would take the first.
    session_is_right_ = ++sessions == 1 && Equal(entry, session);
    if (sessions == 1 && !session_is_right_ &&
        BeginsAnotherSession(entry + sizeof(wire::kSessionVariable))) {
      obstacle_ = wire::kHandedOver;
    }
  });
  if (!readable) return false;
  if (obstacle_ == wire::kHandedOver) return true;
  // After a chroot(), or without the right to read it: the dynamic linker would
  // complain on standard error.
  if (lists) {
    obstacle_ = wire::kOnlyLists;
  } else if (g_preload.library != nullptr &&
             !sys::Readable(g_preload.library)) {
    obstacle_ = wire::kUnreachable;
  }
  if (obstacle_ != 0) {
    if (ours_ == nullptr && sessions == 0) return true;
    text_size_ = (preload_ != nullptr ? strlen(preload_) : 0) + 1;
    size_ = (entries_ + 2) * sizeof(char*) + text_size_;
    return true;
  }
  // Attached without a preload (the library is linked in): none is passed on.
  if (ours_ == nullptr && g_preload.entry == nullptr) preload_is_right_ = true;
  if (preload_is_right_ && session_is_right_) return true;
  if (!preload_is_right_) {
    text_size_ =
        (preload_ != nullptr ? strlen(preload_) : sizeof(kPreloadVariable)) +
        1 + (ours_ == nullptr ? strlen(g_preload.entry) : 0) + kPreloadGrowth +
        1;
  }
  SetSize();
  return true;
}

// Two entries of ours and the null at the end.
void TracedEnvironment::SetSize() {
  size_ = (entries_ + 3) * sizeof(char*) +
          (session_is_right_ ? 0 : kSessionEntrySize) + text_size_;
}

void TracedEnvironment::MeasurePreload(const char* entry) {
  preload_ = entry;
  ours_ = FindOurPreload(entry + sizeof(kPreloadVariable), &ours_size_);
  preload_is_right_ =
      ours_ != nullptr && IsPreloadFor(image_, ours_, ours_size_);
}

void TracedEnvironment::MeasureDormant() {
  if (image_ != PreloadFor::kAnyClass) return;
  const bool readable = ForEachOfOurs([&](const char* entry, int variable) {
    if (variable == kPreload) MeasurePreload(entry);
  });
  if (!readable || ours_ == nullptr || preload_is_right_) return;
  session_is_right_ = true;
  text_size_ = strlen(preload_) + kPreloadGrowth + 1;
  SetSize();
}

char* const* TracedEnvironment::BuildWithoutUs(void* memory) const {
  char** const out = static_cast<char**>(memory);
  TextBuilder rest(static_cast<char*>(memory) + (entries_ + 2) * sizeof(char*),
                   text_size_);
  size_t n = 0;
  for (size_t i = 0; i < entries_; ++i) {
    char* entry = environment_[i];
    if (VariableOf(entry) == kSession) continue;
    if (entry == preload_ && ours_ != nullptr) continue;
    out[n++] = entry;
  }
  if (ours_ != nullptr) {
    const char* before = ours_;
    const char* after = ours_ + ours_size_;
    if (*after != '\0') {
      ++after;  // the separator
    } else if (before > preload_ + sizeof(kPreloadVariable)) {
      --before;
    }
    rest.Add(preload_, static_cast<size_t>(before - preload_)).Add(after);
    if (rest.size() > sizeof(kPreloadVariable)) out[n++] = rest.text();
  }
  out[n] = nullptr;
  return out;
}

// "LD_PRELOAD=...", with our entry where it was. Where there was none the
// program's own preloads stay first: ASan's runtime insists on it.
void TracedEnvironment::WritePreloadVariable(char* out) const {
  TextBuilder text(out, text_size_);
  const char* entry = ours_;
  size_t entry_size = ours_size_;
  if (entry == nullptr) {
    entry = g_preload.entry;
    entry_size = strlen(entry);
    if (preload_ == nullptr) {
      text.Add(kPreloadVariable).Add("=");
    } else {
      text.Add(preload_);
      if (preload_[sizeof(kPreloadVariable)] != '\0') text.Add(":");
    }
  } else {
    text.Add(preload_, static_cast<size_t>(ours_ - preload_));
  }
  WritePreload(entry, entry_size, image_, &text);
  if (ours_ != nullptr) text.Add(ours_ + ours_size_);
}

char* const* TracedEnvironment::Build(void* memory) const {
  if (size_ == 0 || memory == nullptr) return environment_;
  if (obstacle_ != 0) return BuildWithoutUs(memory);
  char** const out = static_cast<char**>(memory);
  char* text = static_cast<char*>(memory) + (entries_ + 3) * sizeof(char*);
  size_t n = 0;
  for (size_t i = 0; i < entries_; ++i) {
    char* entry = environment_[i];
    const Variable variable = VariableOf(entry);
    if (variable == kSession && !session_is_right_) continue;
    if (variable == kPreload && !preload_is_right_) continue;
    out[n++] = entry;
  }
  if (!session_is_right_) {
    WriteSessionEntry(maker_, child_, text);
    out[n++] = text;
    text += kSessionEntrySize;
  }
  if (!preload_is_right_) {
    WritePreloadVariable(text);
    out[n++] = text;
  }
  out[n] = nullptr;
  return out;
}

}  // namespace filemon
