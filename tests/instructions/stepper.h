// Counts the instructions that a program executes, one by one: the processor
// stops after each (ptrace(2), PTRACE_SINGLESTEP). Unlike time, the number does
// not depend on what else the machine does.
//
// What is counted lies between marks, `int3` instructions in the program, which
// are skipped. They stand for nothing if nobody steps: the program dies.
#ifndef FILEMON_TESTS_INSTRUCTIONS_STEPPER_H_
#define FILEMON_TESTS_INSTRUCTIONS_STEPPER_H_

#include <string>
#include <vector>

namespace filemon {

// In user mode, of one thread. A string instruction with a `rep` prefix is one
// instruction, however often it repeats.
struct Count {
  long library = 0;  // in libfilemon.so
  long linker = 0;   // in the dynamic linker
  long rest = 0;
  long system_calls = 0;
  long library_calls = 0;  // those of them that libfilemon.so makes

  long all() const { return library + linker + rest; }
};

enum class Regions {
  // From the first mark to the second, from the third to the fourth, and so on;
  // an exec and the program's end are the ends of a region too. Elsewhere the
  // program runs at full speed.
  kBetweenMarks,
  // From the exec of the program to the first mark, and from then on as above.
  kFromStart,
};

struct Counts {
  std::vector<Count> regions;
  // Why there are none; empty if all went well.
  std::string error;
  // The error is that ptrace(2) is denied here.
  bool denied = false;
};

// Runs a program, `command[0]` as execv(3) takes it, to its end; it must exit
// with status 0. Forks of it are not followed. The calling thread and the
// program share one processor from then on, which makes stepping quick.
Counts CountInstructions(const std::vector<std::string>& command,
                         Regions regions);

}  // namespace filemon

#endif  // FILEMON_TESTS_INSTRUCTIONS_STEPPER_H_
