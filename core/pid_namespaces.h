// Gives every process of a session a number of its own in the log, whatever pid
// namespace it is in.
#ifndef FILEMON_CORE_PID_NAMESPACES_H_
#define FILEMON_CORE_PID_NAMESPACES_H_

#include <stdint.h>
#include <sys/types.h>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace filemon {

// A process of the collector's own pid namespace has its pid for a number. The
// others' pids mean nothing to the collector, and a process that has ended
// cannot be looked up any more; those that do not know themselves what they are
// called there get numbers that no pid has: each namespace has a range of
// wire::kPidLimit numbers, from wire::kPidLimit on, to whose first the pid is
// added.
//
// Not thread-safe.
class PidNamespaces {
 public:
  // The collector's own, as wire::Header::pid_namespace; 0 if it is not known.
  explicit PidNamespaces(uint32_t own) : own_(own) {}

  // The namespace of the calling process; 0 if /proc does not tell.
  static uint32_t OfThisProcess();

  // `id`, or 0 for the collector's own.
  uint32_t SpaceOf(uint32_t id) const { return id == own_ ? 0 : id; }

  // The number of the process that is `pid` in a namespace, as SpaceOf() has
  // it.
  pid_t Number(uint32_t space, pid_t pid);

  // A namespace has ended, with all its processes: its inode number, and its
  // range, may become another's.
  void Ended(uint32_t space);

 private:
  const uint32_t own_;
  // The first number of each one's range.
  absl::flat_hash_map<uint32_t, pid_t> bases_;
  absl::flat_hash_set<pid_t> in_use_;
  int given_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_CORE_PID_NAMESPACES_H_
