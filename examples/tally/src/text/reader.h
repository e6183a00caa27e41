#ifndef TALLY_TEXT_READER_H_
#define TALLY_TEXT_READER_H_

#include <stdio.h>

/* Reads one input line by line. */
typedef struct {
  FILE* file;
  const char* name;
  char* line; /* the current line, without its newline */
  size_t size;
  size_t capacity;
} Reader;

/* Opens PATH ("-" is standard input). Returns 0 if that fails; errno says why.
 */
int ReaderOpen(Reader* reader, const char* path);

/* Moves on to the next line. Returns 0 at the end of the input. */
int ReaderNext(Reader* reader);

/* Returns 0 if reading stopped because of an error. */
int ReaderClose(Reader* reader);

#endif
