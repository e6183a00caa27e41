// stepper_cases CASE: programs whose instructions are known.
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/instructions/mark.h"

static void Ignore(int signal) { (void)signal; }

// One block of assembly: the compiler adds nothing between the marks.
#define COUNTED(instructions)                                                \
  __asm__ volatile("int3\n" instructions "int3\n" ::                         \
                       : "rax", "rcx", "rdx", "rsi", "rdi", "r11", "memory", \
                         "cc")

int main(int argc, char** argv) {
  const char* const what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "nops") == 0) {
    COUNTED("nop\n nop\n nop\n");
    for (int i = 0; i < 1000; ++i) __asm__ volatile("nop");
    COUNTED("nop\n");
  } else if (strcmp(what, "loop") == 0) {
    COUNTED("mov $100, %%ecx\n 1: dec %%ecx\n jnz 1b\n");
  } else if (strcmp(what, "repeat") == 0) {
    // Below the red zone.
    COUNTED(
        "lea -1024(%%rsp), %%rdi\n mov $200, %%ecx\n xor %%eax, %%eax\n"
        "rep stosb\n");
  } else if (strcmp(what, "system_calls") == 0) {
    COUNTED("mov $39, %%eax\n syscall\n mov $39, %%eax\n syscall\n");
  } else if (strcmp(what, "signal") == 0) {
    signal(SIGUSR1, Ignore);
    Mark();
    raise(SIGUSR1);
    Mark();
  } else if (strcmp(what, "exec") == 0) {
    char* const arguments[] = {argv[0], "nops", NULL};
    Mark();
    execv(argv[0], arguments);
  } else if (strcmp(what, "end") == 0) {
    COUNTED("xor %%edi, %%edi\n mov $231, %%eax\n syscall\n");
  } else if (strcmp(what, "fails") == 0) {
    return 3;
  }
  return 0;
}
