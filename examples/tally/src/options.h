#ifndef TALLY_OPTIONS_H_
#define TALLY_OPTIONS_H_

#include "report/report.h"

typedef struct {
  ReportOptions report;
  const char* output; /* NULL: standard output */
  char** inputs;
  int input_count;
} Options;

/* Reads the command line; exits after --help, --version and a wrong option. */
void ParseOptions(int argc, char** argv, Options* options);

#endif
