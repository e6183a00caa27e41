#include "core/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

namespace filemon {

void FillStandardDescriptors() {
  int fd;
  do {
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) close(fd);
}

}  // namespace filemon
