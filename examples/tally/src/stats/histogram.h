#ifndef TALLY_STATS_HISTOGRAM_H_
#define TALLY_STATS_HISTOGRAM_H_

#include <stddef.h>

/* Line lengths in steps of kHistogramStep characters; the last bin is open. */
enum { kHistogramStep = 20, kHistogramBins = 6 };

typedef struct {
  unsigned long bins[kHistogramBins];
} Histogram;

void HistogramAdd(Histogram* histogram, size_t length);

/* Writes the name of a bin ("20-39", "100+") to OUT. */
void HistogramLabel(int bin, char* out, size_t size);

#endif
