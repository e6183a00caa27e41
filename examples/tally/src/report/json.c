#include "report/report.h"

void WriteJson(const Totals* totals, const WordCount* top, size_t top_size,
               FILE* out) {
  fprintf(out, "{\"lines\": %lu, \"words\": %lu, ", totals->lines,
          totals->words);
  fprintf(out, "\"characters\": %lu, \"bytes\": %lu, \"lengths\": {",
          totals->characters, totals->bytes);
  for (int bin = 0; bin < kHistogramBins; ++bin) {
    char label[16];
    HistogramLabel(bin, label, sizeof label);
    fprintf(out, "%s\"%s\": %lu", bin == 0 ? "" : ", ", label,
            totals->lengths.bins[bin]);
  }
  fputs("}, \"frequent\": {", out);
  /* A word holds no quote, backslash or control character: nothing to escape.
   */
  for (size_t i = 0; i < top_size; ++i) {
    fprintf(out, "%s\"%s\": %lu", i == 0 ? "" : ", ", top[i].word,
            top[i].count);
  }
  fputs("}}\n", out);
}
