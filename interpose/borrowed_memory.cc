#include "interpose/borrowed_memory.h"

#include "interpose/sys.h"

namespace filemon {

__thread BorrowedMemory::Loan* t_loans;

BorrowedMemory::BorrowedMemory(size_t size) {
  if (size == 0) return;
  const size_t all = sizeof(Loan) + size;
  loan_ = static_cast<Loan*>(sys::MapMemory(all));
  if (loan_ == nullptr) return;
  *loan_ = {t_loans, all, sys::Getpid()};
  t_loans = loan_;
}

void BorrowedMemory::GiveBack() {
  t_loans = loan_->before;
  sys::UnmapMemory(loan_, loan_->size);
}

void GiveBackChildsLoans() {
  // This thread may have been interrupted in an exec of its own, and have
  // called vfork() in a signal handler.
  const pid_t pid = sys::Getpid();
  while (t_loans != nullptr && t_loans->borrower != pid) {
    BorrowedMemory::Loan* const loan = t_loans;
    t_loans = loan->before;
    sys::UnmapMemory(loan, loan->size);
  }
}

}  // namespace filemon
