#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"

#ifndef TALLY_VERSION
#define TALLY_VERSION "unknown"
#endif

static const char kUsage[] =
    "usage: tally [-f plain|csv|json] [-n COUNT] [-o FILE] [FILE...]\n"
    "Counts lines, words, characters and frequent words.\n"
    "Called as \"words\" it prints CSV.\n";

static const char* BaseName(const char* path) {
  const char* slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

void ParseOptions(int argc, char** argv, Options* options) {
  options->report.format =
      strcmp(BaseName(argv[0]), "words") == 0 ? "csv" : "plain";
  options->report.top = 10;
  options->output = NULL;
  int option;
  while ((option = getopt(argc, argv, "f:n:o:hV")) != -1) {
    switch (option) {
      case 'f':
        options->report.format = optarg;
        break;
      case 'n': {
        char* end;
        options->report.top = strtoul(optarg, &end, 10);
        if (*optarg == '\0' || *end != '\0') Die("not a number: %s", optarg);
        break;
      }
      case 'o':
        options->output = optarg;
        break;
      case 'h':
        fputs(kUsage, stdout);
        exit(0);
      case 'V':
        puts("tally " TALLY_VERSION);
        exit(0);
      default:
        fputs(kUsage, stderr);
        exit(2);
    }
  }
  options->inputs = argv + optind;
  options->input_count = argc - optind;
}
