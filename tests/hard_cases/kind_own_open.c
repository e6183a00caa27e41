// A program with an open() and a close() of its own, which are not libc's, and
// which libc's own functions must not be affected by.
#include <stdio.h>
#include <stdlib.h>

int open(const char* path, int flags, ...) {
  printf("my open %s %d\n", path, flags);
  return 42;
}
int close(int fd) {
  printf("my close %d\n", fd);
  return 0;
}

int main(void) {
  const int fd = open("nothing", 0);
  FILE* const file = fopen("/etc/passwd", "r");
  if (file == NULL) return 1;
  fclose(file);
  close(fd);
  return fd == 42 ? 0 : 1;
}
