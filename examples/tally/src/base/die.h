#ifndef TALLY_BASE_DIE_H_
#define TALLY_BASE_DIE_H_

#include <stddef.h>

/* Prints "tally: MESSAGE" on standard error and exits with status 2. */
void Die(const char* format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

/* realloc() that never returns NULL; the new size is count * size bytes. */
void* GrowArray(void* array, size_t count, size_t size);

#endif
