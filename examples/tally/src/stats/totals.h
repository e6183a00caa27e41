#ifndef TALLY_STATS_TOTALS_H_
#define TALLY_STATS_TOTALS_H_

#include "stats/histogram.h"
#include "stats/table.h"
#include "text/reader.h"

typedef struct {
  unsigned long lines;
  unsigned long words;
  unsigned long characters;
  unsigned long bytes;
  Histogram lengths;
  WordTable frequencies; /* without stop words */
} Totals;

/* Counts everything that READER has left. */
void TotalsAdd(Totals* totals, Reader* reader);

void TotalsFree(Totals* totals);

#endif
