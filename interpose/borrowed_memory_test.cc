#include "interpose/borrowed_memory.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace filemon {
namespace {

TEST(BorrowedMemoryTest, IsGivenBack) {
  const BorrowedMemory none(0);
  EXPECT_EQ(none.memory(), nullptr);
  {
    const BorrowedMemory outer(5000);
    ASSERT_NE(outer.memory(), nullptr);
    memset(outer.memory(), 'x', 5000);
    const BorrowedMemory inner(16);
    EXPECT_NE(t_loans, nullptr);
  }
  EXPECT_EQ(t_loans, nullptr);
}

TEST(BorrowedMemoryTest, NoneIsNone) {
  const BorrowedMemory memory(~size_t{0} / 4);
  EXPECT_EQ(memory.memory(), nullptr);
  EXPECT_EQ(t_loans, nullptr);
}

#ifndef __SANITIZE_THREAD__  // makes a fork() of vfork()

// Called in the child of vfork(), which never comes back from its exec.
__attribute__((noinline)) void BorrowAndExec() {
  const BorrowedMemory memory(100000);
  execl("/bin/true", "true", static_cast<char*>(nullptr));
  _exit(1);
}

TEST(BorrowedMemoryTest, AParentGivesBackWhatItsChildTookAlong) {
  // As in a signal handler that came while this thread was in an exec.
  const BorrowedMemory own(5000);
  BorrowedMemory::Loan* const before = t_loans;
  const pid_t pid = vfork();
  if (pid == 0) BorrowAndExec();
  EXPECT_NE(t_loans, before);
  ChildIsGoneFromStack();
  EXPECT_EQ(t_loans, before);
  memset(own.memory(), 'x', 5000);
  int status;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

#endif

}  // namespace
}  // namespace filemon
