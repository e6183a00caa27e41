// spend RESULT COMMAND [ARGUMENTS]: runs a command, and writes into the file
// RESULT what its processes have spent: nanoseconds on the clock, and of
// processor time, those of a tracer around this program not included. What the
// command prints goes to RESULT.out. Exits as the command does.
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long Nanoseconds(struct timeval time) {
  return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fputs("usage: spend RESULT COMMAND [ARGUMENTS]\n", stderr);
    return 2;
  }
  const long long start = Now();
  const pid_t pid = fork();
  if (pid == 0) {
    char out[4096];
    snprintf(out, sizeof(out), "%s.out", argv[1]);
    const int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) _exit(126);
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  int status;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) {
    perror("spend");
    return 126;
  }
  const long long took = Now() - start;
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  FILE* const result = fopen(argv[1], "w");
  if (result == NULL) {
    perror(argv[1]);
    return 126;
  }
  fprintf(result, "%lld %lld\n", took,
          Nanoseconds(usage.ru_utime) + Nanoseconds(usage.ru_stime));
  fclose(result);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
