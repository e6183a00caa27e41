// Programs built with -pg write their profile when they exit, inside libc: the
// program itself hands libc's function to atexit(), and so gets ours.
#include <fcntl.h>
#include <linux/limits.h>
#include <stdlib.h>

#include "interpose/environment.h"
#include "interpose/process.h"
#include "interpose/report.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {

// The file is GMON_OUT_PREFIX.PID if that variable is set, and gmon.out if it
// is not (glibc, gmon/gmon.c).
FILEMON_WRAP(void, _mcleanup, ()) {
  FILEMON_NEXT(_mcleanup)();
  if (!Tracing()) return;
  char path[PATH_MAX];
  TextBuilder name(path, sizeof(path));
  char* const* environment = Environment();
  const char* prefix = environment != nullptr
                           ? FindVariable(environment, "GMON_OUT_PREFIX")
                           : nullptr;
  if (prefix != nullptr) {
    name.Add(prefix).Add(".").AddDecimal(static_cast<uint64_t>(CurrentPid()));
  } else {
    name.Add("gmon.out");
  }
  if (name.ok() && sys::Exists(path)) {
    ReportOpen(PathAt::Here(path), O_WRONLY);
  }
}

}  // namespace filemon
