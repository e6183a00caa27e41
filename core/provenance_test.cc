#include "core/provenance.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using wire::Kind;
using Word = Provenance::Word;

constexpr pid_t kRoot = 100;
constexpr pid_t kHostile = 200;
constexpr uint32_t kRootsProof = 1;
constexpr uint32_t kHostilesProof = 2;

class FakeHost : public Host {
 public:
  Image InspectImage(absl::string_view) override { return {}; }
  pid_t ParentOf(pid_t pid) override {
    const auto it = parents.find(pid);
    return it != parents.end() ? it->second : 0;
  }
  std::vector<pid_t> Orphans() override { return {}; }
  bool IsOrphan(pid_t pid) override { return orphans.count(pid) > 0; }
  bool Lives(pid_t) override { return false; }
  bool Gone(pid_t pid) override { return gone.count(pid) > 0; }
  absl::optional<uint32_t> ProofOf(pid_t pid) override {
    const auto it = proofs.find(pid);
    return it != proofs.end() ? absl::optional<uint32_t>(it->second)
                              : absl::nullopt;
  }
  bool Emulates(pid_t pid) override { return emulators.count(pid) > 0; }
  bool IsStranger(pid_t pid) override { return strangers.count(pid) > 0; }

  std::map<pid_t, pid_t> parents;
  std::map<pid_t, uint32_t> proofs;
  std::set<pid_t> strangers;
  std::set<pid_t> gone;
  std::set<pid_t> emulators;
  std::set<pid_t> orphans;
};

// The root has started, and forked a child that has become hostile.
class ProvenanceTest : public ::testing::Test {
 protected:
  ProvenanceTest() {
    provenance_.Root(kRoot);
    EXPECT_EQ(Start(kRoot, kRootsProof, 1), Word::kBelieved);
    EXPECT_EQ(ForkByParent(kRoot, kHostile, kRootsProof), Word::kBelieved);
    EXPECT_EQ(Exec(kHostile, kRootsProof), Word::kBelieved);
    EXPECT_EQ(Start(kHostile, kHostilesProof, kRoot), Word::kBelieved);
  }

  Word Say(Kind kind, pid_t pid, uint32_t proof, int32_t a = 0, int32_t b = 0,
           absl::string_view name = "") {
    Record record;
    record.kind = kind;
    record.pid = pid;
    record.proof = proof;
    record.a = a;
    record.b = b;
    record.names[0] = name;
    const Word word = provenance_.Check(
        record, ended_.count(Provenance::Subject(record)) > 0);
    if (word != Word::kForged) provenance_.Learn(record, word);
    return word;
  }
  Word Open(pid_t pid, uint32_t proof) {
    return Say(Kind::kOpen, pid, proof, wire::kReads);
  }
  Word Start(pid_t pid, uint32_t proof, pid_t parent) {
    return Say(Kind::kStart, pid, proof, parent);
  }
  Word Exec(pid_t pid, uint32_t proof, int32_t a = 0) {
    return Say(Kind::kExec, pid, proof, a);
  }
  Word ForkByParent(pid_t pid, pid_t child, uint32_t proof) {
    return Say(Kind::kFork, pid, proof, child, wire::kSaidByParent);
  }
  Word ForkByChild(pid_t pid, pid_t child, uint32_t proof) {
    return Say(Kind::kFork, pid, proof, child, wire::kSaidByChild);
  }
  Word Waited(pid_t pid, pid_t child, uint32_t proof) {
    return Say(Kind::kChildEnded, pid, proof, child);
  }

  FakeHost host_;
  std::set<pid_t> ended_;
  Provenance provenance_{&host_};
};

// ---- Whoever is what he says ------------------------------------------------

TEST_F(ProvenanceTest, AForkHasItsParentsProof) {
  EXPECT_EQ(ForkByChild(kRoot, 101, kRootsProof), Word::kBelieved);
  EXPECT_EQ(Open(101, kRootsProof), Word::kBelieved);
  EXPECT_EQ(provenance_.Objection(101), "");
}

TEST_F(ProvenanceTest, AForkMaySpeakAfterItsParentsExec) {
  EXPECT_EQ(Exec(kRoot, kRootsProof), Word::kBelieved);
  host_.proofs[kRoot] = 5;
  EXPECT_EQ(Start(kRoot, 5, 1), Word::kConfirmed);
  EXPECT_EQ(ForkByChild(kRoot, 101, kRootsProof), Word::kBelieved);
  EXPECT_EQ(Open(101, kRootsProof), Word::kBelieved);
  EXPECT_EQ(Open(kRoot, kRootsProof), Word::kForged);
}

TEST_F(ProvenanceTest, AForkMaySpeakAfterItsParentsEnd) {
  provenance_.Forget(kHostile);
  EXPECT_EQ(ForkByChild(kHostile, 201, kHostilesProof), Word::kBelieved);
}

TEST_F(ProvenanceTest, AnAttachedProcessIsHeardAfterItsExec) {
  constexpr pid_t kAttached = 300;
  host_.proofs[kAttached] = 7;
  provenance_.Attach(kAttached);
  // What follows is read when the process runs its next image.
  host_.proofs[kAttached] = 8;
  EXPECT_EQ(Open(kAttached, 7), Word::kBelieved);
  EXPECT_EQ(Exec(kAttached, 7), Word::kBelieved);
  EXPECT_EQ(Open(kAttached, 6), Word::kForged);
  EXPECT_EQ(Start(kAttached, 8, 1), Word::kConfirmed);
}

TEST_F(ProvenanceTest, AnAttachedProcessIsHeardWhereMemoryCannotBeRead) {
  constexpr pid_t kAttached = 300;
  provenance_.Attach(kAttached);
  EXPECT_EQ(Open(kAttached, 7), Word::kBelieved);
  EXPECT_EQ(Exec(kAttached, 7), Word::kBelieved);
  EXPECT_EQ(Start(kAttached, 8, 1), Word::kBelieved);
  EXPECT_EQ(provenance_.Objection(kAttached), "");
}

TEST_F(ProvenanceTest, AnAnnouncedImage) {
  EXPECT_EQ(Exec(kRoot, kRootsProof), Word::kBelieved);
  EXPECT_EQ(Start(kRoot, 5, 1), Word::kBelieved);
  EXPECT_EQ(Open(kRoot, 5), Word::kBelieved);
  EXPECT_EQ(provenance_.Objection(kRoot), "");
}

TEST_F(ProvenanceTest, AnImageThatOnlyTheKernelKnowsOf) {
  host_.proofs[kRoot] = 5;
  EXPECT_EQ(Start(kRoot, 5, 1), Word::kConfirmed);
  EXPECT_EQ(Open(kRoot, 5), Word::kBelieved);
  EXPECT_EQ(provenance_.Objection(kRoot), "");
}

TEST_F(ProvenanceTest, AnImageWhoseStartIsLost) {
  host_.proofs[kRoot] = 5;
  EXPECT_EQ(Open(kRoot, 5), Word::kConfirmed);
}

TEST_F(ProvenanceTest, ASpawnedProcessStartsBeforeItsParentTells) {
  host_.parents[101] = kRoot;
  host_.proofs[101] = 5;
  EXPECT_EQ(Start(101, 5, kRoot), Word::kConfirmed);
  EXPECT_EQ(ForkByParent(kRoot, 101, kRootsProof), Word::kBelieved);
  // What its file actions did.
  EXPECT_EQ(Open(101, kRootsProof), Word::kBelieved);
  EXPECT_EQ(Exec(101, kRootsProof, wire::kSaidOfSpawned), Word::kBelieved);
  EXPECT_EQ(Open(101, 5), Word::kBelieved);
}

TEST_F(ProvenanceTest, APidInUseAgain) {
  EXPECT_EQ(ForkByParent(kRoot, 101, kRootsProof), Word::kBelieved);
  ended_ = {101};
  EXPECT_EQ(ForkByParent(kHostile, 101, kHostilesProof), Word::kForged);
  // The kernel knows of such a child.
  host_.parents[101] = kHostile;
  EXPECT_EQ(ForkByParent(kHostile, 101, kHostilesProof), Word::kBelieved);
}

TEST_F(ProvenanceTest, AnEmulatedProgramInAnEmulator) {
  host_.proofs[kRoot] = kRootsProof;
  host_.emulators = {kRoot};
  EXPECT_EQ(Start(kRoot, 5, 1), Word::kBelieved);
  EXPECT_EQ(provenance_.Objection(kRoot), "");
  // Both tell of the fork, and both sides of it.
  EXPECT_EQ(ForkByChild(kRoot, 101, kRootsProof), Word::kBelieved);
  EXPECT_EQ(ForkByChild(kRoot, 101, 5), Word::kBelieved);
  EXPECT_EQ(Open(101, kRootsProof), Word::kBelieved);
  EXPECT_EQ(Open(101, 5), Word::kBelieved);
}

// An image that was gone again when the kernel was asked.
TEST_F(ProvenanceTest, AChainOfImages) {
  EXPECT_EQ(Exec(kRoot, kRootsProof), Word::kBelieved);
  host_.proofs[kRoot] = 6;
  EXPECT_EQ(Start(kRoot, 5, 1), Word::kDoubtful);
  EXPECT_NE(provenance_.Objection(kRoot), "");
  EXPECT_EQ(Exec(kRoot, 5), Word::kBelieved);
  EXPECT_EQ(Start(kRoot, 6, 1), Word::kConfirmed);
  EXPECT_EQ(provenance_.Objection(kRoot), "");
}

// ---- Whoever is not ---------------------------------------------------------

TEST_F(ProvenanceTest, NobodySpeaksForItsParent) {
  EXPECT_EQ(Open(kRoot, kHostilesProof), Word::kForged);
  EXPECT_EQ(Exec(kRoot, kHostilesProof), Word::kForged);
  EXPECT_EQ(ForkByParent(kRoot, 101, kHostilesProof), Word::kForged);
  EXPECT_EQ(ForkByChild(kRoot, 101, kHostilesProof), Word::kForged);
  EXPECT_EQ(Waited(kRoot, kHostile, kHostilesProof), Word::kForged);
}

TEST_F(ProvenanceTest, NobodySpeaksForItsSibling) {
  EXPECT_EQ(ForkByParent(kRoot, 101, kRootsProof), Word::kBelieved);
  EXPECT_EQ(Open(101, kHostilesProof), Word::kForged);
  // Nor by calling it a child.
  EXPECT_EQ(ForkByParent(kHostile, 101, kHostilesProof), Word::kForged);
  EXPECT_EQ(ForkByChild(kHostile, 101, kHostilesProof), Word::kForged);
  EXPECT_EQ(Waited(kHostile, 101, kHostilesProof), Word::kForged);
  EXPECT_EQ(Open(101, kHostilesProof), Word::kForged);
}

TEST_F(ProvenanceTest, NobodyAdoptsTheRoot) {
  EXPECT_EQ(ForkByParent(kHostile, kRoot, kHostilesProof), Word::kForged);
  EXPECT_EQ(Waited(kHostile, kRoot, kHostilesProof), Word::kForged);
}

TEST_F(ProvenanceTest, NobodyAdoptsAnothersNewChild) {
  host_.parents[101] = kRoot;
  EXPECT_EQ(ForkByParent(kHostile, 101, kHostilesProof), Word::kForged);
  EXPECT_EQ(ForkByParent(kRoot, 101, kRootsProof), Word::kBelieved);
}

TEST_F(ProvenanceTest, NobodyStartsAnImageOfAnother) {
  host_.proofs[kRoot] = kRootsProof;
  EXPECT_EQ(Start(kRoot, kHostilesProof, 1), Word::kForged);
  // Nor of a program that cannot speak for itself.
  EXPECT_EQ(Exec(kRoot, kRootsProof), Word::kBelieved);
  EXPECT_EQ(Start(kRoot, kHostilesProof, 1), Word::kForged);
}

TEST_F(ProvenanceTest, AnUnannouncedImageOfAProcessThatHasEnded) {
  EXPECT_EQ(Start(kHostile, 5, kRoot), Word::kForged);
  EXPECT_EQ(Open(kHostile, 5), Word::kForged);
}

// The kernel knows of no exec where an emulator runs a program.
TEST_F(ProvenanceTest, AnEmulatedImageOfAProcessThatHasEnded) {
  EXPECT_EQ(ForkByParent(kRoot, 101, kRootsProof), Word::kBelieved);
  EXPECT_EQ(Exec(101, kRootsProof), Word::kBelieved);
  EXPECT_EQ(Say(Kind::kStart, 101, 5, kRoot, 0, "/usr/bin/qemu-x86_64"),
            Word::kBelieved);
  EXPECT_EQ(Start(101, 6, kRoot), Word::kDoubtful);
  EXPECT_EQ(provenance_.Objection(101), "nobody else has told of its last E");
}

TEST_F(ProvenanceTest, NobodySpeaksForStrangers) {
  host_.strangers = {1};
  EXPECT_EQ(Open(1, kHostilesProof), Word::kForged);
  EXPECT_EQ(Start(1, kHostilesProof, kHostile), Word::kForged);
  EXPECT_EQ(Waited(kHostile, 1, kHostilesProof), Word::kForged);
  host_.proofs[1] = 77;
  EXPECT_EQ(Open(1, kHostilesProof), Word::kForged);
}

TEST_F(ProvenanceTest, NobodyStartsAnImageOfADeadFork) {
  EXPECT_EQ(ForkByParent(kRoot, 101, kRootsProof), Word::kBelieved);
  host_.gone = {101};
  EXPECT_EQ(Start(101, kHostilesProof, kRoot), Word::kForged);
  // A spawned one's start may come before its parent's word of it.
  EXPECT_EQ(Say(Kind::kFork, kRoot, kRootsProof, 102, wire::kSaidOfSpawn),
            Word::kBelieved);
  EXPECT_EQ(Start(102, 9, kRoot), Word::kBelieved);
}

// Made by a raw system call, left behind by a parent that was killed, and gone
// before its records are read.
TEST_F(ProvenanceTest, AnOrphanThatWeReapMayHaveSpoken) {
  host_.gone = {101, 102};
  EXPECT_EQ(Open(101, kRootsProof), Word::kForged);
  host_.orphans = {101};
  EXPECT_EQ(Open(101, kRootsProof), Word::kBelieved);
  provenance_.Reaped(102);
  EXPECT_EQ(Open(102, kRootsProof), Word::kBelieved);
}

TEST_F(ProvenanceTest, NobodySpeaksForTheDead) {
  EXPECT_EQ(ForkByParent(kRoot, 101, kRootsProof), Word::kBelieved);
  provenance_.Forget(101);
  host_.gone = {101};
  EXPECT_EQ(Open(101, kHostilesProof), Word::kForged);
  EXPECT_EQ(Start(101, kHostilesProof, kRoot), Word::kForged);
  EXPECT_EQ(ForkByParent(kHostile, 101, kHostilesProof), Word::kForged);
  EXPECT_EQ(ForkByChild(kHostile, 101, kHostilesProof), Word::kForged);
  // The pid in use again.
  host_.gone = {};
  host_.parents[101] = kHostile;
  EXPECT_EQ(ForkByParent(kHostile, 101, kHostilesProof), Word::kBelieved);
}

TEST_F(ProvenanceTest, AProofThatNobodyHas) {
  EXPECT_EQ(Open(300, 99), Word::kForged);
}

// ---- Whoever cannot be asked any more ---------------------------------------

TEST_F(ProvenanceTest, OneThatNobodyHasToldOf) {
  EXPECT_EQ(Start(101, 5, kRoot), Word::kBelieved);
  EXPECT_EQ(Open(101, 5), Word::kBelieved);
  EXPECT_EQ(provenance_.Objection(101), "nobody else has told of this process");
}

TEST_F(ProvenanceTest, OneThatItsParentTellsOf) {
  EXPECT_EQ(Start(101, 5, kRoot), Word::kBelieved);
  EXPECT_EQ(Start(102, 6, kRoot), Word::kBelieved);
  EXPECT_EQ(ForkByParent(kRoot, 101, kRootsProof), Word::kBelieved);
  provenance_.Vouch(102);
  EXPECT_EQ(provenance_.Objection(101), "");
  EXPECT_EQ(provenance_.Objection(102), "");
}

TEST_F(ProvenanceTest, OneOfAParentKnownToMakeThemSilently) {
  host_.proofs[101] = 5;
  EXPECT_EQ(Start(101, 5, kRoot), Word::kConfirmed);
  EXPECT_EQ(Start(102, 6, kRoot), Word::kBelieved);
  EXPECT_EQ(provenance_.Objection(102), "");
}

// What is remembered does not grow with the processes that come and go.
TEST_F(ProvenanceTest, ForgetsTheProofsOfThoseThatEnded) {
  for (uint32_t proof = 1000; proof < 11000; ++proof) {
    ForkByParent(kRoot, 101, kRootsProof);
    Exec(101, kRootsProof);
    Start(101, proof, kRoot);
    provenance_.Forget(101);
  }
  EXPECT_EQ(Open(500, 1000), Word::kForged);
  EXPECT_EQ(Open(501, 10999), Word::kBelieved);
}

}  // namespace
}  // namespace filemon
