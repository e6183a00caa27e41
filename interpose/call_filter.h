// Filters of system calls that the program installs (seccomp(2)). A call of
// ours that a filter punishes would be the program's end: what is needed is got
// before, and afterwards only what the filter lets pass is called (sys.h).
//
// Of several filters, and of those of several threads, each is taken to be
// everybody's: a thread has the filter of the one that made it.
#ifndef FILEMON_INTERPOSE_CALL_FILTER_H_
#define FILEMON_INTERPOSE_CALL_FILTER_H_

#include <linux/filter.h>
#include <stdint.h>

namespace filemon {

// The program is about to install a filter, and that may succeed: its pid, a
// lane, which needs no system calls, and the names of its directories are got
// now.
void PrepareForFilter();

// It has installed one.
void FilterInstalled(const struct sock_fprog& program);
// It allows itself nothing but read(), write(), _exit() and sigreturn().
void StrictModeEntered();

// Which of our calls (sys::CallSet) the filter does not let pass.
// `pipe` is the descriptor that we write to.
uint32_t DeniedBy(const struct sock_fprog& program, int pipe);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_CALL_FILTER_H_
