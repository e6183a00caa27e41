// The processes of a session: which of them a record speaks of.
#ifndef FILEMON_CORE_PROCESS_TABLE_H_
#define FILEMON_CORE_PROCESS_TABLE_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/types/optional.h"
#include "core/current_directories.h"
#include "core/process_map.h"
#include "core/shared_text.h"

namespace filemon {

// A number in a pid namespace (pid_namespaces(7)): at any moment there is one
// process at most that has it.
struct Place {
  uint32_t space;  // wire::Header::pid_namespace; 0 for the collector's
  pid_t pid;

  uint64_t packed() const {
    return static_cast<uint64_t>(space) << 32 | static_cast<uint32_t>(pid);
  }
};

// What is open about the children of a process.
struct Offspring {
  // Children with Process::ended set.
  std::vector<ProcessKey> ended;
  // Children that appeared by a start of their own, and are Nameless() unless
  // a report of their fork has come since.
  std::vector<ProcessKey> nameless;
  // Wait statuses that it learnt of children it did not name, and that belong
  // to none found so far.
  std::vector<int> unclaimed_statuses;
  // The lives that its posix_spawn() calls under way have for their children.
  std::vector<uint32_t> spawns;
};

// There may be many thousands at once: what most are without is not in it.
struct Process {
  // An exec of which nothing more is known yet.
  struct Exec {
    // Absolute; empty for a file without a name (a memfd).
    std::string path;
    // kExec's a.
    int32_t flags;
  };

  // True of the children of system() and popen(), whose parents cannot name
  // them.
  bool Nameless() const { return !forked_by_parent && !forked_by_child; }

  const Offspring& offspring() const {
    static const Offspring* const kNone = new Offspring;
    return its_offspring != nullptr ? *its_offspring : *kNone;
  }
  Offspring* mutable_offspring() {
    if (its_offspring == nullptr) its_offspring = std::make_unique<Offspring>();
    return its_offspring.get();
  }

  ProcessKey key = 0;
  // What the log calls it.
  pid_t number = 0;
  // In which its own pid counts, and those of its children that it names.
  uint32_t space = 0;
  // 0 if it is none of the session's.
  ProcessKey parent = 0;
  pid_t parent_number = 0;
  // Stamp of the first record that told of it: it was born before.
  uint64_t born = 0;
  // The process that has written the FILEMON_SESSION in its environment.
  ProcessKey environment_of = 0;
  // Other keys that it goes by, and its places.
  absl::InlinedVector<ProcessKey, 1> other_keys;
  absl::InlinedVector<Place, 1> places;

  // The life in its key is not its own, which is not known yet.
  bool life_is_unknown = false;
  // Whether it has reported a start of its own.
  bool started = false;
  // Its image does not have the library.
  bool untraced = false;
  // Which sides of the fork that made it have spoken.
  bool forked_by_parent = false;
  bool forked_by_child = false;
  // Somebody else has told of it.
  bool vouched = false;
  // Its end is certain, and its parent may still tell how it ended.
  bool ended = false;
  CurrentDirectories::Place cwd;
  // What it runs: the last E of its own or of an ancestor.
  SharedText image;
  // Null if there is none.
  std::unique_ptr<const Exec> pending_exec;
  // The status that it said it would exit with.
  absl::optional<int> exit_code;
  // The wait status that a tracer has seen.
  absl::optional<int> tracers_word;
  std::unique_ptr<Offspring> its_offspring;
};

// A process whose X is written, and of which somebody may still speak.
struct Tombstone {
  ProcessKey key;
  absl::InlinedVector<ProcessKey, 1> other_keys;
  absl::InlinedVector<Place, 1> places;
  ProcessKey parent;
  pid_t number;
  int wait_status;
  bool nameless;
  bool forked_by_parent;
  bool forked_by_child;
  bool waited;
};

// Not thread-safe.
class ProcessTable {
 public:
  ProcessTable() = default;
  ProcessTable(const ProcessTable&) = delete;
  ProcessTable& operator=(const ProcessTable&) = delete;

  // The process that goes by `key`; null if there is none.
  Process* Find(ProcessKey key) {
    Process* const process = processes_.Find(key);
    return process != nullptr || other_keys_.empty() ? process
                                                     : FindByOtherKey(key);
  }
  const Process* Find(ProcessKey key) const {
    return const_cast<ProcessTable*>(this)->Find(key);
  }
  // The process that has a place, or had it last.
  Process* At(Place place) const;
  // The process that has a life; the last that appeared if there are several
  // (which takes a program that hands on what was not meant for it).
  Process* OfLife(uint32_t life) const;

  // A new process. Nobody may have its key, its number or its place.
  Process& Add(ProcessKey key, pid_t number, Place place);
  void AddKey(ProcessKey key, Process* process);
  // Makes a life known that was not.
  void SetLife(ProcessKey key, Process* process);
  // Nobody may have it.
  void AddPlace(Place place, Process* process);
  // `process` turns out to be in another pid namespace, as `place`.
  void Move(Place place, Process* process);

  // `process` has ended with `wait_status`. It is not to be used any more.
  void Bury(Process* process, int wait_status);

  // Those that ended, as long as they are remembered; null if there is none.
  Tombstone* FindEnded(ProcessKey key);
  // The last that ended at a place.
  Tombstone* EndedAt(Place place) const;
  // The one that had a life and was not in the collector's pid namespace, where
  // those who speak of it may know it by other numbers.
  Tombstone* EndedElsewhere(uint32_t life) const;
  // `tombstone` turns out to have been at `place`, too.
  void AddPlace(Place place, Tombstone* tombstone);
  // Calls visit(Tombstone*) for the last `count`, the oldest first, until it
  // returns true.
  template <typename Visit>
  void VisitEnded(size_t count, Visit visit) {
    const size_t skip = order_.size() > count ? order_.size() - count : 0;
    for (size_t i = skip; i < order_.size(); ++i) {
      if (visit(&order_[i])) return;
    }
  }

  // All processes, in the order of their numbers.
  std::vector<ProcessKey> Keys() const;
  // Those of a pid namespace other than the collector's.
  std::vector<ProcessKey> KeysIn(uint32_t space) const;

 private:
  Process* FindByOtherKey(ProcessKey key);
  void Count(uint32_t space, int difference);

  ProcessMap<Process> processes_;
  absl::flat_hash_map<ProcessKey, Process*> other_keys_;
  absl::flat_hash_map<uint64_t, Process*> places_;
  absl::flat_hash_map<uint32_t, Process*> lives_;
  // How many are in each pid namespace but the collector's.
  absl::flat_hash_map<uint32_t, size_t> members_;
  std::deque<Tombstone> order_;
  absl::flat_hash_map<ProcessKey, Tombstone*> ended_;
  absl::flat_hash_map<uint64_t, Tombstone*> ended_at_;
  absl::flat_hash_map<uint32_t, Tombstone*> ended_elsewhere_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_PROCESS_TABLE_H_
