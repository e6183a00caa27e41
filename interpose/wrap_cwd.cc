// Calls that change the current directory: C records.
#include "interpose/descriptors.h"
#include "interpose/results.h"
#include "interpose/wrapper.h"

namespace filemon {

int ChdirResult(int result, const char* given) {
  if (result == 0 && Tracing()) ReportChdir(given);
  return result;
}

FILEMON_WRAP(int, chdir, (const char* path)) {
  return ChdirResult(FILEMON_NEXT(chdir)(path), path);
}

FILEMON_WRAP(int, fchdir, (int fd)) {
  if (HidesDescriptor(fd)) return NoSuchDescriptor();
  return ChdirResult(FILEMON_NEXT(fchdir)(fd), nullptr);
}

}  // namespace filemon
