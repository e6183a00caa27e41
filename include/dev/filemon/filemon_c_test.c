/* filemon.h is self-contained in C, and its requests are what filemon(4) says.
 */
#include "dev/filemon/filemon.h"

_Static_assert(_IOC_TYPE(FILEMON_SET_FD) == 'S', "group");
_Static_assert(_IOC_NR(FILEMON_SET_FD) == 1, "number");
_Static_assert(_IOC_SIZE(FILEMON_SET_FD) == sizeof(int), "argument");
_Static_assert(_IOC_DIR(FILEMON_SET_FD) == (_IOC_READ | _IOC_WRITE), "_IOWR");

_Static_assert(_IOC_TYPE(FILEMON_SET_PID) == 'S', "group");
_Static_assert(_IOC_NR(FILEMON_SET_PID) == 2, "number");
_Static_assert(_IOC_SIZE(FILEMON_SET_PID) == sizeof(pid_t), "argument");
_Static_assert(_IOC_DIR(FILEMON_SET_PID) == (_IOC_READ | _IOC_WRITE), "_IOWR");

_Static_assert(FILEMON_VERSION == 5, "the log's V line");

int main(void) { return 0; }
