// A small program, built in many ways: opens the file that it is told to,
// says so, and exits with 3.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const int fd = open(argv[argc - 1], O_RDONLY);
  if (fd < 0) return 1;
  close(fd);
  puts("opened");
  return 3;
}
