// A plug-in that is linked with libfilemon.so.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void Check(int good, const char* what) {
  if (good) return;
  perror(what);
  abort();
}

void PlugIn(void) {
  const int fd = open("seen-plug-in", O_CREAT | O_WRONLY, 0600);
  Check(fd >= 0 && close(fd) == 0, "open");
  struct stat status;
  Check(stat("seen-plug-in", &status) == 0, "stat");
  FILE* const file = fopen("seen-plug-in", "r");
  Check(file != NULL && fclose(file) == 0, "fopen");
  Check(unlink("seen-plug-in") == 0, "unlink");
}
