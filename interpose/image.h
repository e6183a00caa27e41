// What a process image reports about itself: that it runs, and the libraries
// that the dynamic linker has mapped into it.
#ifndef FILEMON_INTERPOSE_IMAGE_H_
#define FILEMON_INTERPOSE_IMAGE_H_

namespace filemon {

// Reports the image and the libraries that it was started with. Once per image.
void ReportImageStart();

// Reports the libraries mapped since the last report. `name` is what dlopen()
// was asked for, or null; `failed` says that it failed.
//
// Takes the dynamic linker's (recursive) lock, as dl_iterate_phdr() does.
void ReportNewLibraries(const char* name, bool failed);

// A dlopen() begins: until LibrariesComplete(), each record of this process is
// preceded by a look for new libraries (constructors of a library come after
// its own open).
void LibrariesPending();
void LibrariesComplete();
void ForgetPendingLibraries();
extern int g_libraries_pending __attribute__((visibility("hidden")));

// True if the object that contains `address` has a DT_RUNPATH or DT_RPATH.
bool HasRunpath(const void* address);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_IMAGE_H_
