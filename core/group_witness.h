// Tells a signal that was sent to the process group from one that was sent to
// this process.
#ifndef FILEMON_CORE_GROUP_WITNESS_H_
#define FILEMON_CORE_GROUP_WITNESS_H_

#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/types.h>

#include "core/owned_fd.h"

namespace filemon {

// The kernel says who has sent a signal, but not to whom. So there is another
// process in this one's group: what arrives at both was meant for the group.
// It has no signal at its end, so that a wait(2) that does not ask for clones
// does not see it, holds no descriptor, and ends with this process.
//
// To be made while all signals are blocked (Signals). A signal for the group
// comes to the youngest first (kernel/signal.c), so the witness has it, and
// whatever is younger, when this process learns of it.
class GroupWitness {
 public:
  GroupWitness();
  ~GroupWitness();

  GroupWitness(const GroupWitness&) = delete;
  GroupWitness& operator=(const GroupWitness&) = delete;

  // Whether `info` was sent to the group; to be asked of each signal of its
  // number that this process takes, before it takes the next. False if it
  // cannot be told.
  bool WasForAll(const signalfd_siginfo& info);

 private:
  // Whether the witness, too, has got `signal`.
  bool Saw(int signal);

  pid_t pid_ = -1;
  OwnedFd socket_;
  // Who has sent the last signal of a number that was for all, if another of
  // that number had come before the witness had given up the first: if it was
  // for all, the two were one for the witness. 0 if none had.
  uint32_t merged_[32] = {};
};

}  // namespace filemon

#endif  // FILEMON_CORE_GROUP_WITNESS_H_
