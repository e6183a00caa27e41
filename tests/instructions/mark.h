// The mark of tests/instructions/stepper.h, for programs that are counted.
#ifndef FILEMON_TESTS_INSTRUCTIONS_MARK_H_
#define FILEMON_TESTS_INSTRUCTIONS_MARK_H_

// The compiler moves no access to memory over it.
static inline void Mark(void) { __asm__ volatile("int3" ::: "memory"); }

#endif  // FILEMON_TESTS_INSTRUCTIONS_MARK_H_
