// Uses libfilemon(3): functions in place of the device.
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <filemon/session.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  if (filemon_session_open(0, ~0u) != -1 || errno != EINVAL) errx(1, "flags");
  if (filemon_session_open(-1, 0) != -1 || errno != EBADF) errx(1, "log");
  if (filemon_session_attach(0, 1) != -1 || errno != EBADF) errx(1, "attach");
  if (filemon_session_close(0) != -1 || errno != EBADF) errx(1, "close");

  int log = open("filemon.out", O_CREAT | O_WRONLY | O_TRUNC, 0666);
  int session = filemon_session_open(log, FILEMON_SESSION_ABSOLUTE_PATHS);
  if (session == -1) err(1, "filemon_session_open");
  close(log);
  pid_t pid = fork();
  if (pid == 0) {
    if (filemon_session_attach(session, getpid()) == -1) err(1, "attach");
    execlp("sh", "sh", "-c", ": > seen", (char*)0);
    err(1, "sh");
  }
  int status;
  if (waitpid(pid, &status, 0) != pid || status != 0) errx(1, "sh failed");
  if (filemon_session_attach(session, pid) != -1 || errno != ESRCH) {
    errx(1, "a process that is gone");
  }
  if (filemon_session_close(session) == -1) err(1, "filemon_session_close");
  if (filemon_session_close(session) != -1 || errno != EBADF) errx(1, "twice");
  return 0;
}
