// Programs with much to report.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

// Four children together report several times what the session's pipe holds.
enum { kChildren = 4, kOpens = 40000 };

static void Open(int times) {
  for (int i = 0; i < times; ++i) {
    const int fd = open("/dev/null", O_RDONLY);
    CHECK(fd >= 0);
    CHECK(close(fd) == 0);
  }
}

CASE(opens) { Open(kOpens); }

// Says "ready", and begins when somebody writes into the FIFO "gate".
CASE(floods) {
  CHECK(mkfifo("gate", 0666) == 0);
  puts("ready");
  CHECK(fflush(stdout) == 0);
  const int gate = open("gate", O_RDONLY);
  CHECK(gate >= 0);
  pid_t children[kChildren];
  for (int i = 0; i < kChildren; ++i) {
    children[i] = fork();
    CHECK(children[i] >= 0);
    if (children[i] == 0) {
      Open(kOpens);
      // A program that starts anew has the session explained to it anew.
      execl("/bin/sh", "sh", "-c", "for i in 1 2 3 4 5; do /bin/true; done",
            (char*)NULL);
    }
  }
  for (int i = 0; i < kChildren; ++i) ExpectExit(children[i], 0);
  puts("finished");
}
