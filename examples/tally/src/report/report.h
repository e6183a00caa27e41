#ifndef TALLY_REPORT_REPORT_H_
#define TALLY_REPORT_REPORT_H_

#include <stdio.h>

#include "stats/totals.h"

typedef struct {
  const char* format; /* "plain", "csv", "json" */
  size_t top;         /* how many of the most frequent words to show */
} ReportOptions;

/* Writes the report. Returns 0 if the format is unknown. */
int WriteReport(const ReportOptions* options, const Totals* totals, FILE* out);

typedef void ReportWriter(const Totals* totals, const WordCount* top,
                          size_t top_size, FILE* out);
ReportWriter WritePlain;
ReportWriter WriteCsv;
ReportWriter WriteJson;

#endif
