// The signals of the filemon command.
#ifndef FILEMON_CORE_SIGNALS_H_
#define FILEMON_CORE_SIGNALS_H_

#include <signal.h>
#include <stdint.h>
#include <sys/signalfd.h>

namespace filemon {

// The kernel's set of signals. libc's leaves out two that it calls its own, and
// never lets them be blocked.
using SignalSet = uint64_t;

// No signal that can be held up arrives at this process any more: nothing ends
// it but its work, SIGKILL or a fault of its own.
void BlockAllSignals();

// While one lives, every signal that can be held up arrives in a descriptor
// instead: none ends the command, whoever sends it. SIGTTIN and SIGTTOU keep
// their effect: the command never reads from the terminal, and CMD's own are
// told by SIGCHLD. The child that becomes CMD takes everything back.
//
// One per process, created while there is one thread.
class Signals {
 public:
  Signals();
  ~Signals();

  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Readable when Take() has something. -1 if it could not be had.
  int fd() const { return fd_; }

  // The next signal that has arrived; false if there is none. Never waits. Not
  // what a write() of our own has raised (SIGPIPE, SIGXFSZ): it has failed as
  // well, which is enough.
  bool Take(signalfd_siginfo* info);

  // Gives this process back the signals as they were. Async-signal-safe: for
  // the child, between fork and exec.
  void Restore() const;

  // Stops this process as `signal` (SIGTSTP, SIGTTIN, SIGTTOU) would have,
  // until it is continued.
  void StopWith(int signal);

 private:
  SignalSet original_mask_;
  struct sigaction original_child_action_;
  int fd_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_SIGNALS_H_
