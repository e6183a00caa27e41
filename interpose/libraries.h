// The libraries that the dynamic linker has mapped: inputs of the program, and
// R records. The dynamic linker opens them with its own system calls; what it
// opened is read off its list of objects, without its locks: a program may hold
// them, or wait for who does, wherever it calls us (object_list.h).
#ifndef FILEMON_INTERPOSE_LIBRARIES_H_
#define FILEMON_INTERPOSE_LIBRARIES_H_

#include <link.h>
#include <sys/types.h>

#include "interpose/channel.h"

namespace filemon {

// Adds to `batch` a record for each file that the dynamic linker opened to
// start the image of `process`, in the order of its opens.
void AddFirstLibraries(Batch* batch, ProcessId process);

// A call that loads or unloads libraries, as long as this object lives. Keeps
// others from reading the list meanwhile.
class Load {
 public:
  Load();
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // dlopen() was asked for `name` by the object `caller` (null: not known), and
  // has given `handle`: reports what it has opened.
  void Loaded(void* handle, const char* name, const link_map* caller);
  // Takes note of what dlclose() has unloaded.
  void Unloaded();
};

// Reports the libraries mapped since the last report: those that libc has
// loaded for itself (name services, character sets), or whose load we could not
// watch to its end. To be called where they would else never be reported.
void ReportLateLibraries();

// Within a dlopen(): reports what the calling thread has loaded so far. Its
// constructors' records come after its own.
void ReportNewLibraries();

// The libraries that are there now are not to be reported.
void SkipPresentLibraries();

// dlopen() has given `handle` for RTLD_DEEPBIND: binds what it has mapped to
// our wrappers (Rebind()).
void BindLibraries(void* handle);

// Reports the libraries of the namespace that dlmopen() has made for `handle`,
// asked for `name`.
void ReportNamespace(void* handle, const char* name);

// Says that calls of `library` do not come to us. `reason` is kUnseen's a.
void ReportUnseen(const char* library, int32_t reason);

// How many Loads there are: a record of this process is preceded by
// ReportNewLibraries().
extern int g_libraries_pending __attribute__((visibility("hidden")));

// This is another process now, with one thread.
void ForgetPendingLibraries();

// True if the object is libfilemon.so.
bool IsOurObject(const dl_phdr_info& object);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_LIBRARIES_H_
