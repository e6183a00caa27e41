// Uses the device as the example in FreeBSD's filemon(4) does: the same
// headers, calls and flags, and nothing of Linux.
#include <dev/filemon/filemon.h>
#include <err.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int device = open("/dev/filemon", O_RDWR | O_CLOEXEC);
  if (device == -1) err(1, "/dev/filemon");
  int log = open("filemon.out", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC,
                 DEFFILEMODE);
  if (log == -1) err(1, "filemon.out");
  if (ioctl(device, FILEMON_SET_FD, &log) == -1) err(1, "FILEMON_SET_FD");
  pid_t pid = fork();
  if (pid == 0) {
    pid = getpid();
    if (ioctl(device, FILEMON_SET_PID, &pid) == -1) err(1, "FILEMON_SET_PID");
    execlp("cat", "cat", "/dev/null", (char*)0);
    err(1, "cat");
  }
  int status;
  if (wait(&status) == -1 || status != 0) errx(1, "cat failed");
  if (close(device) == -1) err(1, "close");
  return 0;
}
