#include "report/report.h"

void WriteCsv(const Totals* totals, const WordCount* top, size_t top_size,
              FILE* out) {
  fputs("kind,name,count\n", out);
  fprintf(out, "total,lines,%lu\ntotal,words,%lu\n", totals->lines,
          totals->words);
  fprintf(out, "total,characters,%lu\ntotal,bytes,%lu\n", totals->characters,
          totals->bytes);
  for (int bin = 0; bin < kHistogramBins; ++bin) {
    char label[16];
    HistogramLabel(bin, label, sizeof label);
    fprintf(out, "length,%s,%lu\n", label, totals->lengths.bins[bin]);
  }
  /* A word holds no comma, quote or blank: nothing to escape. */
  for (size_t i = 0; i < top_size; ++i)
    fprintf(out, "word,%s,%lu\n", top[i].word, top[i].count);
}
