// A socket at which processes of the session that have lost the pipe ask for it
// (door_name.h).
#ifndef FILEMON_CORE_DOOR_H_
#define FILEMON_CORE_DOOR_H_

#include <stdint.h>
#include <sys/types.h>

#include "absl/functional/function_ref.h"

namespace filemon {

// Without a socket to be had nobody can knock, and that is all.
//
// Not thread-safe.
class Door {
 public:
  Door(uint64_t inode, uint32_t cookie);
  ~Door();

  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  // Readable when somebody knocks; -1 if there is no door.
  int fd() const { return fd_; }

  // Gives `pipe` and, if it is not -1, `lanes` to each process that waits, if
  // may_enter(pid) lets it. `pid` is what the kernel says, in the caller's
  // namespace. gave_up(pid) is called for each that has waited in vain, and is
  // gone or speaks no more.
  void Answer(int pipe, int lanes, absl::FunctionRef<bool(pid_t)> may_enter,
              absl::FunctionRef<void(pid_t)> gave_up);

 private:
  int fd_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_DOOR_H_
