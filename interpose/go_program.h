// Programs written in Go make system calls by themselves: no wrapper sees them.
#ifndef FILEMON_INTERPOSE_GO_PROGRAM_H_
#define FILEMON_INTERPOSE_GO_PROGRAM_H_

#include <link.h>

namespace filemon {

// Whether a program of these headers was built by the Go toolchain: it marks
// its programs with an ELF note (cmd/internal/buildid/note.go). `program` is
// null, or is mapped where the headers say.
bool IsGoProgram(const ElfW(Phdr) * program, int count);

// Whether this process's program is one.
bool IsGoProgram();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_GO_PROGRAM_H_
