// Of which class (ELF's: 32 or 64 bits, and the machine) the image of a program
// will be, and whether it is a script.
//
// Nobody looks into the file: a listener (fanotify(7)) would see that, or be
// asked for permission. The first image of a program, which was handed what is
// right for any class, tells the session (core/session_memory.h) of which class
// it is. A file is known by a number that is made of what stat(2) tells of it,
// until it changes.
#ifndef FILEMON_INTERPOSE_PROGRAM_CLASS_H_
#define FILEMON_INTERPOSE_PROGRAM_CLASS_H_

#include "interpose/preload.h"
#include "interpose/report.h"

namespace filemon {

// True if an exec of `path`, a program or a script, is known to bring a dynamic
// linker of this process's class. Async-signal-safe.
bool IsOfThisClass(PathAt path);

// Whether `path` is known to be a script.
bool IsKnownScript(const char* path);

// This image has been executed from a file that was not known: now it is.
// `script` is null, or the script whose interpreter this is.
void LearnProgram(const char* script);

// What LD_PRELOAD must be right for in the image of `path` with these
// arguments.
PreloadFor PreloadForProgram(PathAt path, char* const* argv);

// What it must be right for in a dormant process, which leaves what is right
// for all.
PreloadFor PreloadForDormant(PathAt path, char* const* environment);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_PROGRAM_CLASS_H_
