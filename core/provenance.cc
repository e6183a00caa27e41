#include "core/provenance.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"

namespace filemon {

using wire::Kind;

namespace {

// Of a process: more are not the work of execs that a fork could have missed.
constexpr size_t kMaxPast = 8;

// Of all processes that have ended.
constexpr size_t kMaxRecent = 4096;

// Far less than what pids take to come round.
constexpr size_t kMaxEnded = 1024;

// Linux names them so everywhere: qemu-x86_64, qemu-arm-static.
bool IsEmulator(absl::string_view path) {
  return absl::StartsWith(path.substr(path.rfind('/') + 1), "qemu-");
}

}  // namespace

void Provenance::Root(pid_t pid) {
  Speaker& speaker = speakers_[pid];
  speaker.is_root = true;
  speaker.exec_announced = true;
  speaker.vouched = true;
}

void Provenance::Attach(pid_t pid) {
  Root(pid);
  // It may run another image by the time its first record is read.
  const auto now = host_->ProofOf(pid);
  if (!now) return;
  Speaker& speaker = speakers_[pid];
  speaker.exec_announced = false;
  speaker.started = true;
  AddProof(&speaker, *now);
}

// ---- Checking ---------------------------------------------------------------

Provenance::Word Provenance::Check(const Record& record, bool ended) {
  const Speaker* speaker = speakers_.Find(record.pid);
  // A child may speak of a parent that has ended since.
  if (record.kind == Kind::kFork) return CheckFork(speaker, record, ended);
  if (ended) speaker = nullptr;
  switch (record.kind) {
    case Kind::kStart:
      return CheckStart(speaker, record);
    case Kind::kChildEnded:
      return CheckChildEnded(speaker, record);
    default:
      return CheckSpeech(speaker, record.pid, record.proof, false);
  }
}

Provenance::Word Provenance::CheckUnknownProof(const Speaker* speaker,
                                               pid_t pid, uint32_t proof,
                                               bool of_the_dead) {
  // Its start may be lost, or it is a fork that nobody has told of.
  if (const auto now = host_->ProofOf(pid)) {
    return *now == proof ? Word::kConfirmed : Word::kForged;
  }
  const bool possible =
      speaker != nullptr ? speaker->proofs.empty() : images_.contains(proof);
  if (!possible || host_->IsStranger(pid)) return Word::kForged;
  // Of its own pid namespace we cannot ask.
  if (speaker != nullptr || of_the_dead || pid >= wire::kPidLimit) {
    return Word::kBelieved;
  }
  if (!host_->Gone(pid)) return Word::kBelieved;
  // An orphan of the session's, which is ours to reap.
  return host_->IsOrphan(pid) ? Word::kBelieved : Word::kForged;
}

Provenance::Word Provenance::CheckStart(const Speaker* speaker,
                                        const Record& record) {
  const auto now = host_->ProofOf(record.pid);
  if (now && *now == record.proof) return Word::kConfirmed;
  if (speaker == nullptr) {
    const bool dead = ended_.contains(record.pid) && host_->Gone(record.pid);
    if (dead || host_->IsStranger(record.pid)) return Word::kForged;
    // Alive, and on to another image already?
    return now ? Word::kDoubtful : Word::kBelieved;
  }
  if (Contains(speaker->proofs, record.proof)) return Word::kBelieved;
  if (now) {
    if (!Contains(speaker->proofs, *now)) return Word::kDoubtful;
    // An emulated program has random bytes of the emulator's making.
    return host_->Emulates(record.pid) ? Word::kBelieved : Word::kForged;
  }
  // It has ended. A spawned process may start before its parent has told of the
  // exec.
  if (speaker->exec_announced || (speaker->spawned && !speaker->started)) {
    return Word::kBelieved;
  }
  // An exec by a system call that nobody saw is less likely than a lie.
  return speaker->emulates ? Word::kDoubtful : Word::kForged;
}

Provenance::Word Provenance::CheckFork(const Speaker* speaker,
                                       const Record& record, bool child_ended) {
  const bool by_child = record.b == wire::kSaidByChild;
  const bool proven =
      (by_child && speaker != nullptr &&
       Contains(speaker->past, record.proof)) ||
      CheckSpeech(speaker, record.pid, record.proof, by_child) != Word::kForged;
  if (!proven) return Word::kForged;
  // Of a process that has ended only its own parent speaks late; anybody else
  // must show that the pid is in use again.
  const Speaker* child = speakers_.Find(record.a);
  const bool possible =
      child_ended ? (child != nullptr && child->parent == record.pid) ||
                        host_->ParentOf(record.a) == record.pid ||
                        host_->ProofOf(record.a) == record.proof
                  : MayHaveForked(record.pid, record.a, record.proof);
  return possible ? Word::kBelieved : Word::kForged;
}

Provenance::Word Provenance::CheckChildEnded(const Speaker* speaker,
                                             const Record& record) {
  if (!MayReap(record.pid, record.a)) return Word::kForged;
  return CheckSpeech(speaker, record.pid, record.proof, false);
}

bool Provenance::MayHaveForked(pid_t parent, pid_t child, uint32_t proof) {
  const Speaker* known = speakers_.Find(child);
  if (known != nullptr) {
    if (known->is_root) return false;
    if (known->parent == parent || known->parent == 0) return true;
    // Its next owner, then, if there is one.
    return host_->ProofOf(child) == proof;
  }
  const pid_t parent_now = host_->ParentOf(child);
  if (parent_now == parent) return true;
  if (parent_now == 0) {
    const auto ended = ended_.find(child);
    return ended == ended_.end() || ended->second == parent ||
           child >= wire::kPidLimit;
  }
  // An orphan since, or made by CLONE_PARENT.
  return (speakers_.Find(parent_now) == nullptr && !host_->IsStranger(child)) ||
         host_->ProofOf(child) == proof;
}

bool Provenance::MayReap(pid_t parent, pid_t child) {
  const Speaker* known = speakers_.Find(child);
  if (known == nullptr) return !host_->IsStranger(child);
  // An orphan has other parents.
  return known->parent == parent ||
         (!known->is_root && speakers_.Find(known->parent) == nullptr);
}

// ---- Learning ---------------------------------------------------------------

void Provenance::Learn(const Record& record, Word word) {
  switch (record.kind) {
    case Kind::kStart:
      return LearnStart(record, word);
    case Kind::kFork:
      return LearnFork(record);
    case Kind::kExec:
      LearnExec(record);
      break;
    default:
      break;
  }
  Speaker& speaker = speakers_[record.pid];
  AddProof(&speaker, record.proof);
  if (word == Word::kConfirmed) speaker.vouched = true;
  if (record.kind == Kind::kExecFailed) speaker.exec_announced = false;
}

bool Provenance::IsRepeated(const Record& fork) const {
  const Speaker* child = speakers_.Find(fork.a);
  if (child == nullptr) return false;
  const absl::optional<uint32_t>& said = fork.b != wire::kSaidByChild
                                             ? child->forked_by_parent
                                             : child->forked_by_child;
  return said && *said != fork.proof && child->parent == fork.pid;
}

void Provenance::LearnStart(const Record& record, Word word) {
  const bool is_new = speakers_.Find(record.pid) == nullptr;
  Speaker* const speaker = &speakers_[record.pid];
  Speaker* const parent = speakers_.Find(record.a);
  if (is_new) {
    speaker->parent = record.a;
    if (parent != nullptr) {
      if (word == Word::kConfirmed) parent->silent = true;
      speaker->vouched = parent->silent;
    }
  }
  if (speaker->exec_announced && word == Word::kConfirmed) {
    RetireProofs(speaker);
  }
  AddProof(speaker, record.proof);
  // The program that it emulates is none itself.
  if (word != Word::kDoubtful) speaker->emulates = IsEmulator(record.names[0]);
  speaker->started = true;
  speaker->exec_announced = false;
  if (word == Word::kConfirmed) {
    speaker->vouched = true;
    speaker->doubtful.reset();
  } else if (word == Word::kDoubtful) {
    speaker->doubtful = record.proof;
  }
}

void Provenance::LearnFork(const Record& record) {
  const bool by_parent = record.b != wire::kSaidByChild;
  Speaker* child = &speakers_[record.a];
  if ((by_parent ? child->forked_by_parent : child->forked_by_child) ==
      record.proof) {
    // The pid is in use again.
    Forget(record.a);
    child = &speakers_[record.a];
  }
  (by_parent ? child->forked_by_parent : child->forked_by_child) = record.proof;
  child->parent = record.pid;
  child->vouched = true;
  if (record.b == wire::kSaidOfSpawn) child->spawned = true;
  AddProof(child, record.proof);
}

void Provenance::LearnExec(const Record& record) {
  Speaker& speaker = speakers_[record.pid];
  if (record.a & wire::kSaidOfSpawned) {
    if (!speaker.started) speaker.exec_announced = true;
    return;
  }
  speaker.exec_announced = true;
  // An image that was gone when the kernel was asked, and here is why.
  if (speaker.doubtful == record.proof) speaker.doubtful.reset();
}

void Provenance::Vouch(pid_t pid) {
  if (Speaker* speaker = speakers_.Find(pid)) speaker->vouched = true;
}

void Provenance::Reaped(pid_t pid) { speakers_[pid].vouched = true; }

absl::string_view Provenance::Objection(pid_t pid) const {
  const Speaker* speaker = speakers_.Find(pid);
  if (speaker == nullptr) return "";
  if (!speaker->vouched) return "nobody else has told of this process";
  if (speaker->doubtful) return "nobody else has told of its last E";
  return "";
}

void Provenance::AddNewProof(Speaker* speaker, uint32_t proof) {
  speaker->proofs.push_back(proof);
  ++images_[proof];
}

void Provenance::RetireProofs(Speaker* speaker) {
  Proofs& past = speaker->past;
  for (const uint32_t proof : speaker->proofs) {
    past.push_back(proof);
    ForgetImage(proof);
  }
  speaker->proofs.clear();
  if (past.size() > kMaxPast) past.erase(past.begin(), past.end() - kMaxPast);
}

void Provenance::ForgetImage(uint32_t proof) {
  recent_.push_back(proof);
  if (recent_.size() <= kMaxRecent) return;
  const auto oldest = images_.find(recent_.front());
  recent_.pop_front();
  if (--oldest->second == 0) images_.erase(oldest);
}

void Provenance::Forget(pid_t pid) {
  const Speaker* speaker = speakers_.Find(pid);
  if (speaker == nullptr) return;
  for (const uint32_t proof : speaker->proofs) ForgetImage(proof);
  ended_[pid] = speaker->parent;
  ended_order_.push_back(pid);
  if (ended_order_.size() > kMaxEnded) {
    ended_.erase(ended_order_.front());
    ended_order_.pop_front();
  }
  speakers_.Erase(pid);
}

}  // namespace filemon
