#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "stats/top.h"

static const struct {
  const char* format;
  ReportWriter* write;
} kFormats[] = {
    {"csv", WriteCsv},
    {"json", WriteJson},
    {"plain", WritePlain},
};

int WriteReport(const ReportOptions* options, const Totals* totals, FILE* out) {
  for (size_t i = 0; i < sizeof kFormats / sizeof kFormats[0]; ++i) {
    if (strcmp(options->format, kFormats[i].format) != 0) continue;
    size_t found;
    WordCount* top = TopWords(&totals->frequencies, options->top, &found);
    kFormats[i].write(totals, top, found, out);
    free(top);
    return 1;
  }
  return 0;
}
