#include "interpose/fake_image.h"

#include "interpose/image.h"
#include "interpose/libraries.h"

namespace filemon {

int g_image_starts;
int g_library_reports;
int g_libraries_pending;

void ReportImageStart() { ++g_image_starts; }
void ReportNewLibraries(const char*, bool) { ++g_library_reports; }
void CallAtExit() {}
void SkipPresentLibraries() {}
void ForgetPendingLibraries() { g_libraries_pending = 0; }

}  // namespace filemon
