// Says of each SIGINT where it came from, until a SIGQUIT comes.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t by_terminal;
static volatile sig_atomic_t by_process;

static void OnInterrupt(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)context;
  if (info->si_code > 0) {
    ++by_terminal;
    (void)!write(STDOUT_FILENO, "caught\n", 7);
  } else {
    ++by_process;
  }
}

int main(void) {
  struct sigaction action = {0};
  action.sa_sigaction = OnInterrupt;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGINT, &action, 0);
  sigset_t quit;
  sigemptyset(&quit);
  sigaddset(&quit, SIGQUIT);
  sigprocmask(SIG_BLOCK, &quit, 0);
  printf("ready\n");
  fflush(stdout);
  int signal;
  while (sigwait(&quit, &signal) != 0) {
  }
  printf("terminal %d process %d\n", (int)by_terminal, (int)by_process);
  return 7;
}
