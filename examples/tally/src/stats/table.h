#ifndef TALLY_STATS_TABLE_H_
#define TALLY_STATS_TABLE_H_

#include <stddef.h>

typedef struct {
  char* word; /* owned by the table, ends in NUL */
  unsigned long count;
} WordCount;

/* How often each word occurs: a hash table with linear probing. All zero is
 * an empty table. */
typedef struct {
  WordCount* slots;
  size_t capacity; /* a power of two */
  size_t used;
} WordTable;

void TableAdd(WordTable* table, const char* word, size_t size);
unsigned long TableCount(const WordTable* table, const char* word, size_t size);
void TableFree(WordTable* table);

#endif
