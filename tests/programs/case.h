// A program of many cases, each of which calls one function of libc and checks
// what it returns: `calls NAME` runs one in the current directory, an empty
// one, and exits 0 if the function did what its manual says. `calls --list`
// prints the names.
//
// `calls --in-small-thread NAME` runs it in a thread with the smallest stack
// that there is, `calls --on-signal-stack NAME` in a signal handler on a stack
// of 8 KiB.
//
// A case that is named like a function of libc is the test of its wrapper.
#ifndef FILEMON_TESTS_PROGRAMS_CASE_H_
#define FILEMON_TESTS_PROGRAMS_CASE_H_

#include <errno.h>
#include <stdbool.h>

void AddCase(const char* name, void (*run)(void));

// The status of a case that cannot run here.
enum { kSkipped = 77 };

// Ends the process with this status if the kernel does not have the system call
// or a filter keeps it from us. No call does anything with these arguments.
#define NEEDS(system_call) Need(system_call, #system_call)
void Need(long system_call, const char* name);

// Ends the process with status 1 and says where.
_Noreturn void Fail(const char* file, int line, const char* what);

// A value that no call sets: a success must leave it alone.
#define SENTINEL 4711

#define CASE(name)                                                 \
  static void Case_##name(void);                                   \
  __attribute__((constructor)) static void Register_##name(void) { \
    AddCase(#name, Case_##name);                                   \
  }                                                                \
  static void Case_##name(void)

#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) Fail(__FILE__, __LINE__, #condition); \
  } while (0)

// The condition holds, and errno is as it was before.
#define SUCCEEDS(condition)   \
  do {                        \
    errno = SENTINEL;         \
    CHECK(condition);         \
    CHECK(errno == SENTINEL); \
  } while (0)

// The condition holds, and errno says why.
#define FAILS(error, condition) \
  do {                          \
    errno = 0;                  \
    CHECK(condition);           \
    CHECK(errno == (error));    \
  } while (0)

// The file `name` with a few bytes in it.
void MakeFile(const char* name);
void MakeScript(const char* name, const char* text);
// An open directory `name`, made if it is not there.
int MakeDirectory(const char* name);
bool Exists(const char* name);
// Waits for a child: it must have exited with this status.
void ExpectExit(int pid, int status);
void ExpectSignal(int pid, int signal);

// Gives the thread a signal stack of 8 KiB, SIGSTKSZ as it was before
// glibc 2.34. What overflows it faults.
void UseSmallSignalStack(void);

#endif  // FILEMON_TESTS_PROGRAMS_CASE_H_
