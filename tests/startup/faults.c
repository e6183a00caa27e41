// faults PROGRAM [LIBRARY]: runs PROGRAM many times, with LIBRARY preloaded,
// and prints how many page faults they took in all, from their forks to their
// ends.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kTimes = 300 };

int main(int argc, char** argv) {
  static char preload[5000];
  static char session[500];
  char* environment[3] = {0};
  int n = 0;
  if (argc > 2) {
    snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", argv[2]);
    environment[n++] = preload;
  }
  if (getenv("FILEMON_SESSION") != NULL) {
    snprintf(session, sizeof(session), "FILEMON_SESSION=%s",
             getenv("FILEMON_SESSION"));
    environment[n++] = session;
  }
  char* const arguments[] = {argv[1], NULL};
  long faults = 0;
  for (int i = 0; i < kTimes; ++i) {
    const pid_t pid = vfork();
    if (pid == 0) {
      execve(argv[1], arguments, environment);
      _exit(127);
    }
    int status;
    struct rusage usage;
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0) {
      return 1;
    }
    faults += usage.ru_minflt;
  }
  printf("%ld\n", faults);
  return 0;
}
