/* tally: what a text is made of. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/die.h"
#include "options.h"
#include "report/report.h"
#include "stats/totals.h"
#include "text/reader.h"

static void AddInput(Totals* totals, const char* path) {
  Reader reader;
  if (!ReaderOpen(&reader, path)) Die("%s: %s", path, strerror(errno));
  TotalsAdd(totals, &reader);
  if (!ReaderClose(&reader)) Die("%s: read error", path);
}

int main(int argc, char** argv) {
  Options options;
  ParseOptions(argc, argv, &options);

  Totals totals = {0};
  if (options.input_count == 0) AddInput(&totals, "-");
  for (int i = 0; i < options.input_count; ++i)
    AddInput(&totals, options.inputs[i]);

  FILE* out = options.output == NULL ? stdout : fopen(options.output, "w");
  if (out == NULL) Die("%s: %s", options.output, strerror(errno));
  if (!WriteReport(&options.report, &totals, out))
    Die("unknown format: %s", options.report.format);
  if (fflush(out) != 0 || ferror(out)) Die("write error");
  if (out != stdout) fclose(out);
  TotalsFree(&totals);
  return 0;
}
