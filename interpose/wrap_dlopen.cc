// Libraries loaded at run time are inputs: R records.
//
// dlopen() looks at its return address: it searches along the DT_RUNPATH of the
// object that calls it, and expands $ORIGIN for it. Called from here it would
// see us. So where the caller's object matters the real function is entered by
// a jump, with the caller's return address in its place, and the new libraries
// are reported with this process's next record.
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include "interpose/libraries.h"
#include "interpose/session.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

// True if the result of a search for `name` depends on the calling object.
bool CallerMatters(const char* name, const void* caller) {
  if (name == nullptr) return false;
  bool has_slash = false;
  for (const char* p = name; *p != '\0'; ++p) {
    if (*p == '$') return true;
    if (*p == '/') has_slash = true;
  }
  return !has_slash && HasRunpath(caller);
}

// Otherwise the name is not looked at (dlopen(3)).
bool IsMode(int flags) { return (flags & (RTLD_LAZY | RTLD_NOW)) != 0; }

void* LoadResult(void* handle, const char* name, int flags) {
  LibrariesComplete();
  if ((flags & RTLD_NOLOAD) == 0) ReportNewLibraries(name, handle == nullptr);
  return handle;
}

}  // namespace

FILEMON_WRAP(void*, dlopen, (const char* name, int flags)) {
  if (!Tracing() || !IsMode(flags)) return FILEMON_NEXT(dlopen)(name, flags);
  LibrariesPending();
  const bool deep = (flags & RTLD_DEEPBIND) != 0;
  if (CallerMatters(name, __builtin_return_address(0))) {
    if (deep) BindLibrariesLater(name);
    return FILEMON_NEXT(dlopen)(name, flags);
  }
  void* const handle = FILEMON_NEXT(dlopen)(name, flags);
  if (deep && name != nullptr && handle != nullptr) BindLibraries(handle);
  return LoadResult(handle, name, flags);
}

FILEMON_WRAP(void*, dlmopen, (Lmid_t space, const char* name, int flags)) {
  if (!Tracing() || !IsMode(flags)) {
    return FILEMON_NEXT(dlmopen)(space, name, flags);
  }
  LibrariesPending();
  // It has a libc of its own, whose streams and errno are not those that the
  // functions behind our wrappers have.
  const bool unseen = space != LM_ID_BASE && name != nullptr;
  if (CallerMatters(name, __builtin_return_address(0))) {
    if (unseen) ReportUnseen(name, wire::kOtherNamespace);
    return FILEMON_NEXT(dlmopen)(space, name, flags);
  }
  void* const handle = FILEMON_NEXT(dlmopen)(space, name, flags);
  if (space == LM_ID_NEWLM && handle != nullptr) ReportNamespace(handle);
  if (unseen && handle != nullptr) ReportUnseen(name, wire::kOtherNamespace);
  return LoadResult(handle, name, flags);
}

}  // namespace filemon
