// The libraries that the dynamic linker has mapped: inputs of the program, and
// R records. The dynamic linker opens them with its own system calls; what it
// opened is read off its list of objects.
#ifndef FILEMON_INTERPOSE_LIBRARIES_H_
#define FILEMON_INTERPOSE_LIBRARIES_H_

#include <link.h>
#include <sys/types.h>

#include "interpose/channel.h"

namespace filemon {

// Adds to `batch` a record for each library that process `pid` was started
// with, in the order of their opens.
void AddFirstLibraries(Batch* batch, pid_t pid);

// Reports the libraries mapped since the last report. `name` is what dlopen()
// was asked for, or null; `failed` says that it failed.
//
// Takes the dynamic linker's (recursive) lock, as dl_iterate_phdr() does.
void ReportNewLibraries(const char* name, bool failed);

// The libraries that are there now are not to be reported. Takes the same lock.
void SkipPresentLibraries();

// dlopen() has given `handle` for RTLD_DEEPBIND: binds what it has mapped to
// our wrappers (Rebind()).
void BindLibraries(void* handle);

// dlopen() is about to map `name` with RTLD_DEEPBIND, and what it gives will
// not be known: what is new is bound at the next report of new libraries. Until
// then its calls are not seen, and the log says so.
void BindLibrariesLater(const char* name);

// Reports the libraries of the namespace that dlmopen() has made for `handle`.
void ReportNamespace(void* handle);

// Says that calls of `library` do not come to us. `reason` is kUnseen's a.
void ReportUnseen(const char* library, int32_t reason);

// A dlopen() begins: until LibrariesComplete(), each record of this process is
// preceded by a look for new libraries (constructors of a library come after
// its own open).
void LibrariesPending();
void LibrariesComplete();
void ForgetPendingLibraries();
extern int g_libraries_pending __attribute__((visibility("hidden")));

// True if the object is libfilemon.so.
bool IsOurObject(const dl_phdr_info& object);

// True if the object that contains `address` has a DT_RUNPATH or DT_RPATH.
bool HasRunpath(const void* address);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_LIBRARIES_H_
