// Makes as many processes and records as it is told, and tells nothing: the
// soak (bench/soak) counts in the log what must be there.
//
//   churn chain N          N processes, one after the other; each opens
//   /dev/null churn crowd N OPENS    N processes at once; each opens /dev/null
//   OPENS times churn opens N WRITERS  WRITERS processes that share N opens of
//   /dev/null
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

void Open(long times) {
  for (long i = 0; i < times; ++i) {
    const int fd = open("/dev/null", O_RDONLY);
    if (fd < 0) _exit(1);
    close(fd);
  }
}

void WaitForAll() {
  int status;
  while (wait(&status) > 0) {
    if (status != 0) exit(1);
  }
}

pid_t Fork() {
  const pid_t pid = fork();
  if (pid < 0) {
    perror("churn: fork");
    exit(1);
  }
  return pid;
}

void Chain(long processes) {
  for (long i = 0; i < processes; ++i) {
    if (Fork() == 0) {
      Open(1);
      _exit(0);
    }
    WaitForAll();
  }
}

// All wait at a pipe until all exist.
void Crowd(long processes, long opens) {
  int gate[2];
  if (pipe(gate) != 0) exit(1);
  for (long i = 0; i < processes; ++i) {
    if (Fork() == 0) {
      close(gate[1]);
      char c;
      if (read(gate[0], &c, 1) != 0) _exit(1);
      Open(opens);
      _exit(0);
    }
  }
  close(gate[1]);
  WaitForAll();
}

void Opens(long opens, long writers) {
  for (long i = 0; i < writers; ++i) {
    if (Fork() == 0) {
      Open(opens / writers);
      _exit(0);
    }
  }
  WaitForAll();
}

}  // namespace

int main(int argc, char** argv) {
  const char* what = argc > 2 ? argv[1] : "";
  const long n = argc > 2 ? atol(argv[2]) : 0;
  const long m = argc > 3 ? atol(argv[3]) : 1;
  if (strcmp(what, "chain") == 0) {
    Chain(n);
  } else if (strcmp(what, "crowd") == 0) {
    Crowd(n, m);
  } else if (strcmp(what, "opens") == 0) {
    Opens(n, m);
  } else {
    fprintf(stderr, "usage: churn chain N | crowd N OPENS | opens N WRITERS\n");
    return 2;
  }
  return 0;
}
