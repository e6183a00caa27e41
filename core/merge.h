// Turns the wire records of many processes into one filemon log.
#ifndef FILEMON_CORE_MERGE_H_
#define FILEMON_CORE_MERGE_H_

#include <stdint.h>
#include <sys/types.h>

#include <list>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/current_directories.h"
#include "core/host.h"
#include "core/intake.h"
#include "core/log_writer.h"
#include "core/operands.h"
#include "core/pid_namespaces.h"
#include "core/process_table.h"

namespace filemon {

// The rules of the log:
//
// - Records appear in the order in which they arrive, but for what follows.
// - A process has its F before its first record. Both sides of a fork report
//   it, either first; children of system() and of untraced processes are
//   reported by nobody and show by their first record.
// - A process is known by its life (wire.h): who has another is another,
// whatever
//   their pids. One that has the pid of another shows that this has ended,
//   whose X comes first, unless it is disproved: the kernel says that the other
//   lives, and nobody who could know says otherwise. That is left out, with a
//   comment.
// - A process has its X after its last record, so only when its end is certain:
//   Ended(), or a report of the parent that waited for it. If the end is known
//   but not the status, X waits for the parent to tell it.
// - What posix_spawn()'s file actions did is reported by the parent, when it
//   may be late: records of the new process wait for it (kSpawnBegin).
// - What a process says of another is believed as far as the kernel does not
//   say otherwise: nobody ends a living process.
// - An exec that was announced and not followed by a start of the library in
//   the new image is an exec of a program that cannot be traced.
//
// Not thread-safe.
class Merge {
 public:
  // `host` and `log` outlive this object. `own_namespace` is the collector's
  // (PidNamespaces::OfThisProcess()).
  Merge(PathStyle paths, Host* host, LogWriter* log,
        uint32_t own_namespace = 0);
  ~Merge();

  Merge(const Merge&) = delete;
  Merge& operator=(const Merge&) = delete;

  // The process that the session began with, which is about to run the image
  // `path`, in the directory `cwd`.
  void Root(pid_t pid, uint32_t life, absl::string_view path,
            absl::string_view cwd);

  // The process that the session begins with runs already: the image `path`, in
  // the directory `cwd` (empty if that is not known). It draws its life when it
  // joins.
  void Attach(pid_t pid, absl::string_view path, absl::string_view cwd);

  // A record from the pipe.
  void Accept(const Record& record);

  // A process has ended, and everything that it reported was Accept()ed.
  // `wait_status` is the kernel's word for how, if that could be had.
  void Ended(ProcessKey process, absl::optional<int> wait_status);

  // More has been taken in: processes may have become orphans since the last
  // round. To look for them for each that ended would take a square of time.
  void BeginRound() { orphans_taken_ = false; }

  // The session is over: what is held back is written, and processes that are
  // still alive are named.
  void Finish();

  ProcessKey root() const { return root_; }
  // Whether it is a process of the session whose end is not known.
  bool Alive(ProcessKey process) const;
  // Whether the root has ended, or waits for the log before it does.
  bool RootIsDone() const { return root_waits_ || !Alive(root_); }
  // How many such processes there are.
  size_t alive() const { return alive_; }

  // A process as the machine can find it.
  struct Sighting {
    ProcessKey process;
    pid_t pid;      // as the log has it
    pid_t parent;   // the same
    uint64_t born;  // before this (stamp.h)
  };
  // The one that was `pid` in the log at some time; nothing if there is none.
  absl::optional<ProcessKey> Find(pid_t pid, uint64_t time) const;

  // What the log calls the process that is, or was last, `pid` in a namespace
  // (wire::Header::pid_namespace).
  pid_t NumberOf(uint32_t pid_namespace, pid_t pid);

  // The processes that appeared and are alive, and those whose end became
  // known, since the last call.
  std::vector<Sighting> TakeAppeared();
  std::vector<ProcessKey> TakeEnded();

  // Totals, for a summary.
  uint64_t processes() const { return processes_; }
  uint64_t untraced() const { return untraced_; }
  uint64_t lost() const { return lost_; }

 private:
  struct Hold;
  struct Event;

  // What a process has said of itself before it appeared.
  struct Introduction {
    // Its pid in another namespace; 0 if it is not known.
    Place outside = {0, 0};
    ProcessKey maker = 0;
    uint32_t found_life = 0;
    // Its ancestors, from its parent on: each and the parent of that.
    std::vector<std::pair<pid_t, pid_t>> ancestors;
  };

  // `record` says what cannot be.
  void Refuse(const Record& record);

  // Whether `record` was queued in a hold.
  bool HeldBack(const Record& record);
  // The hold that a process which is not held back speaks of; null if there is
  // none.
  Hold* HoldNamedBy(const Record& record);
  void HoldBack(Hold* hold, ProcessKey process, Event event);
  void Release(Hold* hold);
  // Releases what waits for `parent`, which has ended.
  void ReleaseChildrenOf(Process* parent);

  void Apply(const Record& record);
  void OnStart(const Record& record);
  void OnExec(const Record& record);
  void OnChdir(const Record& record, Process* process);
  void FollowRename(const Record& record, const Process& process);
  void OnFork(const Record& record);
  void OnForked(const Record& record);
  void OnIntroduction(const Record& record);
  void OnChildEnded(const Record& record, Process* parent);
  void OnTraceeEnded(const Record& record, const Process& tracer);
  void OnSomeChildEnded(const Record& record, Process* parent);
  void OnSpawnEnd(const Record& record, Process* parent);
  void WriteNames(const Record& record, const Process& process);

  // Whom a record is from; null if it was refused.
  Process* Speaker(const Record& record) {
    Process* const known = table_.Find(KeyOf(record.pid, record.life));
    return ABSL_PREDICT_TRUE(known != nullptr) ? known : MakeKnown(record);
  }
  // The same if it is known by what is not its key; null if it is not.
  Process* Recognise(const Record& record);
  Process* MakeKnown(const Record& record);
  // The process `key`, whose pid counts in the collector's namespace.
  Process* FindOrRoot(ProcessKey key);
  // The process of an image that has started, and of which nobody has told.
  Process* Introduce(const Record& start, const Introduction& introduction);
  // Whether what has started is a new image of `process`, unannounced.
  bool IsNextImageOf(const Process& process, const Record& start,
                     const Introduction& introduction);
  // The parent of what has started and has the environment of `maker`, null if
  // that is not known.
  Process* MakerOf(const Record& start, const Introduction& introduction,
                   Process* maker);
  // Those between the process `pid` and `maker`, if the machine can tell.
  void AskForAncestors(const Process& maker, pid_t pid,
                       Introduction* introduction);
  // Of a process that has ended, the next of its ancestors that lives.
  Process* Survivor(ProcessKey key);
  Introduction TakeIntroduction(ProcessKey key);
  Place PlaceOf(const Record& record) const {
    return {namespaces_.SpaceOf(record.pid_namespace), record.pid};
  }
  // The process that is there, if the kernel is certain that it is, and that
  // nobody whom `maker` (null if not known) has made has come after it. Who has
  // said that it exits is there only if it was seen before `said` (stamp.h).
  Process* Occupant(Place place, const Process* maker, uint64_t said);
  // The process that `maker` means when it says that it has made a child with
  // this life (0 if it does not know it), and this place; null if that is new.
  Process* ToBeNamed(Place place, uint32_t life, const Process& maker);
  // The process there, if a child of `maker` can only be that: it has not
  // spoken yet, or is certain to live, and did before `said` (stamp.h).
  Process* UnspokenAt(Place place, ProcessKey maker, uint64_t said);
  // Whether it is certain to be alive, and was looked at before `said`
  // (stamp.h).
  bool Lives(const Process& process, uint64_t said = UINT64_MAX) const;
  bool IsRoot(const Process& process) const { return process.key == root_; }

  // A process appears, with its F. Whoever had its place has ended, before
  // `born` (stamp.h).
  Process& Appear(const Process* parent, ProcessKey key, Place place,
                  const Introduction& introduction, uint64_t born);
  void Vacate(Place place, uint64_t born);
  void Ended(Process* process, absl::optional<int> wait_status);
  // The end of `process` is certain.
  void Gone(Process* process, absl::optional<int> wait_status);
  // An end takes the other processes of a pid namespace along.
  void EndNamespaces(absl::Span<const Place> places);
  // `process` has ended. If it may have made children without a word, those
  // that it has left behind appear.
  void AdoptOrphans(Process* process, absl::optional<int> wait_status);
  // Writes what is left to say about a process that has ended, and forgets it.
  void Bury(ProcessKey process, absl::optional<int> wait_status);
  // The same of one whose parent has just said so: what it says next of a child
  // with the same number is of another.
  void BuryWaited(ProcessKey process, int wait_status);
  void WriteExit(Process* process, absl::optional<int> wait_status);
  // The one of the statuses that `parent` reported without a pid that must be
  // `process`'s, if that is certain; it is used up.
  absl::optional<int> TakeStatusFor(const Process& process, Process* parent);
  // A life for a process that has one which is not known.
  uint32_t MakeLife() { return ++made_lives_; }

  // `process` has reported the start of the image `path` after it had announced
  // an exec: says what it ran in between, if that was another image.
  void CheckExec(Process* process, absl::string_view path);
  // What an E says of the program `path` (as wire.h has it; empty if it never
  // had a name), and a comment that goes first if it has no name.
  absl::string_view NameOfProgram(pid_t pid, absl::string_view path);
  // The exec that `process` announced has brought an image without us, in which
  // it has ended, if it has, with `ended`.
  void ExecWasUntraced(Process* process, absl::optional<int> ended);
  // Whether a process that ended so after it had announced an exec of `image`
  // has run it.
  static bool HasRun(const Host::Image& image, int wait_status);

  Host* const host_;
  LogWriter* const log_;
  Operands operands_;
  PidNamespaces namespaces_;
  ProcessKey root_ = 0;
  bool root_waits_ = false;

  // From whom the records that were refused claimed to be, and how many.
  absl::flat_hash_set<pid_t> impersonated_;
  uint64_t refused_ = 0;

  CurrentDirectories directories_;
  ProcessTable table_;
  absl::flat_hash_map<ProcessKey, Introduction> introductions_;
  uint32_t made_lives_ = 0;
  // The lives of children that posix_spawn() calls under way make, and who
  // calls.
  absl::flat_hash_map<uint32_t, ProcessKey> spawns_;
  std::list<Hold> holds_;
  absl::flat_hash_map<ProcessKey, Hold*> held_;
  bool orphans_taken_ = false;

  std::vector<ProcessKey> appeared_;
  std::vector<ProcessKey> ended_;
  size_t alive_ = 0;
  uint64_t processes_ = 0;
  uint64_t untraced_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_CORE_MERGE_H_
