#include "text/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

int ReaderOpen(Reader* reader, const char* path) {
  memset(reader, 0, sizeof *reader);
  reader->name = path;
  reader->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
  return reader->file != NULL;
}

int ReaderNext(Reader* reader) {
  reader->size = 0;
  for (;;) {
    int c = getc(reader->file);
    if (c == EOF && reader->size == 0) return 0;
    if (c == EOF || c == '\n') return 1;
    if (reader->size == reader->capacity) {
      reader->capacity = reader->capacity == 0 ? 256 : 2 * reader->capacity;
      reader->line = GrowArray(reader->line, reader->capacity, 1);
    }
    reader->line[reader->size++] = (char)c;
  }
}

int ReaderClose(Reader* reader) {
  int good = !ferror(reader->file);
  if (reader->file != stdin) fclose(reader->file);
  free(reader->line);
  return good;
}
