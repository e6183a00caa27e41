#include "core/signals.h"

#include <unistd.h>

namespace filemon {
namespace {

// SIGTTIN and SIGTTOU keep their effect: the command never reads from the
// terminal, and CMD's own are told by SIGCHLD.
constexpr int kTaken[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM,
                          SIGTERM, SIGCHLD, SIGCONT, SIGTSTP, SIGWINCH};

// What a log that nobody reads, or that grows beyond RLIMIT_FSIZE, would end us
// by: write() fails as well, which is enough.
constexpr int kRefused[] = {SIGPIPE, SIGXFSZ};

}  // namespace

Signals::Signals() {
  // An inherited SIG_IGN would have the kernel reap our children.
  struct sigaction child_action = {};
  child_action.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &child_action, &original_child_action_);

  sigset_t taken;
  sigemptyset(&taken);
  for (int signal : kTaken) sigaddset(&taken, signal);
  own_mask_ = taken;
  for (int signal : kRefused) sigaddset(&own_mask_, signal);
  sigprocmask(SIG_BLOCK, &own_mask_, &original_mask_);
  fd_ = signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC);
}

Signals::~Signals() {
  if (fd_ >= 0) close(fd_);
  // One that is pending must not come through now.
  sigset_t refused;
  sigemptyset(&refused);
  for (int signal : kRefused) sigaddset(&refused, signal);
  const timespec now = {};
  while (sigtimedwait(&refused, nullptr, &now) > 0) {
  }
  Restore();
}

std::vector<signalfd_siginfo> Signals::Take() {
  std::vector<signalfd_siginfo> taken;
  signalfd_siginfo info;
  while (read(fd_, &info, sizeof(info)) == sizeof(info)) taken.push_back(info);
  return taken;
}

void Signals::Restore() const {
  sigaction(SIGCHLD, &original_child_action_, nullptr);
  sigprocmask(SIG_SETMASK, &original_mask_, nullptr);
}

void Signals::StopWith(int signal) {
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  raise(signal);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
  // Stopped here, until SIGCONT.
  sigprocmask(SIG_BLOCK, &own_mask_, nullptr);
}

}  // namespace filemon
