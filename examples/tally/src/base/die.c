#include "base/die.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void Die(const char* format, ...) {
  va_list args;
  va_start(args, format);
  fputs("tally: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(2);
}

void* GrowArray(void* array, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) Die("out of memory");
  void* grown = realloc(array, count * size);
  if (grown == NULL) Die("out of memory");
  return grown;
}
