// Turns the wire records of many processes into one filemon log.
#ifndef FILEMON_CORE_MERGE_H_
#define FILEMON_CORE_MERGE_H_

#include <stdint.h>
#include <sys/types.h>

#include <deque>
#include <list>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/current_directories.h"
#include "core/host.h"
#include "core/intake.h"
#include "core/log_writer.h"
#include "core/operands.h"
#include "core/pid_map.h"
#include "core/provenance.h"

namespace filemon {

// The rules of the log:
//
// - Records appear in the order in which they arrive, but for what follows.
// - A process has its F before its first record. Both sides of a fork report
//   it, either first; children of system() and of untraced processes are
//   reported by nobody and show by their first record.
// - A process has its X after its last record, so only when its end is certain:
//   Ended(), or a report of the parent that waited for it. If the end is known
//   but not the status, X waits for the parent to tell it.
// - What posix_spawn()'s file actions did is reported by the parent, when it
//   may be late: records of the new process wait for it (kSpawnBegin).
// - A record is believed if it is of the process that it claims to be from
//   (Provenance). Others are left out, with a comment.
// - What a process says of another is believed as far as the kernel does not
//   say otherwise: nobody ends a living process.
// - An exec that was announced and not followed by a start of the library in
//   the new image is an exec of a program that cannot be traced.
//
// Not thread-safe.
class Merge {
 public:
  // `host` and `log` outlive this object.
  Merge(PathStyle paths, Host* host, LogWriter* log);
  ~Merge();

  Merge(const Merge&) = delete;
  Merge& operator=(const Merge&) = delete;

  // The process that the session began with, which is about to run the image
  // `path`, in the directory `cwd`.
  void Root(pid_t pid, absl::string_view path, absl::string_view cwd);

  // The process that the session begins with runs already: the image `path`, in
  // the directory `cwd` (empty if that is not known).
  void Attach(pid_t pid, absl::string_view path, absl::string_view cwd);

  // A record from the pipe.
  void Accept(const Record& record);

  // `pid` has ended, and everything that it reported was Accept()ed.
  // `wait_status` is the kernel's word for how, if that could be had.
  void Ended(pid_t pid, absl::optional<int> wait_status);

  // `pid` has ended as a child of the caller's, who will say so by Ended() when
  // everything that it reported was Accept()ed.
  void Reaped(pid_t pid) { provenance_.Reaped(pid); }

  // The session is over: what is held back is written, and processes that are
  // still alive are named.
  void Finish();

  // Whether `pid` is a process of the session whose end is not known.
  bool Alive(pid_t pid) const;
  // Those of a range of pids, both included.
  std::vector<pid_t> AliveIn(pid_t first, pid_t last) const;
  // Whether the root has ended, or waits for the log before it does.
  bool RootIsDone() const { return root_waits_ || !Alive(root_); }
  // How many such processes there are.
  size_t alive() const { return alive_; }

  // The processes that appeared, and those whose end became known, since the
  // last call.
  std::vector<pid_t> TakeAppeared();
  std::vector<pid_t> TakeEnded();

  // Totals, for a summary.
  uint64_t processes() const { return processes_; }
  uint64_t untraced() const { return untraced_; }
  uint64_t lost() const { return lost_; }

 private:
  struct Process;
  struct Offspring;
  struct Hold;
  struct Event;
  struct Tombstone;

  // `record` is not of the process that it claims to be from, or says of
  // another what cannot be.
  void Refuse(const Record& record);

  // Whether `record` was queued in a hold.
  bool HeldBack(const Record& record);
  void HoldBack(Hold* hold, pid_t pid, Event event);
  // The posix_spawn() calls under way that may have made the process of this
  // kStart and have not told all of it.
  std::vector<int32_t> SpawnsBehind(const Record& start);
  void Release(Hold* hold);
  // Releases the holds that wait for `parent`, which has ended.
  void ReleaseChildrenOf(pid_t parent);

  void Apply(const Record& record);
  void OnStart(const Record& record);
  void OnExec(const Record& record);
  void OnChdir(const Record& record, Process* process);
  void FollowRename(const Record& record, const Process& process);
  void OnFork(const Record& record);
  void OnChildEnded(const Record& record);
  void OnTraceeEnded(const Record& record);
  void OnSomeChildEnded(const Record& record);
  void OnSpawnEnd(const Record& record);
  void OnEnded(pid_t pid, absl::optional<int> wait_status);

  // The process `pid`, made known (with an F) if it is not.
  Process& Known(pid_t pid);
  Process& MakeKnown(pid_t pid);
  Process& Appear(pid_t parent, pid_t pid);
  pid_t LostParent();
  // `pid` has ended. If it may have made children without a word, those that it
  // has left behind appear.
  void AdoptOrphans(pid_t pid, const Process& process,
                    absl::optional<int> wait_status);
  // Whether `speaker` says that `pid` has ended, which is not so.
  bool IsFalseEnd(pid_t speaker, pid_t pid);
  // Writes what is left to say about a process that has ended, and forgets it.
  void Bury(pid_t pid, absl::optional<int> wait_status);
  void WriteExit(pid_t pid, Process* process, absl::optional<int> wait_status);
  void AddTombstone(pid_t pid, const Process& process, int wait_status);
  // The one of the statuses that `parent` reported without a pid that must be
  // `process`'s, if that is certain; it is used up.
  absl::optional<int> TakeStatusFor(const Process& process, Process* parent);
  // `process` has reported the start of the image `path` after it had announced
  // an exec: says what it ran in between, if that was another image.
  void CheckExec(pid_t pid, Process* process, absl::string_view path);
  // What an E says of the program `path` (as wire.h has it; empty if it never
  // had a name), and a comment that goes first if it has no name.
  absl::string_view NameOfProgram(pid_t pid, absl::string_view path);
  // The exec that `process` announced has brought an image without us.
  void ExecWasUntraced(pid_t pid, Process* process, bool ended);

  Host* const host_;
  LogWriter* const log_;
  Operands operands_;
  pid_t root_ = 0;
  bool root_waits_ = false;

  Provenance provenance_;
  // From whom the records that were refused claimed to be, and how many.
  absl::flat_hash_set<pid_t> impersonated_;
  uint64_t refused_ = 0;

  CurrentDirectories directories_;
  PidMap<Process> known_;
  // Processes whose X is written and of which somebody may still speak.
  absl::flat_hash_map<pid_t, Tombstone> tombstones_;
  std::deque<pid_t> tombstone_order_;
  std::list<Hold> holds_;
  absl::flat_hash_map<pid_t, Hold*> held_;

  std::vector<pid_t> appeared_;
  std::vector<pid_t> ended_;
  size_t alive_ = 0;
  uint64_t processes_ = 0;
  uint64_t untraced_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_CORE_MERGE_H_
