#include "report/report.h"

void WritePlain(const Totals* totals, const WordCount* top, size_t top_size,
                FILE* out) {
  fprintf(out, "%8lu lines\n%8lu words\n", totals->lines, totals->words);
  fprintf(out, "%8lu characters\n%8lu bytes\n", totals->characters,
          totals->bytes);
  fputs("line lengths:\n", out);
  for (int bin = 0; bin < kHistogramBins; ++bin) {
    char label[16];
    HistogramLabel(bin, label, sizeof label);
    fprintf(out, "%8s %lu\n", label, totals->lengths.bins[bin]);
  }
  fputs("frequent words:\n", out);
  for (size_t i = 0; i < top_size; ++i)
    fprintf(out, "%8lu %s\n", top[i].count, top[i].word);
}
