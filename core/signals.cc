#include "core/signals.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace filemon {
namespace {

constexpr SignalSet Only(int signal) { return SignalSet{1} << (signal - 1); }

constexpr SignalSet kTaken = ~(Only(SIGTTIN) | Only(SIGTTOU));

void SetMask(int how, SignalSet set, SignalSet* old = nullptr) {
  syscall(SYS_rt_sigprocmask, how, &set, old, sizeof(set));
}

// The kernel sends SIGPIPE and SIGXFSZ in the name of the process that writes.
bool IsOfOwnWrite(const signalfd_siginfo& info) {
  return (info.ssi_signo == SIGPIPE || info.ssi_signo == SIGXFSZ) &&
         info.ssi_pid == static_cast<uint32_t>(getpid());
}

}  // namespace

void BlockAllSignals() { SetMask(SIG_SETMASK, ~SignalSet{0}); }

Signals::Signals() {
  // An inherited SIG_IGN would have the kernel reap our children.
  struct sigaction child_action = {};
  child_action.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &child_action, &original_child_action_);
  SetMask(SIG_BLOCK, kTaken, &original_mask_);
  fd_ = static_cast<int>(syscall(SYS_signalfd4, -1, &kTaken, sizeof(kTaken),
                                 SFD_NONBLOCK | SFD_CLOEXEC));
}

Signals::~Signals() {
  // Nothing that is pending must come through now.
  signalfd_siginfo info;
  while (Take(&info)) continue;
  if (fd_ >= 0) close(fd_);
  Restore();
}

bool Signals::Take(signalfd_siginfo* info) {
  while (read(fd_, info, sizeof(*info)) == sizeof(*info)) {
    if (!IsOfOwnWrite(*info)) return true;
  }
  return false;
}

void Signals::Restore() const {
  sigaction(SIGCHLD, &original_child_action_, nullptr);
  SetMask(SIG_SETMASK, original_mask_);
}

void Signals::StopWith(int signal) {
  raise(signal);
  SetMask(SIG_UNBLOCK, Only(signal));
  // Stopped here, until SIGCONT.
  SetMask(SIG_BLOCK, kTaken);
}

}  // namespace filemon
