// A statically linked program, which cannot be traced.
//
//   static_exit STATUS      exits with it
//   static_exit kill        dies by SIGKILL
//   static_exit run PROGRAM runs `PROGRAM -c :` and exits with its status
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "run") == 0) {
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) {
      execl(argv[2], argv[2], "-c", ":", (char*)0);
      _exit(127);
    }
    if (waitpid(pid, &status, 0) != pid) return 99;
    return WEXITSTATUS(status);
  }
  if (argc != 2) return 99;
  if (strcmp(argv[1], "kill") == 0) kill(getpid(), SIGKILL);
  return atoi(argv[1]);
}
