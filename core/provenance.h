// Tells which records of a session were written by whom they claim to be from.
#ifndef FILEMON_CORE_PROVENANCE_H_
#define FILEMON_CORE_PROVENANCE_H_

#include <stdint.h>
#include <sys/types.h>

#include <deque>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/host.h"
#include "core/intake.h"
#include "core/pid_map.h"
#include "core/wire.h"

namespace filemon {

// Every process of a session can write into its pipe, and can write what it
// likes. So a record has a proof (wire::ProofOf()) that only the image it comes
// from, and forks of it, can know; and what this class knows is which proofs
// are good for which process:
//
// - A fork has the proof of its parent.
// - A new image has a new one. The kernel is asked whether it is that of the
//   process; if it cannot say, because the process has ended already, the
//   exec must have been announced with the old proof.
// - A process that nobody has told of (a child of system(), of a raw system
//   call, of an untraced process) may show by its first record, unless the
//   kernel says that it is another's. If it ends before the kernel or its
//   parent has told of it, it is Questionable().
//
// The limits: forks of one image can speak for one another, and a parent for
// the children that it forks until they exec. A process that reads the pipe
// (tee(2)), or looks into others' memory, can learn their proofs.
//
// Not thread-safe.
class Provenance {
 public:
  enum class Word {
    kForged,     // not of that process, or untrue
    kDoubtful,   // a start of an image that nobody can tell of any more
    kBelieved,   // nothing speaks against it
    kConfirmed,  // the kernel says so
  };

  // `host` outlives this object.
  explicit Provenance(Host* host) : host_(host) {}

  // The session's first process, which is about to run its image.
  void Root(pid_t pid);
  // The session's first process, which runs an image already.
  void Attach(pid_t pid);

  // Whom a record is about: of a kFork the child.
  static pid_t Subject(const Record& record) {
    return record.kind == wire::Kind::kFork ? record.a : record.pid;
  }

  // What to think of a record. `ended` says whether its Subject() is known to
  // have ended: what comes of it now must be of the pid's next owner.
  Word Check(const Record& record, bool ended);

  // Whether a kFork that was not forged has been said before by the same side,
  // with another proof: an emulator and the program in it both say so. The same
  // proof means that the pid is in use again.
  bool IsRepeated(const Record& fork) const;

  // Takes note of a record that was not forged, and for which Check() had
  // `word`, after all else has been done about it.
  void Learn(const Record& record, Word word);

  // Somebody who cannot lie, or need not be asked for more, has told that `pid`
  // is a process of the session.
  void Vouch(pid_t pid);

  // `pid` has ended as our own child: an orphan that the session has left to
  // us. Nobody may have told of it, and what it has said may not be read yet.
  void Reaped(pid_t pid);

  // What there is to say against what was believed of `pid`; empty if nothing.
  absl::string_view Objection(pid_t pid) const;

  // `pid` has ended.
  void Forget(pid_t pid);

 private:
  // As many as fit into what a pointer to more takes.
  using Proofs = absl::InlinedVector<uint32_t, 4>;

  struct Speaker {
    // 0 if it is not known.
    pid_t parent = 0;
    // The session's first process, which nobody in it has made.
    bool is_root = false;
    // The proofs that are good for it.
    Proofs proofs;
    // Those of images that it has run before: its forks may have them.
    Proofs past;
    bool started = false;
    // What it runs last started as emulates programs (qemu-user), which have
    // proofs of their own.
    bool emulates = false;
    bool exec_announced = false;
    // With which proofs the sides of the fork that made it have spoken.
    absl::optional<uint32_t> forked_by_parent;
    absl::optional<uint32_t> forked_by_child;
    // Made by libc to run a program at once.
    bool spawned = false;
    // Somebody else has told of it.
    bool vouched = false;
    // It makes children without a word: the kernel has confirmed one.
    bool silent = false;
    // A proof that was doubtful when it came, and still is.
    absl::optional<uint32_t> doubtful;
  };

  static bool Contains(const Proofs& proofs, uint32_t proof) {
    for (const uint32_t known : proofs) {
      if (known == proof) return true;
    }
    return false;
  }
  // `of_the_dead`: others may speak of a process after its end.
  Word CheckSpeech(const Speaker* speaker, pid_t pid, uint32_t proof,
                   bool of_the_dead) {
    if (speaker != nullptr && Contains(speaker->proofs, proof)) {
      return Word::kBelieved;
    }
    return CheckUnknownProof(speaker, pid, proof, of_the_dead);
  }
  Word CheckUnknownProof(const Speaker* speaker, pid_t pid, uint32_t proof,
                         bool of_the_dead);
  Word CheckStart(const Speaker* speaker, const Record& record);
  Word CheckFork(const Speaker* speaker, const Record& record,
                 bool child_ended);
  Word CheckChildEnded(const Speaker* speaker, const Record& record);
  // Whether the process that has `proof` may have forked `child`.
  bool MayHaveForked(pid_t parent, pid_t child, uint32_t proof);
  // Whether `child` may be `parent`'s to wait for.
  bool MayReap(pid_t parent, pid_t child);

  void LearnStart(const Record& record, Word word);
  void LearnFork(const Record& record);
  void LearnExec(const Record& record);
  void AddProof(Speaker* speaker, uint32_t proof) {
    if (!Contains(speaker->proofs, proof)) AddNewProof(speaker, proof);
  }
  void AddNewProof(Speaker* speaker, uint32_t proof);
  // The process runs another image now.
  void RetireProofs(Speaker* speaker);
  void ForgetImage(uint32_t proof);

  Host* const host_;
  PidMap<Speaker> speakers_;
  // How many entries of Speaker::proofs and of recent_ each proof has.
  absl::flat_hash_map<uint32_t, int> images_;
  // The proofs of processes that have ended: their forks may be unknown yet.
  std::deque<uint32_t> recent_;
  // The parents of the last processes that have ended: nobody else makes
  // children of the same pids so soon.
  absl::flat_hash_map<pid_t, pid_t> ended_;
  std::deque<pid_t> ended_order_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_PROVENANCE_H_
