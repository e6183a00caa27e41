#ifndef TALLY_STATS_TOP_H_
#define TALLY_STATS_TOP_H_

#include "stats/table.h"

/* The LIMIT most frequent words, equals in alphabetical order. The array is the
 * caller's to free, the words are the table's. *FOUND is how many there are. */
WordCount* TopWords(const WordTable* table, size_t limit, size_t* found);

#endif
