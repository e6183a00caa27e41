#include "interpose/fake_image.h"

#include "interpose/image.h"
#include "interpose/libraries.h"

namespace filemon {

int g_image_starts;
int g_library_reports;
int g_libraries_pending;

void ReportImageStart(const Origin&) { ++g_image_starts; }
void ReportNewLibraries() { ++g_library_reports; }
void ReportLateLibraries() {}
void CallAtExit() {}
void SkipPresentLibraries() {}
void ForgetPendingLibraries() { g_libraries_pending = 0; }

}  // namespace filemon
