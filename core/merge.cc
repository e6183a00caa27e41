#include "core/merge.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/paths.h"
#include "core/stamp.h"

namespace filemon {

using wire::Kind;

namespace {

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

// Processes that have said who they are and nothing else: most go on in the
// same write.
constexpr size_t kMaxIntroductions = 1024;
// Of each: what stands between a process and the one whose environment it has.
constexpr size_t kMaxAncestors = 64;

// The pid of a namespace's init (pid_namespaces(7)).
constexpr pid_t kInit = 1;

template <typename T>
void Erase(std::vector<T>* elements, T element) {
  elements->erase(std::remove(elements->begin(), elements->end(), element),
                  elements->end());
}

// Linux names them so everywhere: qemu-x86_64, qemu-arm-static.
bool IsEmulator(absl::string_view path) {
  return absl::StartsWith(LastComponent(path), "qemu-");
}

ProcessKey NamedProcess(const Record& record) {
  return KeyOf(record.a, static_cast<uint32_t>(record.b));
}

}  // namespace

// A record, or a known end, that waits.
struct Merge::Event {
  Event(ProcessKey process, absl::optional<int> wait_status)
      : is_end(true), process(process), wait_status(wait_status) {}
  explicit Event(const Record& source) : record(source) {
    for (int i = 0; i < wire::kMaxNames; ++i) {
      names[i] = std::string(source.names[i]);
    }
  }

  bool is_end = false;
  ProcessKey process = 0;
  absl::optional<int> wait_status;
  Record record;  // but its names
  std::string names[wire::kMaxNames];
};

// The records of a process that posix_spawn() has made, and of its descendants,
// while its parent has not finished telling what the file actions did.
struct Merge::Hold {
  ProcessKey parent;
  uint32_t life;  // of the child
  std::deque<Event> events;
  std::vector<ProcessKey> members;
};

Merge::Merge(PathStyle paths, Host* host, LogWriter* log,
             uint32_t own_namespace)
    : host_(host),
      log_(log),
      operands_(paths, host, log),
      namespaces_(own_namespace) {}

Merge::~Merge() = default;

void Merge::Root(pid_t pid, uint32_t life, absl::string_view path,
                 absl::string_view cwd) {
  root_ = KeyOf(pid, life);
  Process& process = table_.Add(root_, pid, {0, pid});
  directories_.Enter(cwd, &process.cwd);
  process.pending_exec.reset(new Process::Exec{JoinPath(cwd, path), 0});
  process.vouched = true;
  ++alive_;
  ++processes_;
}

void Merge::Attach(pid_t pid, absl::string_view path, absl::string_view cwd) {
  root_ = KeyOf(pid, MakeLife());
  Process& process = table_.Add(root_, pid, {0, pid});
  directories_.Enter(cwd, &process.cwd);
  process.image.Set(path);
  process.vouched = true;
  process.life_is_unknown = true;
  ++alive_;
  ++processes_;
}

void Merge::Accept(const Record& record) {
  // Hardly ever is anything held back.
  const bool may_be_held = !spawns_.empty() || !held_.empty();
  if (!may_be_held || !HeldBack(record)) Apply(record);
}

void Merge::Refuse(const Record& record) {
  ++refused_;
  if (impersonated_.size() == kMaxImpersonated) return;
  if (impersonated_.insert(record.pid).second) {
    log_->Comment(absl::StrCat("refused records of ", record.pid,
                               ": another process has this number"));
  }
}

void Merge::Ended(ProcessKey key, absl::optional<int> wait_status) {
  const auto held = held_.find(key);
  if (held != held_.end()) {
    HoldBack(held->second, key, Event(key, wait_status));
  } else if (Process* process = table_.Find(key)) {
    Ended(process, wait_status);
  }
}

void Merge::Finish() {
  while (!holds_.empty()) Release(&holds_.front());
  if (root_waits_ && Alive(root_)) Ended(table_.Find(root_), absl::nullopt);

  for (const ProcessKey key : table_.Keys()) {
    Process* const process = table_.Find(key);
    if (process == nullptr) continue;  // buried together with its parent
    if (process->ended) {
      Bury(key, absl::nullopt);
      continue;
    }
    if (process->pending_exec) ExecWasUntraced(process, absl::nullopt);
    log_->Comment(
        absl::StrCat("running ", process->number, " ", process->image.view()));
  }
  if (refused_ > 0) {
    log_->Comment(absl::StrCat("refused ", refused_, " records in all"));
  }
}

bool Merge::Alive(ProcessKey key) const {
  const Process* const process = table_.Find(key);
  return process != nullptr && !process->ended;
}

absl::optional<ProcessKey> Merge::Find(pid_t pid, uint64_t time) const {
  const Process* const process = table_.At({0, pid});
  if (process == nullptr || process->number != pid) return absl::nullopt;
  // Clocks may differ: only if there was another can it be that.
  if (process->born > time && table_.EndedAt({0, pid}) != nullptr) {
    return absl::nullopt;
  }
  return process->key;
}

pid_t Merge::NumberOf(uint32_t pid_namespace, pid_t pid) {
  const Place place = {namespaces_.SpaceOf(pid_namespace), pid};
  if (const Process* const process = table_.At(place)) return process->number;
  if (const Tombstone* const ended = table_.EndedAt(place)) {
    return ended->number;
  }
  return namespaces_.Number(place.space, pid);
}

std::vector<Merge::Sighting> Merge::TakeAppeared() {
  std::vector<Sighting> sightings;
  for (const ProcessKey key : std::exchange(appeared_, {})) {
    const Process* const process = table_.Find(key);
    if (process == nullptr || process->ended) continue;
    sightings.push_back(
        {key, process->number, process->parent_number, process->born});
  }
  return sightings;
}

std::vector<ProcessKey> Merge::TakeEnded() { return std::exchange(ended_, {}); }

// ---- Holding back -----------------------------------------------------------

bool Merge::HeldBack(const Record& record) {
  const ProcessKey key = KeyOf(record.pid, record.life);
  const auto own = held_.find(key);
  if (own != held_.end()) {
    // What a file action did is the parent's word.
    const bool by_parent =
        (record.kind == Kind::kOpen || record.kind == Kind::kChdir) &&
        (record.a & wire::kByFileAction) != 0;
    if (by_parent) return false;
    // A child of a process that is held back is held back with it.
    const bool forks = record.kind == Kind::kFork && record.b != 0;
    HoldBack(own->second, forks ? NamedProcess(record) : key, Event(record));
    return true;
  }
  Hold* const named = HoldNamedBy(record);
  if (named != nullptr) {
    HoldBack(named, key, Event(record));
    return true;
  }
  const auto spawn = spawns_.find(record.life);
  if (spawn == spawns_.end() ||
      (record.kind != Kind::kStart && record.kind != Kind::kDescends)) {
    return false;
  }
  holds_.push_back({spawn->second, record.life, {}, {}});
  HoldBack(&holds_.back(), key, Event(record));
  return true;
}

Merge::Hold* Merge::HoldNamedBy(const Record& record) {
  switch (record.kind) {
    case Kind::kForked:
    case Kind::kDescends: {
      const auto named = held_.find(NamedProcess(record));
      return named != held_.end() ? named->second : nullptr;
    }
    case Kind::kChildEnded:
    case Kind::kTraceeEnded:
      for (Hold& hold : holds_) {
        for (const ProcessKey member : hold.members) {
          if (PidOf(member) == record.a) return &hold;
        }
      }
      return nullptr;
    default:
      return nullptr;
  }
}

void Merge::HoldBack(Hold* hold, ProcessKey process, Event event) {
  const bool is_news_of_another =
      !event.is_end && (event.record.kind == Kind::kChildEnded ||
                        event.record.kind == Kind::kTraceeEnded);
  if (!is_news_of_another && held_.emplace(process, hold).second) {
    hold->members.push_back(process);
  }
  hold->events.push_back(std::move(event));
  if (hold->events.size() == kMaxHeldEvents) Release(hold);
}

void Merge::Release(Hold* hold) {
  for (const ProcessKey process : hold->members) held_.erase(process);
  spawns_.erase(hold->life);
  const std::deque<Event> events = std::move(hold->events);
  holds_.remove_if([hold](const Hold& h) { return &h == hold; });
  for (const Event& event : events) {
    if (event.is_end) {
      Ended(event.process, event.wait_status);
      continue;
    }
    Record record = event.record;
    for (int i = 0; i < wire::kMaxNames; ++i) record.names[i] = event.names[i];
    Apply(record);
  }
}

void Merge::ReleaseChildrenOf(Process* parent) {
  if (parent->its_offspring == nullptr) return;
  const ProcessKey key = parent->key;
  for (const uint32_t life : parent->its_offspring->spawns) {
    spawns_.erase(life);
  }
  parent->its_offspring->spawns.clear();
  for (bool again = true; again;) {
    again = false;
    for (Hold& hold : holds_) {
      if (hold.parent != key) continue;
      Release(&hold);
      again = true;
      break;
    }
  }
}

// ---- Records ----------------------------------------------------------------

void Merge::Apply(const Record& record) {
  switch (record.kind) {
    case Kind::kStart:
      return OnStart(record);
    case Kind::kExec:
      return OnExec(record);
    case Kind::kFork:
      return OnFork(record);
    case Kind::kForked:
      return OnForked(record);
    case Kind::kEntered:
    case Kind::kDescends:
    case Kind::kAncestor:
    case Kind::kFoundLife:
      return OnIntroduction(record);
    case Kind::kFragment:
      return;  // The intake's business.
    default:
      break;
  }

  Process* const process = Speaker(record);
  if (ABSL_PREDICT_FALSE(process == nullptr)) return Refuse(record);
  const pid_t number = process->number;
  switch (record.kind) {
    case Kind::kOpen:
    case Kind::kUnlink:
    case Kind::kLink:
    case Kind::kSymlink:
      WriteNames(record, *process);
      break;
    case Kind::kRename:
      WriteNames(record, *process);
      FollowRename(record, *process);
      break;
    case Kind::kChdir:
      OnChdir(record, process);
      break;
    case Kind::kExecFailed:
      process->pending_exec.reset();
      break;
    case Kind::kExit:
      process->exit_code = record.a;
      if (process->key == root_ && record.b == wire::kWaitsForLog) {
        root_waits_ = true;
      }
      break;
    case Kind::kChildEnded:
      OnChildEnded(record, process);
      break;
    case Kind::kTraceeEnded:
      OnTraceeEnded(record, *process);
      break;
    case Kind::kSomeChildEnded:
      OnSomeChildEnded(record, process);
      break;
    case Kind::kLeft:
      process->untraced = true;
      ++untraced_;
      log_->Comment(absl::StrCat("untraced ", number, " ",
                                 process->image.view(),
                                 ": handed over to another filemon session"));
      break;
    case Kind::kSpawnBegin:
      process->mutable_offspring()->spawns.push_back(
          static_cast<uint32_t>(record.a));
      spawns_[static_cast<uint32_t>(record.a)] = process->key;
      break;
    case Kind::kSpawnEnd:
      OnSpawnEnd(record, process);
      break;
    case Kind::kUnseen:
      log_->Comment(
          absl::StrCat("unseen ", number, " ", record.names[0], ": ",
                       record.a == wire::kWithoutLibc
                           ? "makes system calls without libc (Go)"
                       : record.a == wire::kOtherNamespace
                           ? "loaded into a namespace of its own (dlmopen)"
                           : "bound to libc by RTLD_DEEPBIND"));
      break;
    case Kind::kLost:
      lost_ += record.a;
      log_->Comment(absl::StrCat("lost ", record.a, " records of ", number));
      break;
    default:
      break;
  }
}

void Merge::WriteNames(const Record& record, const Process& process) {
  const absl::string_view cwd = process.cwd.path();
  if (ABSL_PREDICT_TRUE(record.pid == process.number)) {
    return operands_.Write(record, cwd);
  }
  Record numbered = record;
  numbered.pid = process.number;
  operands_.Write(numbered, cwd);
}

void Merge::OnStart(const Record& record) {
  const ProcessKey key = KeyOf(record.pid, record.life);
  const Introduction introduction = TakeIntroduction(key);
  Process* process = table_.Find(key);
  if (process == nullptr) process = Recognise(record);
  if (process == nullptr) process = Introduce(record, introduction);
  if (process == nullptr) return Refuse(record);
  if (process->pending_exec) CheckExec(process, record.names[0]);
  process->started = true;
  process->untraced = false;
  process->pending_exec.reset();
  process->exit_code.reset();
  process->environment_of = key;
  if (record.names[1] != wire::kNoDirectory) {
    directories_.Enter(record.names[1], &process->cwd);
  }
  process->image.Set(NameOfProgram(process->number, record.names[0]));
  log_->Exec(process->number, process->image.view());
}

void Merge::OnExec(const Record& record) {
  Process* process;
  if (record.a & wire::kSaidOfSpawned) {
    // Late, if the new image has spoken, or has ended already.
    process = table_.Find(KeyOf(record.pid, record.life));
    if (process == nullptr || process->ended || process->started) return;
  } else {
    process = Speaker(record);
    if (process == nullptr) return Refuse(record);
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
    log_->Comment(
        absl::StrCat("unknown current directory of ", process->number));
  }
  if (!unknown(path) && !renamed) {
    log_->Chdir(process->number, operands_.Whole(path));
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
  Process* const parent = Speaker(record);
  if (parent == nullptr) return Refuse(record);
  const Place place = {parent->space, record.a};
  const auto life = static_cast<uint32_t>(record.b);
  const ProcessKey key = KeyOf(record.a, life);
  Process* child = life != 0 ? table_.Find(key) : nullptr;
  if (child == nullptr) {
    child = ToBeNamed(place, life, *parent);
    if (child != nullptr && life != 0) table_.AddKey(key, child);
  }
  if (child != nullptr) {
    child->forked_by_parent = true;
    child->vouched = true;
    if (table_.At(place) != child) {
      Vacate(place, record.stamp);
      table_.AddPlace(place, child);
    }
    return;
  }
  Tombstone* ended = life != 0 ? table_.FindEnded(key) : nullptr;
  if (ended == nullptr && life != 0) {
    // In a pid namespace that its parent does not see into.
    Tombstone* const elsewhere = table_.EndedElsewhere(life);
    const bool is_child = elsewhere != nullptr &&
                          elsewhere->parent == parent->key &&
                          !elsewhere->forked_by_parent;
    if (is_child) {
      ended = elsewhere;
      table_.AddPlace(place, ended);
    }
  }
  if (ended == nullptr) {
    Tombstone* const last = table_.EndedAt(place);
    const bool is_unnamed = last != nullptr && last->parent == parent->key &&
                            !last->forked_by_parent &&
                            (life == 0 || last->forked_by_child);
    if (is_unnamed && table_.At(place) == nullptr) ended = last;
  }
  if (ended != nullptr) {
    ended->forked_by_parent = true;
    return;
  }
  if (Occupant(place, parent, record.stamp) != nullptr) return Refuse(record);
  Process& created =
      Appear(parent, KeyOf(record.a, life != 0 ? life : MakeLife()), place, {},
             record.stamp);
  created.life_is_unknown = life == 0;
  created.forked_by_parent = true;
  created.vouched = true;
}

Process* Merge::ToBeNamed(Place place, uint32_t life, const Process& maker) {
  Process* const there = table_.At(place);
  if (there != nullptr && there->parent == maker.key && !there->ended) {
    // Of libc's making it has no other name; its own may be of its own making,
    // as an atfork handler spoke before it could know its life.
    if (!there->forked_by_parent &&
        (life == 0 || there->forked_by_child || there->life_is_unknown)) {
      return there;
    }
    // The emulator and the program in it each have drawn one.
    if (IsEmulator(maker.image.view()) && life != 0) return there;
  }
  if (life == 0) return nullptr;
  // In a pid namespace that its parent does not see into.
  Process* const elsewhere = table_.OfLife(life);
  const bool is_child =
      elsewhere != nullptr && elsewhere->parent == maker.key &&
      elsewhere->space != place.space && !elsewhere->forked_by_parent;
  return is_child ? elsewhere : nullptr;
}

void Merge::OnForked(const Record& record) {
  const ProcessKey key = KeyOf(record.pid, record.life);
  Process* child = table_.Find(key);
  if (child == nullptr) child = Recognise(record);
  const Introduction introduction = TakeIntroduction(key);
  Process* const parent = FindOrRoot(NamedProcess(record));
  const Place place = PlaceOf(record);
  if (child == nullptr) {
    child = UnspokenAt(place, NamedProcess(record), record.stamp);
    if (child != nullptr) table_.AddKey(key, child);
  }
  if (child == nullptr) {
    if (table_.FindEnded(key) != nullptr) return;
    if (Occupant(place, parent, record.stamp) != nullptr) return Refuse(record);
    const Process* maker = parent;
    if (maker == nullptr) maker = Survivor(NamedProcess(record));
    child = &Appear(maker, key, place, introduction, record.stamp);
    child->vouched =
        parent != nullptr || table_.FindEnded(NamedProcess(record)) != nullptr;
  }
  child->forked_by_child = true;
}

Process* Merge::UnspokenAt(Place place, ProcessKey maker, uint64_t said) {
  Process* const there = table_.At(place);
  if (there == nullptr || there->ended) return nullptr;
  const Process* const parent = table_.Find(there->parent);
  // By the one key or the other.
  const bool is_makers = there->parent == maker ||
                         (parent != nullptr && parent == table_.Find(maker));
  if (!is_makers) return nullptr;
  if (!there->forked_by_child && !there->started) return there;
  // Two copies of the library in one process, as an emulator and the program in
  // it have, each have drawn a life.
  const bool is_emulated =
      parent != nullptr && IsEmulator(parent->image.view());
  const bool lives_on =
      !there->exit_code && Lives(*there, said != 0 ? said : UINT64_MAX);
  return is_emulated || lives_on ? there : nullptr;
}

void Merge::OnIntroduction(const Record& record) {
  const ProcessKey key = KeyOf(record.pid, record.life);
  if (introductions_.size() >= kMaxIntroductions) {
    introductions_.erase(introductions_.begin());
  }
  Introduction& said = introductions_[key];
  switch (record.kind) {
    case Kind::kEntered:
      said.outside = {namespaces_.SpaceOf(static_cast<uint32_t>(record.b)),
                      record.a};
      break;
    case Kind::kDescends:
      said.maker = NamedProcess(record);
      break;
    case Kind::kFoundLife:
      said.found_life = static_cast<uint32_t>(record.a);
      break;
    default:
      if (said.ancestors.size() < kMaxAncestors) {
        said.ancestors.emplace_back(record.a, record.b);
      }
      break;
  }
}

void Merge::OnChildEnded(const Record& record, Process* parent) {
  const Place place = {parent->space, record.a};
  Process* const child = table_.At(place);
  Tombstone* const last = table_.EndedAt(place);
  const bool is_of_last =
      last != nullptr && last->parent == parent->key && !last->waited;
  if (child != nullptr) {
    // The number has come round before this was said.
    const bool is_younger = record.stamp != 0 && child->born > record.stamp;
    if (is_of_last && is_younger) {
      last->waited = true;
      return;
    }
    // An orphan has other parents.
    const bool is_own = child->parent == parent->key;
    // Who lives there now may be the next that it has made.
    const bool may_be_next =
        is_own && !is_of_last && !is_younger && record.stamp != 0;
    const bool lives = Lives(*child, may_be_next ? record.stamp : UINT64_MAX);
    if (!lives && (is_own || !Alive(child->parent))) {
      return BuryWaited(child->key, record.b);
    }
    if (is_of_last) {
      last->waited = true;
      return;
    }
    log_->Comment(absl::StrCat("refused the word of ", parent->number, " that ",
                               child->number, " has ended"));
    return;
  }
  if (last != nullptr) {
    last->waited = true;
    return;
  }
  const ProcessKey key = KeyOf(record.a, MakeLife());
  Appear(parent, key, place, {}, record.stamp);
  BuryWaited(key, record.b);
}

void Merge::OnTraceeEnded(const Record& record, const Process& tracer) {
  Process* const process = table_.At({tracer.space, record.a});
  if (process == nullptr || Lives(*process)) return;
  if (process->ended) return Bury(process->key, record.b);
  process->tracers_word = record.b;
}

void Merge::OnSomeChildEnded(const Record& record, Process* parent) {
  const int status = record.b;
  const auto is_gone = [this](const Process& child) {
    return host_->Gone(child.key, child.number);
  };
  // A child that ended as it had announced, or else the only one that has ended
  // without a word. Of one that is merely gone the word may be in the pipe yet.
  std::vector<ProcessKey> fitting;
  for (const ProcessKey child_key : parent->offspring().nameless) {
    const Process& child = *table_.Find(child_key);
    if (!child.Nameless()) continue;
    if (child.exit_code && WIFEXITED(status)) {
      if (*child.exit_code != WEXITSTATUS(status)) continue;
      // The kernel may show the next child, which has its number.
      const bool is_over = child.ended || is_gone(child) ||
                           (record.stamp != 0 && !Lives(child, record.stamp));
      if (!is_over) continue;
      return BuryWaited(child_key, status);
    }
    const bool killed = WIFSIGNALED(status) && is_gone(child);
    if (child.ended || killed) fitting.push_back(child_key);
  }
  if (fitting.size() == 1) return BuryWaited(fitting.front(), status);

  // Perhaps the kernel was faster in telling us than the parent.
  bool told = false;
  table_.VisitEnded(kMaxLateStatuses, [&](Tombstone* tombstone) {
    if (tombstone->parent == parent->key && tombstone->nameless &&
        !tombstone->waited && tombstone->wait_status == status) {
      tombstone->waited = told = true;
    }
    return told;
  });
  if (told) return;
  // Or the machine shows the next child, which has the number of this one.
  if (WIFSIGNALED(status) && record.stamp != 0) {
    for (const ProcessKey child_key : parent->offspring().nameless) {
      const Process& child = *table_.Find(child_key);
      const bool may_be_gone = child.Nameless() && !child.exit_code &&
                               child.born <= record.stamp &&
                               !Lives(child, record.stamp);
      if (may_be_gone) fitting.push_back(child_key);
    }
    if (fitting.size() == 1) return BuryWaited(fitting.front(), status);
  }
  std::vector<int>& unclaimed = parent->mutable_offspring()->unclaimed_statuses;
  if (unclaimed.size() == kMaxUnclaimedStatuses) {
    unclaimed.erase(unclaimed.begin());
  }
  unclaimed.push_back(status);
}

void Merge::OnSpawnEnd(const Record& record, Process* parent) {
  const auto life = static_cast<uint32_t>(record.a);
  Erase(&parent->mutable_offspring()->spawns, life);
  spawns_.erase(life);
  for (Hold& hold : holds_) {
    if (hold.life == life) return Release(&hold);
  }
}

// ---- Who is who -------------------------------------------------------------

Process* Merge::Recognise(const Record& record) {
  const Place place = PlaceOf(record);
  const ProcessKey key = KeyOf(record.pid, record.life);
  if (place.space != 0) {
    // Its parent has named it as it sees it, or it has done so itself while it
    // was in its parent's memory.
    Process* const named = table_.OfLife(record.life);
    const bool has_come =
        named != nullptr && (named->started || (named->forked_by_child &&
                                                record.kind != Kind::kStart));
    if (named == nullptr || named->space == place.space || has_come) {
      return nullptr;
    }
    introductions_.erase(key);
    Vacate(place, record.stamp);
    table_.AddKey(key, named);
    table_.Move(place, named);
    return named;
  }
  Process* const root = FindOrRoot(key);
  return root;
}

Process* Merge::FindOrRoot(ProcessKey key) {
  if (Process* const process = table_.Find(key)) return process;
  Process* const root = table_.Find(root_);
  if (root == nullptr || !root->life_is_unknown || root->number != PidOf(key)) {
    return nullptr;
  }
  table_.SetLife(key, root);
  return root;
}

Process* Merge::MakeKnown(const Record& record) {
  if (Process* const known = Recognise(record)) return known;
  const ProcessKey key = KeyOf(record.pid, record.life);
  const Place place = PlaceOf(record);
  Introduction introduction = TakeIntroduction(key);
  // An orphan that had not spoken before its parent ended.
  Process* const there = table_.At(place);
  if (there != nullptr && there->life_is_unknown && !there->started &&
      !there->ended) {
    table_.SetLife(key, there);
    return there;
  }
  if (Occupant(place, nullptr, record.stamp) != nullptr) return nullptr;
  if (place.space == 0 && host_->Precedes(place.pid)) return nullptr;
  // If its parent cannot be asked for any more, the root is an ancestor at
  // least.
  Process* parent = FindOrRoot(introduction.maker);
  if (place.space == 0) {
    if (parent != nullptr) AskForAncestors(*parent, record.pid, &introduction);
    Record asked = record;
    asked.a = host_->ParentOf(record.pid);
    parent = MakerOf(asked, introduction, parent);
  }
  Process& made = Appear(parent != nullptr ? parent : table_.Find(root_), key,
                         place, introduction, record.stamp);
  made.vouched = introduction.maker != 0 && parent != nullptr;
  return &made;
}

Merge::Introduction Merge::TakeIntroduction(ProcessKey key) {
  if (introductions_.empty()) return {};
  const auto said = introductions_.find(key);
  if (said == introductions_.end()) return {};
  Introduction introduction = std::move(said->second);
  introductions_.erase(said);
  return introduction;
}

Process* Merge::Introduce(const Record& start,
                          const Introduction& introduction) {
  const ProcessKey key = KeyOf(start.pid, start.life);
  const Place place = PlaceOf(start);
  const uint32_t found_life = introduction.found_life;
  Process* maker = nullptr;
  if (found_life != 0) {
    // It is who it was meant for, or a descendant of that one.
    const ProcessKey meant = KeyOf(start.pid, found_life);
    if (Process* const itself = table_.Find(meant)) {
      table_.AddKey(key, itself);
      return itself;
    }
    maker = table_.OfLife(found_life);
  }
  Process* const there = table_.At(place);
  if (there != nullptr && IsNextImageOf(*there, start, introduction)) {
    table_.AddKey(key, there);
    there->life_is_unknown = false;
    return there;
  }
  // The kernel may show the next child of the same parent by now, which this
  // is.
  const bool may_be_next = there != nullptr && introduction.maker != 0 &&
                           there->parent == introduction.maker &&
                           start.stamp != 0 &&
                           (there->exit_code || !Lives(*there, start.stamp));
  if (there != nullptr && !there->ended && !may_be_next && Lives(*there)) {
    // The kernel shows what the image that runs there has been given.
    const absl::optional<Host::Handed> handed = host_->HandedTo(there->number);
    if (!handed || handed->pid != start.pid || handed->life != start.life) {
      return nullptr;
    }
    if (!there->exit_code &&
        host_->ParentOf(there->number) == there->parent_number) {
      table_.AddKey(key, there);
      return there;
    }
  }
  const bool was_found = maker != nullptr;
  if (!was_found) maker = FindOrRoot(introduction.maker);
  const bool vouched =
      maker != nullptr || table_.FindEnded(introduction.maker) != nullptr;
  if (!vouched && place.space == 0 && host_->Precedes(place.pid)) {
    return nullptr;
  }
  if (maker == nullptr) maker = Survivor(introduction.maker);
  maker = MakerOf(start, introduction, maker);
  // A child that nobody forked before our eyes: the announced exec of its
  // parent took place, and left nobody there to report the fork.
  if (maker != nullptr && maker->pending_exec) {
    ExecWasUntraced(maker, absl::nullopt);
  }
  Process& started = Appear(maker, key, place, introduction, start.stamp);
  started.vouched = vouched;
  // As long as its parent does not say what has become of it.
  if (found_life != 0 && !was_found) {
    table_.AddKey(KeyOf(start.pid, found_life), &started);
  }
  if (maker != nullptr) {
    maker->mutable_offspring()->nameless.push_back(key);
  }
  return &started;
}

bool Merge::IsNextImageOf(const Process& process, const Record& start,
                          const Introduction& introduction) {
  if (process.ended) return false;
  // A child that libc has made, or an orphan that had not spoken.
  if (process.life_is_unknown && !process.started) {
    return process.parent == introduction.maker || !process.forked_by_parent;
  }
  // By a system call that no wrapper saw. Who ends says so; who is killed and
  // succeeded by another child of the same process is not known to be dead yet.
  return introduction.maker != 0 && !process.exit_code &&
         process.environment_of == introduction.maker &&
         process.parent_number ==
             namespaces_.Number(PlaceOf(start).space, start.a) &&
         !host_->Gone(process.key, process.number);
}

Process* Merge::MakerOf(const Record& start, const Introduction& introduction,
                        Process* maker) {
  const uint32_t space = PlaceOf(start).space;
  const auto& ancestors = introduction.ancestors;
  if (maker != nullptr && !ancestors.empty()) {
    // Programs without us are in between.
    for (size_t i = ancestors.size(); i-- > 0;) {
      const Place place = {space, ancestors[i].first};
      Process* between = table_.At(place);
      if (between == nullptr || between->ended) {
        if (maker->pending_exec) ExecWasUntraced(maker, absl::nullopt);
        between = &Appear(maker, KeyOf(place.pid, MakeLife()), place, {},
                          start.stamp);
        between->life_is_unknown = between->untraced = between->vouched = true;
      }
      maker = between;
    }
    return maker;
  }
  Process* const parent = table_.At({space, start.a});
  if (parent == nullptr || parent->ended || parent == maker) return maker;
  // A fork of the maker has its environment, too. Else it is a subreaper, and
  // the maker's own child has become an orphan.
  const bool is_fork =
      introduction.maker != 0 && parent->environment_of == introduction.maker;
  return maker == nullptr || is_fork ? parent : maker;
}

void Merge::AskForAncestors(const Process& maker, pid_t pid,
                            Introduction* introduction) {
  auto& ancestors = introduction->ancestors;
  for (pid_t next = host_->ParentOf(pid); next != maker.number;) {
    const pid_t child = next;
    next = host_->ParentOf(child);
    if (next <= kInit || ancestors.size() == kMaxAncestors) {
      ancestors.clear();
      return;
    }
    ancestors.emplace_back(child, next);
  }
}

Process* Merge::Survivor(ProcessKey key) {
  // Nothing of a process comes after its X.
  for (int steps = 0; steps < 100; ++steps) {
    const Tombstone* const ended = table_.FindEnded(key);
    if (ended == nullptr) break;
    key = ended->parent;
    if (Process* const process = table_.Find(key)) return process;
  }
  return table_.Find(root_);
}

bool Merge::Lives(const Process& process, uint64_t said) const {
  // Nobody but us can know of the root's end.
  return IsRoot(process)
             ? !process.ended
             : host_->Lives(process.key, process.number, process.parent_number,
                            process.born, said);
}

Process* Merge::Occupant(Place place, const Process* maker, uint64_t said) {
  Process* const there = table_.At(place);
  if (there == nullptr || there->ended) return nullptr;
  // Who has said that it exits may have, before the machine was looked at.
  const bool may_be_gone = there->exit_code && said != 0;
  if (!Lives(*there, may_be_gone ? said : UINT64_MAX)) return nullptr;
  if (maker == nullptr) return there;
  // Who has made both knows; and the kernel, which child has the number now.
  if (there->parent == maker->key) return nullptr;
  return host_->ParentOf(there->number) == maker->number ? nullptr : there;
}

// ---- Processes --------------------------------------------------------------

Process& Merge::Appear(const Process* parent, ProcessKey key, Place place,
                       const Introduction& introduction, uint64_t born) {
  const ProcessKey parent_key = parent != nullptr ? parent->key : 0;
  const pid_t parent_number = parent != nullptr ? parent->number : PidOf(root_);
  const Place outside = introduction.outside;
  const pid_t number = outside.pid != 0
                           ? namespaces_.Number(outside.space, outside.pid)
                           : namespaces_.Number(place.space, place.pid);
  Vacate(place, born);
  Vacate({0, number}, born);
  if (outside.pid != 0) Vacate(outside, born);
  // Whoever had the place may have taken the parent along.
  parent = table_.Find(parent_key);

  Process& process = table_.Add(key, number, place);
  if (outside.pid != 0 && outside.space != 0) {
    table_.AddPlace(outside, &process);
  }
  process.parent = parent_key;
  process.parent_number = parent_number;
  process.born = born;
  if (parent != nullptr) {
    process.cwd = parent->cwd;
    process.image = parent->image;
    process.environment_of = parent->environment_of;
  }
  appeared_.push_back(key);
  ++alive_;
  ++processes_;
  log_->Fork(parent_number, number);
  return process;
}

void Merge::Vacate(Place place, uint64_t born) {
  Process* const there = table_.At(place);
  if (there == nullptr) return;
  absl::optional<int> status = host_->StatusOf(
      there->key, there->number, there->born, born != 0 ? born : UINT64_MAX);
  if (!status) status = there->tracers_word;
  Process* const parent = table_.Find(there->parent);
  if (!status && parent != nullptr) status = TakeStatusFor(*there, parent);
  Bury(there->key, status);
}

void Merge::Ended(Process* process, absl::optional<int> wait_status) {
  const ProcessKey key = process->key;
  if (process->ended) {
    if (wait_status) Bury(key, wait_status);
    return;
  }
  if (!wait_status) wait_status = process->tracers_word;
  Process* const parent = table_.Find(process->parent);
  if (parent == nullptr) return Bury(key, wait_status);
  if (wait_status) {
    if (process->Nameless()) {
      std::vector<int>& unclaimed =
          parent->mutable_offspring()->unclaimed_statuses;
      const auto same = absl::c_find(unclaimed, *wait_status);
      if (same != unclaimed.end()) unclaimed.erase(same);
    }
    return Bury(key, wait_status);
  }
  wait_status = TakeStatusFor(*process, parent);
  const bool parent_may_tell =
      !parent->ended && !parent->untraced && !parent->pending_exec;
  if (wait_status || !parent_may_tell) return Bury(key, wait_status);

  std::vector<ProcessKey>& untold = parent->mutable_offspring()->ended;
  if (untold.size() == kMaxUntoldEnds) {
    // That may end others, these two among them.
    Bury(untold.front(), absl::nullopt);
    return Ended(key, absl::nullopt);
  }
  process->ended = true;
  untold.push_back(key);
  Gone(process, absl::nullopt);
  EndNamespaces(process->places);
}

void Merge::Gone(Process* process, absl::optional<int> wait_status) {
  AdoptOrphans(process, wait_status);
  ended_.push_back(process->key);
  --alive_;
}

void Merge::EndNamespaces(absl::Span<const Place> places) {
  std::vector<uint32_t> spaces;
  for (const Place place : places) {
    if (place.space != 0 && place.pid == kInit) spaces.push_back(place.space);
  }
  for (const uint32_t space : spaces) {
    for (const ProcessKey key : table_.KeysIn(space)) {
      if (Alive(key)) Ended(key, absl::nullopt);
    }
    namespaces_.Ended(space);
  }
}

// A signal can end a process between its fork and its report; an untraced
// process never reports.
void Merge::AdoptOrphans(Process* process, absl::optional<int> wait_status) {
  // After the root nobody is left whose they could be.
  if (!IsRoot(*process) && wait_status && WIFEXITED(*wait_status) &&
      !process->untraced) {
    return;
  }
  if (std::exchange(orphans_taken_, true)) return;
  for (const pid_t orphan : host_->Orphans()) {
    const Place place = {0, orphan};
    // A tombstone: it has ended, and is not reaped yet.
    if (table_.At(place) != nullptr || table_.EndedAt(place) != nullptr ||
        host_->IsCollector(orphan)) {
      continue;
    }
    Process& adopted =
        Appear(process, KeyOf(orphan, MakeLife()), place, {}, Stamp());
    adopted.life_is_unknown = true;
    adopted.vouched = true;
  }
}

void Merge::Bury(ProcessKey key, absl::optional<int> wait_status) {
  Process* process = table_.Find(key);
  if (process == nullptr) return;
  key = process->key;
  ReleaseChildrenOf(process);
  process = table_.Find(key);
  // What was held back may have been the news of the same end.
  if (process == nullptr) return;
  if (wait_status) process->vouched = true;
  const std::vector<ProcessKey> untold = process->offspring().ended;
  for (const ProcessKey child_key : untold) {
    const Process* const child = table_.Find(child_key);
    if (child == nullptr) continue;
    Bury(child_key, TakeStatusFor(*child, process));
    process = table_.Find(key);
    if (process == nullptr) return;  // the same, of what the child held back
  }

  if (process->pending_exec) ExecWasUntraced(process, wait_status.value_or(0));
  if (!process->ended) {
    // It has no end but this one, whatever comes of it.
    process->ended = true;
    Gone(process, wait_status);
  }
  if (Process* const parent = table_.Find(process->parent)) {
    if (Offspring* const offspring = parent->its_offspring.get()) {
      Erase(&offspring->ended, key);
      Erase(&offspring->nameless, key);
    }
  }
  const auto places = process->places;
  WriteExit(process, wait_status);
  EndNamespaces(places);
}

void Merge::BuryWaited(ProcessKey process, int wait_status) {
  Bury(process, wait_status);
  if (Tombstone* const ended = table_.FindEnded(process)) ended->waited = true;
}

void Merge::WriteExit(Process* process, absl::optional<int> wait_status) {
  const pid_t number = process->number;
  if (!process->vouched) {
    log_->Comment(absl::StrCat("unproven ", number, " ", process->image.view(),
                               ": nobody else has told of this process"));
  }
  if (!wait_status && process->exit_code) {
    wait_status = W_EXITCODE(*process->exit_code, 0);
  }
  if (!wait_status) {
    log_->Comment(absl::StrCat("unknown exit status of ", number));
    wait_status = 0;
  }
  log_->Exit(number, *wait_status);
  table_.Bury(process, *wait_status);
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

void Merge::CheckExec(Process* process, absl::string_view path) {
  if (process->pending_exec->path.empty()) return;
  if (CleanPath(process->pending_exec->path) == CleanPath(path)) return;
  // Of a script and by other names of it, another path may mean the same image;
  // but one that cannot be traced was there and has executed this one.
  const Host::Image image = host_->InspectImage(process->pending_exec->path);
  if (image.path != path && !image.obstacle.empty()) {
    ExecWasUntraced(process, absl::nullopt);
  }
}

bool Merge::HasRun(const Host::Image& image, int wait_status) {
  // Of a signal that comes when it likes, hardly any comes between the word and
  // the exec, which takes a hundred times as long. But a filter of system calls
  // (seccomp(2)) that lets no program start kills at the exec, which is the
  // first that it does not let pass.
  return !image.obstacle.empty() || !WIFSIGNALED(wait_status) ||
         WTERMSIG(wait_status) != SIGSYS;
}

void Merge::ExecWasUntraced(Process* process, absl::optional<int> ended) {
  const pid_t pid = process->number;
  const std::unique_ptr<const Process::Exec> exec =
      std::move(process->pending_exec);
  const bool has_name = !exec->path.empty() && !IsRemoved(exec->path);
  Host::Image image;
  if (has_name) image = host_->InspectImage(exec->path);
  if (ended && !HasRun(image, *ended)) return;
  if (has_name) {
    process->image.Set(operands_.Absolute("", "", image.path));
  } else {
    process->image.Set(NameOfProgram(pid, exec->path));
  }
  log_->Exec(pid, process->image.view());
  process->untraced = true;
  ++untraced_;
  const int32_t flags = exec->flags;
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
