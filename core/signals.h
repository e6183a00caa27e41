// The signals of the filemon command.
#ifndef FILEMON_CORE_SIGNALS_H_
#define FILEMON_CORE_SIGNALS_H_

#include <signal.h>
#include <sys/signalfd.h>

#include <vector>

namespace filemon {

// While one lives, the signals that would end or stop the command, and SIGCHLD,
// arrive in a descriptor instead, and SIGPIPE and SIGXFSZ do not arrive at all.
// The child that becomes CMD takes everything back.
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

  // The signals that have arrived; never waits.
  std::vector<signalfd_siginfo> Take();

  // Gives this process back the signals as they were. Async-signal-safe: for
  // the child, between fork and exec.
  void Restore() const;

  // Stops this process as `signal` (SIGTSTP, SIGTTIN, SIGTTOU) would have,
  // until it is continued.
  void StopWith(int signal);

 private:
  sigset_t own_mask_;
  sigset_t original_mask_;
  struct sigaction original_child_action_;
  int fd_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_SIGNALS_H_
