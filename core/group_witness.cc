#include "core/group_witness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

namespace filemon {
namespace {

// It answers at once, if it lives and goes on.
constexpr int kPatience = 1000;  // milliseconds

void CloseAllFrom(int low) {
  if (syscall(SYS_close_range, low, ~0u, 0) == 0) return;
  const int end = static_cast<int>(sysconf(_SC_OPEN_MAX));
  for (int fd = low; fd < end; ++fd) close(fd);
}

// Takes one of the signals that are pending.
bool TakePending(int signal) {
  const uint64_t only = uint64_t{1} << (signal - 1);
  const timespec now = {};
  return syscall(SYS_rt_sigtimedwait, &only, nullptr, &now, sizeof(only)) ==
         signal;
}

// Who looks for the command by its name (pkill(1), killall(1)) shall find the
// command alone: what came to both would pass for a signal for the group.
void TakeAnotherName() {
  // The arguments lie one behind the other, and before the environment.
  char* const arguments = program_invocation_name;
  if (environ != nullptr && environ[0] != nullptr && arguments < environ[0]) {
    memset(arguments, 0, environ[0] - arguments);
  }
  prctl(PR_SET_NAME, "signal witness");
}

// In a copy of the program that may do what a signal handler may.
[[noreturn]] void BeWitness(int socket, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  TakeAnotherName();
  if (socket != STDIN_FILENO && dup2(socket, STDIN_FILENO) < 0) _exit(1);
  CloseAllFrom(STDIN_FILENO + 1);
  int signal;
  while (read(STDIN_FILENO, &signal, sizeof(signal)) == sizeof(signal)) {
    const bool taken = TakePending(signal);
    if (write(STDIN_FILENO, &taken, sizeof(taken)) < 0) break;
  }
  _exit(0);
}

}  // namespace

GroupWitness::GroupWitness() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
  socket_ = OwnedFd(ends[0]);
  OwnedFd theirs(ends[1]);
  const pid_t parent = getpid();
  // fork(), but for the signal at its end.
  pid_ = static_cast<pid_t>(syscall(SYS_clone, 0, 0, 0, 0, 0));
  if (pid_ == 0) BeWitness(theirs.get(), parent);
}

GroupWitness::~GroupWitness() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, __WCLONE) < 0 && errno == EINTR) continue;
}

bool GroupWitness::WasForAll(const signalfd_siginfo& info) {
  const int signal = static_cast<int>(info.ssi_signo);
  const bool seen = Saw(signal);
  // The others are queued, and never two in one.
  if (signal >= 32) return seen;
  const uint32_t merged = std::exchange(merged_[signal], 0);
  if (!seen) return merged != 0 && merged == info.ssi_pid;
  sigset_t pending;
  sigpending(&pending);
  if (sigismember(&pending, signal) == 1) merged_[signal] = info.ssi_pid;
  return true;
}

bool GroupWitness::Saw(int signal) {
  if (pid_ <= 0) return false;
  // A SIGSTOP for the group has stopped it, too.
  kill(pid_, SIGCONT);
  if (send(socket_.get(), &signal, sizeof(signal), MSG_NOSIGNAL) < 0) {
    return false;
  }
  pollfd answer = {socket_.get(), POLLIN, 0};
  bool taken = false;
  return poll(&answer, 1, kPatience) == 1 &&
         recv(socket_.get(), &taken, sizeof(taken), MSG_DONTWAIT) ==
             sizeof(taken) &&
         taken;
}

}  // namespace filemon
