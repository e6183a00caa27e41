// How a process ends. A return from main() and exit() are reported by on_exit()
// (image.cc); what ends a process past the exit handlers is here.
//
// These only tell the status beforehand: the X record is written by the
// collector when the kernel says that the process is gone.
#include <stdlib.h>

#include "interpose/device.h"
#include "interpose/report.h"
#include "interpose/sys.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

[[noreturn]] void ExitGroup(int status) {
  if (Tracing()) ReportExit(status);
  if (HasDevices()) CloseDevicesAtExit();
  for (;;) sys::ProgramsCall(SYS_exit_group, status);
}

}  // namespace

FILEMON_WRAP(void, _exit, (int status)) { ExitGroup(status); }
FILEMON_WRAP(void, _Exit, (int status)) { ExitGroup(status); }

FILEMON_WRAP(void, quick_exit, (int status)) {
  if (Tracing()) ReportExit(status);
  FILEMON_NEXT(quick_exit)(status);
}

}  // namespace filemon
