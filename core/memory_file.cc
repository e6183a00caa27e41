#include "core/memory_file.h"

#include <sys/mman.h>

#include <initializer_list>

namespace filemon {

// linux/memfd.h of Linux 6.3; older kernels know no such flag.
constexpr unsigned kNoExecSeal = 8;

int CreateMemoryFile(const char* name, unsigned flags) {
  for (const unsigned no_exec : {kNoExecSeal, 0u}) {
    const int fd = memfd_create(name, MFD_CLOEXEC | flags | no_exec);
    if (fd >= 0) return fd;
  }
  return -1;
}

}  // namespace filemon
