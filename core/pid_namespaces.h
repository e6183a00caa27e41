// Gives every process of a session a number of its own in the log, whatever pid
// namespace it is in.
#ifndef FILEMON_CORE_PID_NAMESPACES_H_
#define FILEMON_CORE_PID_NAMESPACES_H_

#include <stdint.h>
#include <sys/types.h>

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"
#include "core/intake.h"
#include "core/wire.h"

namespace filemon {

// A process of the collector's own pid namespace has its pid for a number. So
// has one whose parent is there, which is every first process of a namespace:
// it says who it is (kEntered). The others' pids mean nothing to the collector,
// and a process that has ended cannot be looked up any more; they get numbers
// that no pid has: each namespace has a range of wire::kPidLimit numbers, from
// wire::kPidLimit on, to whose first the pid is added.
//
// Not thread-safe.
class PidNamespaces {
 public:
  // The collector's own, as wire::Header::pid_namespace; 0 if it is not known.
  explicit PidNamespaces(uint32_t own) : own_(own) {}

  // The namespace of the calling process; 0 if /proc does not tell.
  static uint32_t OfThisProcess();

  // Whether pids in the namespace `id` are the collector's own: then there is
  // nothing to translate.
  bool IsOwn(uint32_t id) const { return id == 0 || id == own_; }

  // Takes note of a kEntered record.
  void Enter(const Record& record);

  // `record` with numbers in place of pids.
  Record Translate(Record record);

  // A process has ended. If a namespace ended with it, because it was that
  // namespace's init, the first and the last number that its other processes
  // may have.
  absl::optional<std::pair<pid_t, pid_t>> Ended(pid_t number);

 private:
  // Where a process came from.
  struct Entrance {
    pid_t number;
    uint32_t from;  // the namespace of its parent
  };
  struct Namespace {
    // The first of its range of numbers.
    pid_t base;
    // Those of its processes that have a number elsewhere.
    absl::flat_hash_map<pid_t, Entrance> entered;
  };

  pid_t Number(uint32_t id, pid_t pid);
  // That of `parent`, in the namespace that `pid` came from; 0 if it is not
  // known.
  pid_t NumberOfParent(uint32_t id, pid_t pid, pid_t parent);
  Namespace& Find(uint32_t id);

  const uint32_t own_;
  absl::flat_hash_map<uint32_t, Namespace> namespaces_;
  // Number -> namespace, pid of all that is in Namespace::entered.
  absl::flat_hash_map<pid_t, std::pair<uint32_t, pid_t>> entered_;
  int created_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_CORE_PID_NAMESPACES_H_
