// count [--from-start] PROGRAM [ARGUMENTS]: runs a program and prints one line
// for each of its regions (tests/instructions/stepper.h):
//
//   LIBRARY LINKER REST SYSTEM_CALLS LIBRARY_CALLS
//
// To be run under filemon itself, so that the program that it counts is of the
// session. Exits with 77 if ptrace() is denied.
#include <stdio.h>
#include <string.h>

#include "tests/instructions/stepper.h"

int main(int argc, char** argv) {
  using filemon::Regions;
  const bool from_start = argc > 1 && strcmp(argv[1], "--from-start") == 0;
  const std::vector<std::string> command(argv + (from_start ? 2 : 1),
                                         argv + argc);
  if (command.empty()) {
    fputs("usage: count [--from-start] PROGRAM [ARGUMENTS]\n", stderr);
    return 2;
  }
  const filemon::Counts counts = filemon::CountInstructions(
      command, from_start ? Regions::kFromStart : Regions::kBetweenMarks);
  if (!counts.error.empty()) {
    fprintf(stderr, "count: %s\n", counts.error.c_str());
    return counts.denied ? 77 : 1;
  }
  for (const filemon::Count& c : counts.regions) {
    printf("%ld %ld %ld %ld %ld\n", c.library, c.linker, c.rest, c.system_calls,
           c.library_calls);
  }
  return 0;
}
