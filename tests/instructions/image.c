// image: a program that does nothing, with a mark in main().
// image again: the same, which then runs `image`.
#include <unistd.h>

#include "tests/instructions/mark.h"

int main(int argc, char** argv) {
  Mark();
  if (argc == 1) return 0;
  char* const arguments[] = {argv[0], NULL};
  execv(argv[0], arguments);
  return 1;
}
