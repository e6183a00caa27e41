#include "stats/histogram.h"

#include <stdio.h>

void HistogramAdd(Histogram* histogram, size_t length) {
  size_t bin = length / kHistogramStep;
  if (bin >= kHistogramBins) bin = kHistogramBins - 1;
  ++histogram->bins[bin];
}

void HistogramLabel(int bin, char* out, size_t size) {
  int first = bin * kHistogramStep;
  if (bin == kHistogramBins - 1) {
    snprintf(out, size, "%d+", first);
  } else {
    snprintf(out, size, "%d-%d", first, first + kHistogramStep - 1);
  }
}
