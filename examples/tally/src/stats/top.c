#include "stats/top.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

static int ByCountThenWord(const void* left, const void* right) {
  const WordCount* a = left;
  const WordCount* b = right;
  if (a->count != b->count) return a->count < b->count ? 1 : -1;
  return strcmp(a->word, b->word);
}

WordCount* TopWords(const WordTable* table, size_t limit, size_t* found) {
  WordCount* words = GrowArray(NULL, table->used + 1, sizeof *words);
  size_t count = 0;
  for (size_t i = 0; i < table->capacity; ++i) {
    if (table->slots[i].word != NULL) words[count++] = table->slots[i];
  }
  qsort(words, count, sizeof *words, ByCountThenWord);
  *found = count < limit ? count : limit;
  return words;
}
