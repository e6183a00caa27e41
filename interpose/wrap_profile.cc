// Programs built with -pg write their profile when they exit, inside libc: the
// program itself hands libc's function to atexit(), and so gets ours.
#include <fcntl.h>
#include <stdlib.h>

#include "interpose/environment.h"
#include "interpose/path_buffer.h"
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
  char* const* environment = Environment();
  const char* prefix = environment != nullptr
                           ? FindVariable(environment, "GMON_OUT_PREFIX")
                           : nullptr;
  PathBuffer path;
  const bool named = path.Fill([prefix](char* out, size_t size) {
    TextBuilder name(out, size);
    if (prefix == nullptr) return name.Add("gmon.out").ok();
    return name.Add(prefix)
        .Add(".")
        .AddDecimal(static_cast<uint64_t>(CurrentPid()))
        .ok();
  });
  if (named && sys::Exists(path.path())) {
    ReportOpen(PathAt::Here(path.path()), O_WRONLY);
  }
}

}  // namespace filemon
