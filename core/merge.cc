#include "core/merge.h"

#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/base/optimization.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/paths.h"
#include "core/shared_text.h"

namespace filemon {

using wire::Kind;

namespace {

// How many ended processes are remembered for a parent's late report: as many
// as pids take to come round (pid_max is 32,768 at least). The report of one
// child is a few system calls late, but thousands may have ended since the last
// look.
constexpr size_t kMaxTombstones = 32768;

// Of how many a status without a pid may be.
constexpr size_t kMaxLateStatuses = 1024;

// A posix_spawn() in its parent is over long before its child reports so much;
// if not (the parent was stopped by a signal), order yields to memory.
constexpr size_t kMaxHeldEvents = 65536;

// Ended children whose parent may still tell how they ended: a parent that
// never waits never does.
constexpr size_t kMaxUntoldEnds = 1024;

// Refused records are marked once for each process that they claim to be from;
// who invents processes shall not fill the log.
constexpr size_t kMaxImpersonated = 100;

// Statuses of system() and the like that no child was found for.
constexpr size_t kMaxUnclaimedStatuses = 64;

void Erase(std::vector<int32_t>* numbers, int32_t number) {
  numbers->erase(std::remove(numbers->begin(), numbers->end(), number),
                 numbers->end());
}

}  // namespace

// What is open about the children of a process.
struct Merge::Offspring {
  // Children with Process::ended set.
  std::vector<pid_t> ended;
  // Children that appeared by a start of their own, and are Nameless() unless
  // a report of their fork has come since.
  std::vector<pid_t> nameless;
  // Wait statuses that it learnt of children it did not name, and that belong
  // to none found so far.
  std::vector<int> unclaimed_statuses;
  // Tokens of posix_spawn() calls under way.
  std::vector<int32_t> spawns;
};

// There may be many thousands at once: what most are without is not in it.
struct Merge::Process {
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

  pid_t parent = 0;
  // Whether it has reported a start of its own.
  bool started = false;
  // Its image does not have the library.
  bool untraced = false;
  // Which sides of the fork that made it have spoken.
  bool forked_by_parent = false;
  bool forked_by_child = false;
  // By somebody who is untraced, and cannot tell of it.
  bool silently_made = false;
  // Its end is certain, and its parent may still tell how it ended.
  bool ended = false;
  // The parent's proof when it spoke of the fork.
  uint32_t fork_proof = 0;
  CurrentDirectories::Place cwd;
  // What it runs: the last E of its own or of an ancestor.
  SharedText image;
  // Null if there is none.
  std::unique_ptr<const Exec> pending_exec;
  // The status that it said it would exit with.
  absl::optional<int> exit_code;
  // The wait status that a tracer has seen.
  absl::optional<int> tracers_word;
  // Those of the parent's posix_spawn() calls that were under way when this
  // process appeared: one of them may have made it.
  std::vector<int32_t> made_by;
  std::unique_ptr<Offspring> its_offspring;
};

struct Merge::Tombstone {
  pid_t parent;
  int wait_status;
  bool nameless;
  // What the parent has said of it.
  bool forked;
  uint32_t fork_proof;
  bool waited;
};

// A record, or a known end, that waits.
struct Merge::Event {
  Event(pid_t pid, absl::optional<int> wait_status)
      : is_end(true), wait_status(wait_status) {
    record.pid = pid;
  }
  explicit Event(const Record& source) : record(source) {
    for (int i = 0; i < wire::kMaxNames; ++i) {
      names[i] = std::string(source.names[i]);
    }
  }

  bool is_end = false;
  absl::optional<int> wait_status;
  Record record;  // but its names
  std::string names[wire::kMaxNames];
};

// The records of a process that posix_spawn() has made, and of its descendants,
// while its parent has not finished telling what the file actions did.
struct Merge::Hold {
  pid_t parent;
  pid_t child;
  // The calls under way in `parent` of which one may have made `child`.
  std::vector<int32_t> spawns;
  // The parent has said that it made `child`.
  bool forked = false;
  std::deque<Event> events;
  std::vector<pid_t> members;
};

Merge::Merge(PathStyle paths, Host* host, LogWriter* log)
    : host_(host), log_(log), operands_(paths, host, log), provenance_(host) {}

Merge::~Merge() = default;

void Merge::Root(pid_t pid, absl::string_view path, absl::string_view cwd) {
  Process& process = known_[pid];
  directories_.Enter(cwd, &process.cwd);
  process.pending_exec.reset(new Process::Exec{JoinPath(cwd, path), 0});
  root_ = pid;
  provenance_.Root(pid);
  ++alive_;
  ++processes_;
}

void Merge::Attach(pid_t pid, absl::string_view path, absl::string_view cwd) {
  Process& process = known_[pid];
  directories_.Enter(cwd, &process.cwd);
  process.image.Set(path);
  root_ = pid;
  provenance_.Attach(pid);
  ++alive_;
  ++processes_;
}

void Merge::Accept(const Record& record) {
  const Process* subject = known_.Find(Provenance::Subject(record));
  const Provenance::Word word =
      provenance_.Check(record, subject != nullptr && subject->ended);
  if (word == Provenance::Word::kForged) return Refuse(record);
  // Hardly ever is anything held back.
  const bool may_be_held = record.kind == Kind::kStart || !held_.empty();
  if (!may_be_held || !HeldBack(record)) Apply(record);
  provenance_.Learn(record, word);
}

void Merge::Refuse(const Record& record) {
  ++refused_;
  if (impersonated_.size() == kMaxImpersonated) return;
  if (impersonated_.insert(record.pid).second) {
    log_->Comment(absl::StrCat("refused records of ", record.pid,
                               ": not its own, or not true"));
  }
}

void Merge::Ended(pid_t pid, absl::optional<int> wait_status) {
  auto held = held_.find(pid);
  if (held != held_.end()) {
    HoldBack(held->second, pid, Event(pid, wait_status));
  } else {
    OnEnded(pid, wait_status);
  }
}

void Merge::Finish() {
  while (!holds_.empty()) Release(&holds_.front());
  if (root_waits_ && Alive(root_)) OnEnded(root_, absl::nullopt);

  std::vector<pid_t> pids;
  for (const auto& entry : known_) pids.push_back(entry.first);
  absl::c_sort(pids);
  for (pid_t pid : pids) {
    Process* process = known_.Find(pid);
    if (process == nullptr) continue;  // buried together with its parent
    if (process->ended) {
      Bury(pid, absl::nullopt);
      continue;
    }
    if (process->pending_exec) ExecWasUntraced(pid, process, /*ended=*/false);
    log_->Comment(absl::StrCat("running ", pid, " ", process->image.view()));
  }
  if (refused_ > 0) {
    log_->Comment(absl::StrCat("refused ", refused_, " records in all"));
  }
}

bool Merge::Alive(pid_t pid) const {
  const Process* process = known_.Find(pid);
  return process != nullptr && !process->ended;
}

std::vector<pid_t> Merge::AliveIn(pid_t first, pid_t last) const {
  std::vector<pid_t> pids;
  for (const auto& entry : known_) {
    if (entry.first < first || entry.first > last) continue;
    if (!entry.second->ended) pids.push_back(entry.first);
  }
  absl::c_sort(pids);
  return pids;
}

std::vector<pid_t> Merge::TakeAppeared() {
  return std::exchange(appeared_, {});
}

std::vector<pid_t> Merge::TakeEnded() { return std::exchange(ended_, {}); }

// ---- Holding back -----------------------------------------------------------

bool Merge::HeldBack(const Record& record) {
  const auto own = held_.find(record.pid);
  if (own != held_.end()) {
    Hold* hold = own->second;
    if (hold->forked && record.pid == hold->child) {
      // Between the fork and the end of the posix_spawn(), these are what its
      // file actions did, told by the parent.
      if (record.kind == Kind::kOpen || record.kind == Kind::kChdir) {
        return false;
      }
      // It has started: that is why it is held back.
      if (record.kind == Kind::kExec && (record.a & wire::kSaidOfSpawned)) {
        return true;
      }
    }
    // A child of a process that is held back is held back with it.
    const pid_t member = record.kind == Kind::kFork ? record.a : record.pid;
    HoldBack(hold, member, Event(record));
    return true;
  }

  const auto named = held_.find(record.a);
  if (named != held_.end()) {
    Hold* hold = named->second;
    if (record.kind == Kind::kFork) {
      hold->forked = true;
    } else if (record.kind == Kind::kChildEnded ||
               record.kind == Kind::kTraceeEnded) {
      HoldBack(hold, record.a, Event(record));
      return true;
    } else if (record.kind == Kind::kStart &&
               known_.Find(record.pid) == nullptr) {
      HoldBack(hold, record.pid, Event(record));
      return true;
    }
  }

  if (record.kind != Kind::kStart) return false;
  std::vector<int32_t> spawns = SpawnsBehind(record);
  if (spawns.empty()) return false;
  const Process* child = known_.Find(record.pid);
  holds_.emplace_back();
  Hold* hold = &holds_.back();
  hold->parent = child != nullptr ? child->parent : record.a;
  hold->child = record.pid;
  hold->spawns = std::move(spawns);
  hold->forked = child != nullptr;
  HoldBack(hold, record.pid, Event(record));
  return true;
}

std::vector<int32_t> Merge::SpawnsBehind(const Record& start) {
  const Process* child = known_.Find(start.pid);
  if (child == nullptr) {
    const Process* parent = known_.Find(start.a);
    return parent != nullptr ? parent->offspring().spawns
                             : std::vector<int32_t>();
  }
  const Process* parent = known_.Find(child->parent);
  if (child->started || child->forked_by_child || parent == nullptr) return {};
  std::vector<int32_t> behind;
  for (int32_t token : child->made_by) {
    if (absl::c_linear_search(parent->offspring().spawns, token))
      behind.push_back(token);
  }
  return behind;
}

void Merge::HoldBack(Hold* hold, pid_t pid, Event event) {
  if (held_.emplace(pid, hold).second) hold->members.push_back(pid);
  hold->events.push_back(std::move(event));
  if (hold->events.size() == kMaxHeldEvents) Release(hold);
}

void Merge::Release(Hold* hold) {
  for (pid_t pid : hold->members) held_.erase(pid);
  const std::deque<Event> events = std::move(hold->events);
  holds_.remove_if([hold](const Hold& h) { return &h == hold; });
  for (const Event& event : events) {
    if (event.is_end) {
      OnEnded(event.record.pid, event.wait_status);
      continue;
    }
    Record record = event.record;
    for (int i = 0; i < wire::kMaxNames; ++i) record.names[i] = event.names[i];
    Apply(record);
  }
}

void Merge::ReleaseChildrenOf(pid_t parent) {
  for (bool again = true; again;) {
    again = false;
    for (Hold& hold : holds_) {
      if (hold.parent != parent) continue;
      Release(&hold);
      again = true;
      break;
    }
  }
}

// ---- Records ----------------------------------------------------------------

void Merge::Apply(const Record& record) {
  const pid_t pid = record.pid;
  switch (record.kind) {
    case Kind::kStart:
      return OnStart(record);
    case Kind::kOpen:
      return operands_.Write(record, Known(pid).cwd.path());
    case Kind::kFork:
      return OnFork(record);
    case Kind::kChildEnded:
      return OnChildEnded(record);
    case Kind::kTraceeEnded:
      return OnTraceeEnded(record);
    case Kind::kSomeChildEnded:
      return OnSomeChildEnded(record);
    case Kind::kSpawnEnd:
      return OnSpawnEnd(record);
    case Kind::kExec:
      return OnExec(record);
    case Kind::kFragment:
      return;  // The intake's business.
    default:
      break;
  }

  Process& process = Known(pid);
  switch (record.kind) {
    case Kind::kExecFailed:
      process.pending_exec.reset();
      break;
    case Kind::kExit:
      process.exit_code = record.a;
      if (pid == root_ && record.b == wire::kWaitsForLog) root_waits_ = true;
      break;
    case Kind::kLeft:
      process.untraced = true;
      ++untraced_;
      log_->Comment(absl::StrCat("untraced ", pid, " ", process.image.view(),
                                 ": handed over to another filemon session"));
      break;
    case Kind::kChdir:
      OnChdir(record, &process);
      break;
    case Kind::kUnlink:
    case Kind::kLink:
    case Kind::kSymlink:
      operands_.Write(record, process.cwd.path());
      break;
    case Kind::kRename:
      operands_.Write(record, process.cwd.path());
      FollowRename(record, process);
      break;
    case Kind::kSpawnBegin:
      process.mutable_offspring()->spawns.push_back(record.a);
      break;
    case Kind::kUnseen:
      log_->Comment(
          absl::StrCat("unseen ", pid, " ", record.names[0], ": ",
                       record.a == wire::kWithoutLibc
                           ? "makes system calls without libc (Go)"
                       : record.a == wire::kOtherNamespace
                           ? "loaded into a namespace of its own (dlmopen)"
                           : "bound to libc by RTLD_DEEPBIND"));
      break;
    case Kind::kLost:
      lost_ += record.a;
      log_->Comment(absl::StrCat("lost ", record.a, " records of ", pid));
      break;
    default:
      break;
  }
}

void Merge::OnStart(const Record& record) {
  const pid_t pid = record.pid;
  Process* process = known_.Find(pid);
  if (process != nullptr && process->ended) {
    Bury(pid, absl::nullopt);
    process = nullptr;
  }
  if (process == nullptr) {
    Process* parent = known_.Find(record.a);
    // A child that nobody forked before our eyes: the announced exec of its
    // parent took place, and left nobody there to report the fork.
    if (parent != nullptr && parent->pending_exec) {
      ExecWasUntraced(record.a, parent, /*ended=*/false);
    }
    // Who came from another pid namespace may not know his parent.
    process = &Appear(record.a != 0 ? record.a : root_, pid);
    if (parent != nullptr) parent->mutable_offspring()->nameless.push_back(pid);
    // Who cannot speak cannot vouch.
    if (parent != nullptr ? parent->untraced : untraced_ > 0) {
      process->silently_made = true;
    }
  }
  if (process->pending_exec) CheckExec(pid, process, record.names[0]);
  process->started = true;
  process->untraced = false;
  process->pending_exec.reset();
  process->exit_code.reset();
  if (record.names[1] != wire::kNoDirectory) {
    directories_.Enter(record.names[1], &process->cwd);
  }
  process->image.Set(NameOfProgram(pid, record.names[0]));
  log_->Exec(pid, process->image.view());
}

void Merge::OnExec(const Record& record) {
  Process* process;
  if (record.a & wire::kSaidOfSpawned) {
    // Late, if the new image has spoken, or has ended already.
    process = known_.Find(record.pid);
    if (process == nullptr || process->ended || process->started) return;
  } else {
    process = &Known(record.pid);
  }
  const absl::string_view name = record.names[1];
  // What comes from a descriptor is in wire.h's form.
  const bool whole = name.empty() || IsRemoved(name);
  process->pending_exec.reset(new Process::Exec{
      whole ? std::string(name)
            : operands_.Absolute(process->cwd.path(), record.names[0], name),
      record.a});
}

absl::string_view Merge::NameOfProgram(pid_t pid, absl::string_view path) {
  if (!path.empty() && !IsRemoved(path)) return operands_.Whole(path);
  if (!path.empty()) {
    log_->Comment(absl::StrCat("unnamed ", pid, " ",
                               absl::StripSuffix(path, "/"),
                               ": no file has this name"));
  }
  return kNamelessProgram;
}

void Merge::OnChdir(const Record& record, Process* process) {
  const auto unknown = [](absl::string_view path) {
    return path.empty() || IsRemoved(path);
  };
  const absl::string_view path = record.names[0];
  const bool was_unknown = unknown(process->cwd.path());
  const bool renamed = record.a == wire::kRenamed;
  directories_.Enter(path, &process->cwd);
  if (unknown(path) && !(renamed && was_unknown)) {
    log_->Comment(absl::StrCat("unknown current directory of ", record.pid));
  }
  if (!unknown(path) && !renamed) {
    log_->Chdir(record.pid, operands_.Whole(path));
  }
}

// Whoever is in what was renamed, or below it, has another current directory
// now, and makes no call that says so.
void Merge::FollowRename(const Record& record, const Process& process) {
  const absl::string_view* const names = record.names;
  const bool exchange = record.a == wire::kExchange;
  if (!directories_.MayHave(LastComponent(names[1])) &&
      !(exchange && directories_.MayHave(LastComponent(names[3])))) {
    return;
  }
  const absl::string_view cwd = process.cwd.path();
  const std::string from = operands_.Canonical(cwd, names[0], names[1]);
  const std::string to = operands_.Canonical(cwd, names[2], names[3]);
  if (from.empty() || to.empty()) return;
  if (exchange) {
    directories_.Exchanged(from, to);
  } else {
    directories_.Renamed(from, to);
  }
}

void Merge::OnFork(const Record& record) {
  const bool by_parent = record.b != wire::kSaidByChild;
  // A child may speak of a parent that has ended since.
  if (by_parent) Known(record.pid);

  Process* child = known_.Find(record.a);
  if (child != nullptr) {
    bool& said = by_parent ? child->forked_by_parent : child->forked_by_child;
    if (!said && (by_parent || !child->ended)) {
      said = true;
      if (by_parent) child->fork_proof = record.proof;
      return;
    }
    if (provenance_.IsRepeated(record)) return;
    // The pid is in use again.
    if (IsFalseEnd(record.pid, record.a)) return;
    Bury(record.a, absl::nullopt);
  } else if (by_parent) {
    auto tombstone = tombstones_.find(record.a);
    if (tombstone != tombstones_.end()) {
      Tombstone& ended = tombstone->second;
      if (!ended.forked || ended.fork_proof != record.proof) {
        ended.forked = true;
        ended.fork_proof = record.proof;
        return;
      }
    }
  }
  Process& created = Appear(record.pid, record.a);
  (by_parent ? created.forked_by_parent : created.forked_by_child) = true;
  if (by_parent) created.fork_proof = record.proof;
}

void Merge::OnChildEnded(const Record& record) {
  Known(record.pid);
  if (IsFalseEnd(record.pid, record.a)) return;
  if (known_.Find(record.a) == nullptr) {
    auto tombstone = tombstones_.find(record.a);
    if (tombstone != tombstones_.end()) {
      tombstone->second.waited = true;
      return;
    }
    Appear(record.pid, record.a);
  }
  Bury(record.a, record.b);
  auto tombstone = tombstones_.find(record.a);
  if (tombstone != tombstones_.end()) tombstone->second.waited = true;
}

void Merge::OnTraceeEnded(const Record& record) {
  Process* process = known_.Find(record.a);
  if (process == nullptr || record.a == root_ || host_->Lives(record.a)) return;
  if (process->ended) return Bury(record.a, record.b);
  process->tracers_word = record.b;
}

void Merge::OnSomeChildEnded(const Record& record) {
  const pid_t pid = record.pid;
  const int status = record.b;
  Process& parent = Known(pid);

  // A child that ended as it had announced, or else the only one that has ended
  // without a word. Of one that is merely gone the word may be in the pipe yet.
  std::vector<pid_t> fitting;
  for (pid_t child_pid : parent.offspring().nameless) {
    const Process& child = *known_.Find(child_pid);
    if (!child.Nameless()) continue;
    if (child.exit_code && WIFEXITED(status)) {
      if (*child.exit_code != WEXITSTATUS(status)) continue;
      if (!child.ended && !host_->Gone(child_pid)) continue;
      return Bury(child_pid, status);
    }
    const bool killed = WIFSIGNALED(status) && host_->Gone(child_pid);
    if (child.ended || killed) fitting.push_back(child_pid);
  }
  if (fitting.size() == 1) return Bury(fitting.front(), status);

  // Perhaps the kernel was faster in telling us than the parent.
  const size_t recent = std::min(tombstone_order_.size(), kMaxLateStatuses);
  for (auto it = tombstone_order_.end() - recent; it != tombstone_order_.end();
       ++it) {
    const auto found = tombstones_.find(*it);
    if (found == tombstones_.end()) continue;
    Tombstone& tombstone = found->second;
    if (tombstone.parent == pid && tombstone.nameless && !tombstone.waited &&
        tombstone.wait_status == status) {
      tombstone.waited = true;
      return;
    }
  }
  std::vector<int>& unclaimed = parent.mutable_offspring()->unclaimed_statuses;
  if (unclaimed.size() == kMaxUnclaimedStatuses) {
    unclaimed.erase(unclaimed.begin());
  }
  unclaimed.push_back(status);
}

void Merge::OnSpawnEnd(const Record& record) {
  if (Process* child = known_.Find(record.b)) child->made_by.clear();
  Erase(&Known(record.pid).mutable_offspring()->spawns, record.a);
  for (auto it = holds_.begin(); it != holds_.end();) {
    Hold& hold = *it++;
    if (hold.parent != record.pid) continue;
    Erase(&hold.spawns, record.a);
    if (hold.child == record.b || hold.spawns.empty()) {
      Release(&hold);
      // Releasing may have changed the list anywhere.
      it = holds_.begin();
    }
  }
}

// ---- Processes --------------------------------------------------------------

Merge::Process& Merge::Known(pid_t pid) {
  Process* process = known_.Find(pid);
  if (ABSL_PREDICT_TRUE(process != nullptr && !process->ended)) return *process;
  return MakeKnown(pid);
}

Merge::Process& Merge::MakeKnown(pid_t pid) {
  if (known_.Find(pid) != nullptr) Bury(pid, absl::nullopt);
  // Nobody reported the fork (a raw clone()). If the parent cannot be asked
  // for any more, the root is an ancestor at least.
  const pid_t parent = host_->ParentOf(pid);
  return Appear(parent != 0 ? parent : root_, pid);
}

// The parent of a process whose parent by now is a stranger, as those of
// orphans are: somebody who is gone, and of whose end we have not been told.
pid_t Merge::LostParent() {
  for (const auto& entry : known_) {
    if (entry.first == root_ || entry.second->ended) continue;
    if (host_->Gone(entry.first)) return entry.first;
  }
  return root_;
}

Merge::Process& Merge::Appear(pid_t parent_pid, pid_t pid) {
  tombstones_.erase(pid);
  if (known_.Find(parent_pid) == nullptr && known_.Find(root_) != nullptr) {
    parent_pid = LostParent();
  }
  const Process* parent = known_.Find(parent_pid);
  Process& process = known_[pid];
  process.parent = parent_pid;
  if (parent != nullptr) {
    process.cwd = parent->cwd;
    process.image = parent->image;
    process.made_by = parent->offspring().spawns;
  }
  appeared_.push_back(pid);
  ++alive_;
  ++processes_;
  log_->Fork(parent_pid, pid);
  return process;
}

void Merge::OnEnded(pid_t pid, absl::optional<int> wait_status) {
  Process* process = known_.Find(pid);
  if (process == nullptr) {
    // It was Reaped(), and nobody of ours.
    provenance_.Forget(pid);
    return;
  }
  if (process->ended) {
    if (wait_status) Bury(pid, wait_status);
    return;
  }

  if (!wait_status) wait_status = process->tracers_word;
  AdoptOrphans(pid, *process, wait_status);
  Process* parent = known_.Find(process->parent);
  if (parent == nullptr) return Bury(pid, wait_status);
  if (wait_status) {
    if (process->Nameless()) {
      std::vector<int>& unclaimed =
          parent->mutable_offspring()->unclaimed_statuses;
      const auto same = absl::c_find(unclaimed, *wait_status);
      if (same != unclaimed.end()) unclaimed.erase(same);
    }
    return Bury(pid, wait_status);
  }
  wait_status = TakeStatusFor(*process, parent);
  const bool parent_may_tell =
      !parent->ended && !parent->untraced && !parent->pending_exec;
  if (wait_status || !parent_may_tell) return Bury(pid, wait_status);

  std::vector<pid_t>& untold = parent->mutable_offspring()->ended;
  if (untold.size() == kMaxUntoldEnds) {
    // That may end others, these two among them.
    Bury(untold.front(), absl::nullopt);
    return OnEnded(pid, absl::nullopt);
  }
  process->ended = true;
  untold.push_back(pid);
  ended_.push_back(pid);
  --alive_;
}

bool Merge::IsFalseEnd(pid_t speaker, pid_t pid) {
  const Process* process = known_.Find(pid);
  if (process == nullptr || process->ended) return false;
  // Nobody but us can know of the root's end.
  if (pid != root_ && !host_->Lives(pid)) return false;
  log_->Comment(absl::StrCat("refused the word of ", speaker, " that ", pid,
                             " has ended"));
  return true;
}

// A signal can end a process between its fork and its report; an untraced
// process never reports.
void Merge::AdoptOrphans(pid_t pid, const Process& process,
                         absl::optional<int> wait_status) {
  // After the root nobody is left whose they could be.
  if (pid != root_ && wait_status && WIFEXITED(*wait_status) &&
      !process.untraced) {
    return;
  }
  for (pid_t orphan : host_->Orphans()) {
    // A tombstone: it has ended, and is not reaped yet.
    if (orphan != root_ && known_.Find(orphan) == nullptr &&
        !tombstones_.contains(orphan)) {
      Appear(pid, orphan);
    }
  }
}

void Merge::Bury(pid_t pid, absl::optional<int> wait_status) {
  ReleaseChildrenOf(pid);
  // Whoever knows its status is the kernel, or its parent.
  if (wait_status) provenance_.Vouch(pid);
  Process* process = known_.Find(pid);
  // What was held back may have been the news of the same end.
  if (process == nullptr) return;
  const std::vector<pid_t> untold = process->offspring().ended;
  for (pid_t child_pid : untold) {
    const Process* child = known_.Find(child_pid);
    if (child == nullptr) continue;
    Bury(child_pid, TakeStatusFor(*child, process));
    process = known_.Find(pid);
    if (process == nullptr) return;  // the same, of what the child held back
  }

  if (process->pending_exec) ExecWasUntraced(pid, process, /*ended=*/true);
  if (!process->ended) {
    AdoptOrphans(pid, *process, wait_status);
    ended_.push_back(pid);
    --alive_;
  }
  if (Process* parent = known_.Find(process->parent)) {
    if (Offspring* offspring = parent->its_offspring.get()) {
      Erase(&offspring->ended, pid);
      Erase(&offspring->nameless, pid);
    }
  }
  WriteExit(pid, process, wait_status);
  provenance_.Forget(pid);
  known_.Erase(pid);
}

void Merge::WriteExit(pid_t pid, Process* process,
                      absl::optional<int> wait_status) {
  const absl::string_view objection = provenance_.Objection(pid);
  if (!objection.empty() && !process->silently_made) {
    log_->Comment(absl::StrCat("unproven ", pid, " ", process->image.view(),
                               ": ", objection));
  }
  if (!wait_status && process->exit_code) {
    wait_status = W_EXITCODE(*process->exit_code, 0);
  }
  if (!wait_status) {
    log_->Comment(absl::StrCat("unknown exit status of ", pid));
    wait_status = 0;
  }
  log_->Exit(pid, *wait_status);
  AddTombstone(pid, *process, *wait_status);
}

void Merge::AddTombstone(pid_t pid, const Process& process, int wait_status) {
  // Only what the parent has yet to say can come late: what the child said
  // came before its end.
  if (pid == root_) return;
  tombstones_[pid] = {process.parent,     wait_status,
                      process.Nameless(), process.forked_by_parent,
                      process.fork_proof,
                      /*waited=*/false};
  tombstone_order_.push_back(pid);
  if (tombstone_order_.size() > kMaxTombstones) {
    tombstones_.erase(tombstone_order_.front());
    tombstone_order_.pop_front();
  }
}

absl::optional<int> Merge::TakeStatusFor(const Process& process,
                                         Process* parent) {
  if (!process.Nameless() || parent->offspring().unclaimed_statuses.empty()) {
    return absl::nullopt;
  }
  std::vector<int>& statuses = parent->mutable_offspring()->unclaimed_statuses;
  auto found = statuses.end();
  if (process.exit_code) {
    found = absl::c_find(statuses, W_EXITCODE(*process.exit_code, 0));
  }
  if (found == statuses.end()) {
    // It may have been killed all the same. Its own are the only clues.
    const auto fits = [&](int status) {
      return !process.exit_code || WIFSIGNALED(status);
    };
    if (absl::c_count_if(statuses, fits) != 1) return absl::nullopt;
    found = absl::c_find_if(statuses, fits);
  }
  const int status = *found;
  statuses.erase(found);
  return status;
}

void Merge::CheckExec(pid_t pid, Process* process, absl::string_view path) {
  if (process->pending_exec->path.empty()) return;
  if (CleanPath(process->pending_exec->path) == CleanPath(path)) return;
  // Of a script and by other names of it, another path may mean the same image;
  // but one that cannot be traced was there and has executed this one.
  const Host::Image image = host_->InspectImage(process->pending_exec->path);
  if (image.path != path && !image.obstacle.empty()) {
    ExecWasUntraced(pid, process, /*ended=*/false);
  }
}

void Merge::ExecWasUntraced(pid_t pid, Process* process, bool ended) {
  Host::Image image;
  const std::string& path = process->pending_exec->path;
  if (path.empty() || IsRemoved(path)) {
    process->image.Set(NameOfProgram(pid, path));
  } else {
    image = host_->InspectImage(path);
    process->image.Set(operands_.Absolute("", "", image.path));
  }
  log_->Exec(pid, process->image.view());
  const int32_t flags = process->pending_exec->flags;
  process->pending_exec.reset();
  process->untraced = true;
  ++untraced_;
  const absl::string_view reason =
      flags & wire::kHandedOver    ? "handed over to another filemon session"
      : flags & wire::kUnreachable ? "libfilemon.so is out of its reach"
      : flags & wire::kOnlyLists
          ? "lists its libraries, which it reads, and does not run"
      : !image.obstacle.empty() ? absl::string_view(image.obstacle)
      : ended                   ? "ended before libfilemon.so was loaded"
                                : "libfilemon.so was not loaded";
  log_->Comment(
      absl::StrCat("untraced ", pid, " ", process->image.view(), ": ", reason));
}

}  // namespace filemon
