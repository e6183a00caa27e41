// Of which class (ELF's: 32 or 64 bits, and the machine) the image of a program
// will be.
#ifndef FILEMON_INTERPOSE_PROGRAM_CLASS_H_
#define FILEMON_INTERPOSE_PROGRAM_CLASS_H_

#include <fcntl.h>

#include "interpose/preload.h"
#include "interpose/report.h"

namespace filemon {

// True if an exec of `path` brings a dynamic linker of this process's class; of
// a `#!` script the interpreter's counts. False for all that cannot be told: a
// file that may be run and not read, say, or a static program, whose children
// may be of any class. Async-signal-safe, and a file that is no regular one is
// not touched.
bool IsOfThisClass(PathAt path);

// Whether the file begins with `#!`. False if it cannot be read.
bool IsScriptFile(const char* path);

// What LD_PRELOAD must be right for in the image of `path` with these
// arguments.
PreloadFor PreloadForProgram(PathAt path, char* const* argv);

// What it must be right for in a dormant process, which leaves what is right
// for all.
PreloadFor PreloadForDormant(PathAt path, char* const* environment);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_PROGRAM_CLASS_H_
