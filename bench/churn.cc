// Makes as many processes and records as it is told, and tells nothing: the
// soak (bench/soak) counts in the log what must be there.
//
//   churn chain N          N processes, one after the other; each opens
//                          /dev/null
//   churn crowd N OPENS    N processes at once; each opens /dev/null OPENS
//   times churn opens N WRITERS  WRITERS processes that share N opens of
//   /dev/null churn lives N          N processes, made in the ways that there
//   are; the
//                          i-th makes the file "i" and removes it
//   churn live I           the I-th of them
#include <fcntl.h>
#include <spawn.h>
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

void Live(long number) {
  char name[32];
  snprintf(name, sizeof(name), "%ld", number);
  const int fd = creat(name, 0600);
  if (fd < 0 || close(fd) != 0 || unlink(name) != 0) _exit(1);
}

[[noreturn]] void ExecLive(const char* number) {
  execl("/proc/self/exe", "churn", "live", number, nullptr);
  _exit(1);
}

pid_t StartLife(long number) {
  char text[32];
  snprintf(text, sizeof(text), "%ld", number);
  switch (number % 4) {
    case 0: {
      const pid_t pid = vfork();
      if (pid == 0) ExecLive(text);
      return pid;
    }
    case 1: {
      char name[] = "churn", live[] = "live";
      char* const argv[] = {name, live, text, nullptr};
      pid_t pid;
      return posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr, argv,
                         environ) == 0
                 ? pid
                 : -1;
    }
    case 2: {
      // Its parent ends first.
      const pid_t pid = Fork();
      if (pid != 0) return pid;
      if (Fork() != 0) _exit(0);
      Live(number);
      _exit(0);
    }
    default: {
      const pid_t pid = Fork();
      if (pid != 0) return pid;
      Live(number);
      _exit(0);
    }
  }
}

// Four lives, one after the other, of a parent of their own.
void Family(long first, long end) {
  for (long i = first; i < end; ++i) {
    int gate[2];
    if (pipe(gate) != 0 || StartLife(i) < 0) _exit(1);
    close(gate[1]);
    char c;
    // Until the last that has the other end is gone, an orphan too.
    if (read(gate[0], &c, 1) != 0) _exit(1);
    close(gate[0]);
    WaitForAll();
  }
  _exit(0);
}

void Lives(long lives) {
  for (long i = 0; i < lives; i += 4) {
    if (Fork() == 0) Family(i, i + 4 < lives ? i + 4 : lives);
    WaitForAll();
  }
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
  } else if (strcmp(what, "lives") == 0) {
    Lives(n);
  } else if (strcmp(what, "live") == 0) {
    Live(n);
  } else {
    fprintf(
        stderr,
        "usage: churn chain N | crowd N OPENS | opens N WRITERS | lives N | "
        "live I\n");
    return 2;
  }
  return 0;
}
