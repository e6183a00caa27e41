// Libraries loaded at run time are inputs: R records.
//
// dlopen() looks at its return address: it searches along the DT_RUNPATH of the
// object that calls it, and expands $ORIGIN for it. Called from here it would
// see us. So where the caller's object matters the real function is called as
// if from there (caller.h), or where that cannot be, entered by a jump, with
// the caller's return address in its place: then the new libraries are reported
// late.
#include <dlfcn.h>
#include <link.h>

#include "interpose/caller.h"
#include "interpose/libraries.h"
#include "interpose/session.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

extern "C" const char* gnu_get_libc_version() noexcept __attribute__((weak));

namespace filemon {
namespace {

// True if the result of a search for `name` depends on the calling object.
bool CallerMatters(const char* name) {
  if (name == nullptr || &gnu_get_libc_version == nullptr) return false;
  bool has_slash = false;
  for (const char* p = name; *p != '\0'; ++p) {
    if (*p == '$') return true;
    if (*p == '/') has_slash = true;
  }
  return !has_slash;
}

// Otherwise the name is not looked at (dlopen(3)).
bool IsMode(int flags) { return (flags & (RTLD_LAZY | RTLD_NOW)) != 0; }

template <typename T>
void* Word(T value) {
  return reinterpret_cast<void*>(static_cast<intptr_t>(value));
}

}  // namespace

FILEMON_WRAP(void*, dlopen, (const char* name, int flags)) {
  if (name == nullptr || !IsMode(flags) || !Tracing()) {
    return FILEMON_NEXT(dlopen)(name, flags);
  }
  const bool deep = (flags & RTLD_DEEPBIND) != 0;
  if (!CallerMatters(name)) {
    Load load;
    void* const handle = FILEMON_NEXT(dlopen)(name, flags);
    if (deep && handle != nullptr) BindLibraries(handle);
    load.Loaded(handle, name, nullptr);
    return handle;
  }
  const Caller caller(__builtin_return_address(0));
  if (caller.can_be_played()) {
    Load load;
    void* const handle =
        caller.CallAs(reinterpret_cast<void*>(FILEMON_NEXT(dlopen)),
                      const_cast<char*>(name), Word(flags), nullptr);
    if (deep && handle != nullptr) BindLibraries(handle);
    load.Loaded(handle, name, caller.object());
    return handle;
  }
  if (deep) ReportUnseen(name, wire::kBoundToLibc);
  return FILEMON_NEXT(dlopen)(name, flags);
}

FILEMON_WRAP(void*, dlmopen, (Lmid_t space, const char* name, int flags)) {
  if (name == nullptr || !IsMode(flags) || !Tracing()) {
    return FILEMON_NEXT(dlmopen)(space, name, flags);
  }
  // It has a libc of its own, whose streams and errno are not those that the
  // functions behind our wrappers have.
  const bool unseen = space != LM_ID_BASE;
  const Caller caller(__builtin_return_address(0));
  const bool matters = CallerMatters(name);
  if (matters && !caller.can_be_played()) {
    if (unseen) ReportUnseen(name, wire::kOtherNamespace);
    return FILEMON_NEXT(dlmopen)(space, name, flags);
  }
  Load load;
  void* const handle =
      matters ? caller.CallAs(reinterpret_cast<void*>(FILEMON_NEXT(dlmopen)),
                              Word(space), const_cast<char*>(name), Word(flags))
              : FILEMON_NEXT(dlmopen)(space, name, flags);
  if (space == LM_ID_NEWLM && handle != nullptr) ReportNamespace(handle, name);
  if (unseen && handle != nullptr) ReportUnseen(name, wire::kOtherNamespace);
  load.Loaded(handle, name, caller.object());
  return handle;
}

FILEMON_WRAP(int, dlclose, (void* handle)) {
  if (!Tracing()) return FILEMON_NEXT(dlclose)(handle);
  Load load;
  const int result = FILEMON_NEXT(dlclose)(handle);
  load.Unloaded();
  return result;
}

}  // namespace filemon
