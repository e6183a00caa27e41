// A program that no preload reaches: opens a file, has a child, exits with 3.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  if (open("/dev/null", O_RDONLY) < 0) return 1;
  return 3;
}
