// system(3) and popen(3), for a program whose `environ` is not what its
// children need to be traced: libc's hand that on as it stands, and other
// threads would see what is put in its place.
#ifndef FILEMON_INTERPOSE_SHELL_H_
#define FILEMON_INTERPOSE_SHELL_H_

#include <stdio.h>

namespace filemon {

// As POSIX wants it, and with what glibc makes of the rest: the shell's wait
// status; 127 where it cannot be run, with errno; -1 if it cannot be waited
// for. A cancelled thread takes the shell with it. `command` is not null.
int RunShell(const char* command);

// Whether popen() takes a mode; what it does not take is libc's to refuse.
bool IsShellMode(const char* mode);

// popen(); null with errno set. The stream is to be closed by CloseShell().
FILE* OpenShell(const char* command, const char* mode);

// How many streams OpenShell() has given that are not closed yet.
extern int g_shells __attribute__((visibility("hidden")));

// If `stream` is one of them: closes it, waits for the shell and gives what
// pclose() gives, which in glibc fclose() gives as well. False if it is none.
bool CloseShellStream(FILE* stream, int* result);
inline bool CloseShell(FILE* stream, int* result) {
  return __builtin_expect(__atomic_load_n(&g_shells, __ATOMIC_RELAXED) != 0,
                          0) &&
         CloseShellStream(stream, result);
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_SHELL_H_
