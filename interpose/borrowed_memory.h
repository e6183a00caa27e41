// Memory for the time of one exec or spawn, where the stack may not have room.
//
// The child of a vfork() execs in its parent's memory: what it borrows is still
// there when it is gone, and its parent gives it back.
#ifndef FILEMON_INTERPOSE_BORROWED_MEMORY_H_
#define FILEMON_INTERPOSE_BORROWED_MEMORY_H_

#include <stddef.h>
#include <sys/types.h>

namespace filemon {

// Async-signal-safe. A jump out of its scope loses the memory.
class BorrowedMemory {
 public:
  // Borrows nothing for 0.
  explicit BorrowedMemory(size_t size);
  ~BorrowedMemory() {
    if (loan_ != nullptr) GiveBack();
  }
  BorrowedMemory(const BorrowedMemory&) = delete;
  BorrowedMemory& operator=(const BorrowedMemory&) = delete;

  // Zeros, aligned for anything; null if none was to be had.
  void* memory() const { return loan_ != nullptr ? loan_ + 1 : nullptr; }

  // What stands before the memory.
  struct Loan {
    alignas(16) Loan* before;  // of this thread, not given back yet
    size_t size;
    pid_t borrower;
  };

 private:
  void GiveBack();

  Loan* loan_ = nullptr;
};

// A thread's loans, which its vfork() child shares as it shares the stack.
extern __thread BorrowedMemory::Loan* t_loans
    __attribute__((visibility("hidden")));

// A child that shared this thread's memory and stack is gone, by an exec most
// likely: gives back what it has borrowed.
void GiveBackChildsLoans();
inline void ChildIsGoneFromStack() {
  if (__builtin_expect(t_loans != nullptr, 0)) GiveBackChildsLoans();
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_BORROWED_MEMORY_H_
