#ifndef TALLY_TEXT_UTF8_H_
#define TALLY_TEXT_UTF8_H_

#include <stddef.h>

/* The number of characters in SIZE bytes of UTF-8. A byte that begins no valid
 * sequence counts as one character. */
size_t Utf8Length(const char* text, size_t size);

#endif
