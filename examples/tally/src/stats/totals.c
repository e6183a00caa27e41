#include "stats/totals.h"

#include <stdlib.h>

#include "base/die.h"
#include "text/utf8.h"
#include "text/words.h"

void TotalsAdd(Totals* totals, Reader* reader) {
  char* folded = NULL;
  while (ReaderNext(reader)) {
    size_t length = Utf8Length(reader->line, reader->size);
    ++totals->lines;
    totals->characters += length + 1;
    totals->bytes += reader->size + 1;
    HistogramAdd(&totals->lengths, length);

    folded = GrowArray(folded, reader->size + 1, 1);
    WordCursor cursor = {reader->line, reader->size, 0};
    const char* word;
    size_t size;
    while ((size = NextWord(&cursor, &word)) != 0) {
      ++totals->words;
      FoldWord(word, size, folded);
      if (!IsStopWord(folded, size))
        TableAdd(&totals->frequencies, folded, size);
    }
  }
  free(folded);
}

void TotalsFree(Totals* totals) { TableFree(&totals->frequencies); }
