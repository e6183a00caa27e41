#include "core/merge.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using wire::Kind;

constexpr pid_t kRoot = 100;

class FakeHost : public Host {
 public:
  Image InspectImage(absl::string_view path) override {
    const auto it = images.find(std::string(path));
    return it != images.end() ? it->second : Image{std::string(path), ""};
  }
  pid_t ParentOf(pid_t pid) override {
    const auto it = parents.find(pid);
    return it != parents.end() ? it->second : 0;
  }

  std::vector<pid_t> Orphans() override { return orphans; }
  bool IsOrphan(pid_t pid) override {
    return std::count(orphans.begin(), orphans.end(), pid) > 0;
  }
  bool Lives(pid_t pid) override { return living.count(pid) > 0; }
  bool Gone(pid_t pid) override { return gone.count(pid) > 0; }
  absl::optional<uint32_t> ProofOf(pid_t pid) override {
    const auto it = proofs.find(pid);
    return it != proofs.end() ? absl::optional<uint32_t>(it->second)
                              : absl::nullopt;
  }
  bool Emulates(pid_t) override { return false; }
  bool IsStranger(pid_t pid) override { return strangers.count(pid) > 0; }
  // Nothing is a symbolic link.
  std::string RealPath(absl::string_view path) override {
    return std::string(path);
  }

  std::vector<pid_t> orphans;
  std::set<pid_t> living;
  std::set<pid_t> gone;
  std::map<std::string, Image> images;
  std::map<pid_t, pid_t> parents;
  std::map<pid_t, uint32_t> proofs;
  std::set<pid_t> strangers;
};

class MergeTest : public ::testing::Test {
 protected:
  explicit MergeTest(PathStyle style = PathStyle::kGiven)
      : merge_(style, &host_, &log_) {
    merge_.Root(kRoot, "/bin/root", "/work");
    Start(kRoot, 1, "/bin/root", "/work");
    Lines();
  }

  void Send(Kind kind, pid_t pid, int32_t a = 0, int32_t b = 0,
            std::vector<std::string> names = {}) {
    Record record;
    record.kind = kind;
    record.pid = pid;
    record.a = a;
    record.b = b;
    record.proof = proof_;
    for (size_t i = 0; i < names.size(); ++i) record.names[i] = names[i];
    merge_.Accept(record);
  }
  void Start(pid_t pid, pid_t parent, const std::string& path,
             const std::string& cwd = "") {
    Send(Kind::kStart, pid, parent, 0, {path, cwd});
  }
  void Open(pid_t pid, const std::string& name, int32_t access = wire::kReads) {
    Send(Kind::kOpen, pid, access, 0, {"", name});
  }
  void ForkByParent(pid_t pid, pid_t child) {
    Send(Kind::kFork, pid, child, wire::kSaidByParent);
  }
  void ForkByChild(pid_t pid, pid_t child) {
    Send(Kind::kFork, pid, child, wire::kSaidByChild);
  }
  void Exec(pid_t pid, const std::string& name, int32_t a = 0) {
    Send(Kind::kExec, pid, a, 0, {"", name});
  }
  void Waited(pid_t pid, pid_t child, int status) {
    Send(Kind::kChildEnded, pid, child, status);
  }

  // What was written since the last call.
  std::vector<std::string> Lines() {
    EXPECT_TRUE(log_.Flush().ok());
    std::vector<std::string> lines =
        absl::StrSplit(std::exchange(text_, ""), '\n', absl::SkipEmpty());
    return lines;
  }

  uint32_t proof_ = 0;
  std::string text_;
  LogWriter log_{[this](absl::string_view bytes) {
    text_.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }};
  FakeHost host_;
  Merge merge_;
};

constexpr int Exited(int code) { return code << 8; }

// ---- Records ----------------------------------------------------------------

TEST_F(MergeTest, WritesEachLetter) {
  Open(kRoot, "r");
  Open(kRoot, "w", wire::kWrites);
  Open(kRoot, "b", wire::kReads | wire::kWrites);
  Send(Kind::kChdir, kRoot, 0, 0, {"/dir"});
  Send(Kind::kUnlink, kRoot, 0, 0, {"", "d"});
  Send(Kind::kLink, kRoot, 0, 0, {"", "old", "", "new"});
  Send(Kind::kSymlink, kRoot, 0, 0, {"text", "", "link"});
  Send(Kind::kRename, kRoot, 0, 0, {"", "from", "", "to"});
  EXPECT_THAT(Lines(), ElementsAre("R 100 r", "W 100 w", "R 100 b", "W 100 b",
                                   "C 100 /dir", "D 100 d", "L 100 'old' 'new'",
                                   "L 100 'text' 'link'", "M 100 'from' 'to'"));
}

TEST_F(MergeTest, WritesAForNamesRelativeToADescriptor) {
  Send(Kind::kOpen, kRoot, wire::kReads | wire::kWrites, 0, {"/d", "f"});
  Send(Kind::kOpen, kRoot, wire::kReads, 0, {"/", "f"});
  Send(Kind::kRename, kRoot, 0, 0, {"/d", "f", "/e", "g"});
  Send(Kind::kLink, kRoot, 0, 0, {"/d", "/abs", "/e", "g"});
  Send(Kind::kSymlink, kRoot, 0, 0, {"../t", "/e", "g"});
  EXPECT_THAT(
      Lines(),
      ElementsAre("A 100 f", "R 100 /d/f", "W 100 /d/f", "A 100 f", "R 100 /f",
                  "A 100 f", "A 100 g", "M 100 '/d/f' '/e/g'", "A 100 g",
                  "L 100 '/abs' '/e/g'", "A 100 g", "L 100 '../t' '/e/g'"));
}

TEST_F(MergeTest, SaysHowManyRecordsWereLost) {
  Send(Kind::kLost, kRoot, 3);
  EXPECT_THAT(Lines(), ElementsAre("# lost 3 records of 100"));
  EXPECT_EQ(merge_.lost(), 3u);
}

class AbsoluteMergeTest : public MergeTest {
 protected:
  AbsoluteMergeTest() : MergeTest(PathStyle::kAbsolute) {}
};

TEST_F(AbsoluteMergeTest, MakesNamesAbsoluteAndClean) {
  Open(kRoot, "./a/../r");
  Send(Kind::kOpen, kRoot, wire::kWrites, 0, {"/d", "../f"});
  Send(Kind::kChdir, kRoot, 0, 0, {"/dir"});
  Open(kRoot, "x");
  Send(Kind::kRename, kRoot, 0, 0, {"", "from", "/e", "to"});
  Send(Kind::kSymlink, kRoot, 0, 0, {"../text", "", "link"});
  EXPECT_THAT(Lines(), ElementsAre("R 100 /work/r", "W 100 /f", "C 100 /dir",
                                   "R 100 /dir/x", "M 100 '/dir/from' '/e/to'",
                                   "L 100 '../text' '/dir/link'"));
}

TEST_F(AbsoluteMergeTest, TakesCleanAbsoluteNamesAsTheyAre) {
  Open(kRoot, "/usr/include/stdio.h");
  Open(kRoot, "/home/.config/x");
  Open(kRoot, "/a/./b");
  Send(Kind::kOpen, kRoot, wire::kReads, 0, {"/d/..", "/abs"});
  Send(Kind::kOpen, kRoot, wire::kReads, 0, {"/d", ""});
  Open(kRoot, "");
  EXPECT_THAT(Lines(), ElementsAre("R 100 /usr/include/stdio.h",
                                   "R 100 /home/.config/x", "R 100 /a/b",
                                   "R 100 /abs", "R 100 /d", "R 100 /work"));
}

TEST_F(AbsoluteMergeTest, NamesStayRelativeToAnUnknownDirectory) {
  Send(Kind::kChdir, kRoot, 0, 0, {""});
  Open(kRoot, "./x");
  Start(kRoot, 1, "/bin/sh", "/known");
  Open(kRoot, "x");
  Start(kRoot, 1, "/bin/sh", "");
  Open(kRoot, "x");
  EXPECT_THAT(Lines(), ElementsAre("# unknown current directory of 100",
                                   "R 100 x", "E 100 /bin/sh", "R 100 /known/x",
                                   "E 100 /bin/sh", "R 100 x"));
}

TEST_F(MergeTest, ARemovedDirectoryIsUnknown) {
  Send(Kind::kChdir, kRoot, 0, 0, {"/work/gone/"});
  Open(kRoot, "../f");
  Send(Kind::kUnlink, kRoot, 0, 0, {"/work/gone/", "../f"});
  EXPECT_THAT(Lines(),
              ElementsAre("# unknown current directory of 100", "A 100 ../f",
                          "R 100 /work/f", "A 100 ../f", "D 100 /work/f"));
}

TEST_F(AbsoluteMergeTest, ARenameMovesAllWhoAreThere) {
  ForkByParent(kRoot, 101);
  ForkByParent(kRoot, 102);
  Send(Kind::kChdir, 101, 0, 0, {"/work/s/below"});
  Send(Kind::kChdir, 102, 0, 0, {"/work/s"});
  Lines();
  Send(Kind::kRename, 102, 0, 0, {"", "../s", "/", "t/"});
  Open(101, "x");
  Open(102, "../x");
  Open(kRoot, "s/x");
  Send(Kind::kRename, kRoot, wire::kExchange, 0, {"", "u", "", "/t"});
  Open(102, "x");
  EXPECT_THAT(Lines(),
              ElementsAre("M 102 '/work/s' '/t'", "R 101 /t/below/x",
                          "R 102 /x", "R 100 /work/s/x", "M 100 '/work/u' '/t'",
                          "M 100 '/t' '/work/u'", "R 102 /work/u/x"));
}

TEST_F(AbsoluteMergeTest, ADirectoryMayGetANameWithoutACall) {
  Send(Kind::kChdir, kRoot, wire::kRenamed, 0, {"/elsewhere"});
  Open(kRoot, "x");
  EXPECT_THAT(Lines(), ElementsAre("R 100 /elsewhere/x"));
}

TEST_F(AbsoluteMergeTest, AChildStartsInItsParentsDirectory) {
  Send(Kind::kChdir, kRoot, 0, 0, {"/dir"});
  ForkByParent(kRoot, 101);
  Open(101, "x");
  Send(Kind::kChdir, 101, 0, 0, {"/other"});
  Open(101, "x");
  Open(kRoot, "x");
  EXPECT_THAT(Lines(),
              ElementsAre("C 100 /dir", "F 100 101", "R 101 /dir/x",
                          "C 101 /other", "R 101 /other/x", "R 100 /dir/x"));
}

// ---- Forks ------------------------------------------------------------------

TEST_F(MergeTest, WritesOneForkOfTwoReports) {
  ForkByParent(kRoot, 101);
  ForkByChild(kRoot, 101);
  Open(101, "x");
  ForkByChild(kRoot, 102);
  ForkByParent(kRoot, 102);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "R 101 x", "F 100 102"));
  EXPECT_THAT(merge_.TakeAppeared(), UnorderedElementsAre(101, 102));
  EXPECT_EQ(merge_.processes(), 3u);
}

TEST_F(MergeTest, SwallowsTheParentsLateReport) {
  ForkByChild(kRoot, 101);
  merge_.Ended(101, Exited(0));
  ForkByParent(kRoot, 101);
  Waited(kRoot, 101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 0 0"));
}

// Of thousands that have ended between two looks.
TEST_F(MergeTest, SwallowsTheParentsLateReportsOfACrowd) {
  for (pid_t pid = 1000; pid < 11000; ++pid) {
    ForkByChild(kRoot, pid);
    merge_.Ended(pid, Exited(0));
  }
  for (pid_t pid = 1000; pid < 11000; ++pid) {
    ForkByParent(kRoot, pid);
    Waited(kRoot, pid, Exited(0));
  }
  EXPECT_EQ(log_.count('F'), 10000u);
  EXPECT_EQ(log_.count('X'), 10000u);
}

TEST_F(MergeTest, AForkOfAKnownPidIsItsReuse) {
  ForkByParent(kRoot, 101);
  ForkByChild(kRoot, 101);
  Send(Kind::kExit, 101, 4);
  ForkByParent(kRoot, 101);
  ForkByChild(kRoot, 101);
  merge_.Ended(101, Exited(0));
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", "X 101 4 0", "F 100 101", "X 101 0 0"));
}

TEST_F(MergeTest, AnEndedPidMayComeAgain) {
  ForkByParent(kRoot, 101);
  Waited(kRoot, 101, Exited(0));
  ForkByParent(kRoot, 101);
  Waited(kRoot, 101, Exited(1));
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", "X 101 0 0", "F 100 101", "X 101 1 0"));
}

TEST_F(MergeTest, AStartOfAnUnknownProcessBringsItsFork) {
  Start(101, kRoot, "/bin/sh", "/work");
  Open(101, "x");
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh", "R 101 x"));
}

TEST_F(MergeTest, ARecordOfAnUnknownProcessBringsItsFork) {
  ForkByParent(kRoot, 99);
  Lines();
  host_.parents[101] = 99;
  Open(101, "x");
  Open(102, "y");  // nobody knows its parent
  EXPECT_THAT(Lines(),
              ElementsAre("F 99 101", "R 101 x", "F 100 102", "R 102 y"));
}

TEST_F(MergeTest, AChildMaySpeakOfAParentThatHasEnded) {
  ForkByParent(kRoot, 101);
  merge_.Ended(101, SIGKILL);
  ForkByChild(101, 102);
  // Nothing of a process comes after its X.
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 0 9", "F 100 102"));
}

// ---- Execs ------------------------------------------------------------------

TEST_F(MergeTest, AStartConfirmsAnExec) {
  Exec(kRoot, "/bin/a");
  Start(kRoot, 1, "/bin/a");
  merge_.Ended(kRoot, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("E 100 /bin/a", "X 100 0 0"));
  EXPECT_EQ(merge_.untraced(), 0u);
}

TEST_F(MergeTest, AFailedExecLeavesNothing) {
  Exec(kRoot, "/bin/a");
  Send(Kind::kExecFailed, kRoot);
  merge_.Ended(kRoot, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("X 100 0 0"));
}

TEST_F(MergeTest, AnEndWhileAnExecIsPendingIsAnUntracedImage) {
  host_.images["/work/s"] = {"/work/s", "statically linked"};
  ForkByParent(kRoot, 101);
  Exec(101, "./s");
  Waited(kRoot, 101, Exited(3));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /work/s",
                                   "# untraced 101 /work/s: statically linked",
                                   "X 101 3 0"));
  EXPECT_EQ(merge_.untraced(), 1u);
}

TEST_F(MergeTest, AProgramThatMakesSystemCallsByItselfIsUnseen) {
  Start(kRoot, 1, "/usr/bin/go");
  Send(Kind::kUnseen, kRoot, wire::kWithoutLibc, 0, {"/usr/bin/go"});
  EXPECT_THAT(Lines(), ElementsAre("E 100 /usr/bin/go",
                                   "# unseen 100 /usr/bin/go: makes system "
                                   "calls without libc (Go)"));
}

TEST_F(MergeTest, AnUntracedScriptIsItsInterpreter) {
  host_.images["/s"] = {"/bin/static-sh", "statically linked"};
  Exec(kRoot, "/s");
  merge_.Ended(kRoot, Exited(0));
  EXPECT_THAT(Lines(),
              ElementsAre("E 100 /bin/static-sh",
                          "# untraced 100 /bin/static-sh: statically linked",
                          "X 100 0 0"));
}

TEST_F(MergeTest, AnImageThatIsKnownNotToLoadUs) {
  Exec(kRoot, "/bin/a", wire::kHandedOver);
  merge_.Ended(kRoot, 0);
  EXPECT_THAT(Lines(), ElementsAre("E 100 /bin/a",
                                   "# untraced 100 /bin/a: handed over to "
                                   "another filemon session",
                                   "X 100 0 0"));
}

TEST_F(MergeTest, ASpawnedImageOutOfReach) {
  ForkByParent(kRoot, 101);
  Exec(101, "/bin/a", wire::kSaidOfSpawned | wire::kUnreachable);
  Waited(kRoot, 101, Exited(0));
  EXPECT_THAT(
      Lines(),
      ElementsAre("F 100 101", "E 101 /bin/a",
                  "# untraced 101 /bin/a: libfilemon.so is out of its reach",
                  "X 101 0 0"));
}

TEST_F(MergeTest, AnImageWithoutObstacleEndedTooEarly) {
  Exec(kRoot, "/bin/a");
  merge_.Ended(kRoot, SIGKILL);
  EXPECT_THAT(
      Lines(),
      ElementsAre(
          "E 100 /bin/a",
          "# untraced 100 /bin/a: ended before libfilemon.so was loaded",
          "X 100 0 9"));
}

TEST_F(MergeTest, AChildOfAnUntracedProcessProvesItsExec) {
  host_.images["/s"] = {"/s", "statically linked"};
  ForkByParent(kRoot, 101);
  Exec(101, "/s");
  Start(102, 101, "/bin/sh");
  merge_.Ended(102, Exited(0));
  merge_.Ended(101, Exited(0));
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", "E 101 /s",
                          "# untraced 101 /s: statically linked", "F 101 102",
                          "E 102 /bin/sh", "X 102 0 0", "X 101 0 0"));
}

TEST_F(MergeTest, AnUntracedImageMayExecuteATracedOne) {
  host_.images["/s"] = {"/s", "statically linked"};
  Exec(kRoot, "/s");
  Start(kRoot, 1, "/bin/cat");
  EXPECT_THAT(Lines(),
              ElementsAre("E 100 /s", "# untraced 100 /s: statically linked",
                          "E 100 /bin/cat"));
}

TEST_F(MergeTest, AnImageMayStartUnderAnotherName) {
  host_.images["/script"] = {"/bin/sh", ""};
  Exec(kRoot, "/script");
  Start(kRoot, 1, "/bin/sh");
  Exec(kRoot, "../a/./b");
  Start(kRoot, 1, "/a/b");
  EXPECT_THAT(Lines(), ElementsAre("E 100 /bin/sh", "E 100 /a/b"));
}

TEST_F(MergeTest, AnImageWithoutAName) {
  Exec(kRoot, "");
  Start(kRoot, 1, "/memfd:image/");
  Exec(kRoot, "");
  merge_.Ended(kRoot, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("# unnamed 100 /memfd:image: "
                                   "no file has this name",
                                   "E 100 (a program without a name)",
                                   "E 100 (a program without a name)",
                                   "# untraced 100 (a program without a name): "
                                   "ended before libfilemon.so was loaded",
                                   "X 100 0 0"));
}

TEST_F(MergeTest, AForkInAnotherThreadIsNoProofOfAnExec) {
  Exec(kRoot, "/bin/a");
  ForkByParent(kRoot, 101);
  Start(kRoot, 1, "/bin/a");
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 100 /bin/a"));
}

TEST_F(MergeTest, AnExecRelativeToADescriptor) {
  Send(Kind::kExec, kRoot, 0, 0, {"/d", "s"});
  merge_.Ended(kRoot, Exited(0));
  EXPECT_EQ(Lines().front(), "E 100 /d/s");
}

TEST_F(MergeTest, TheRootsOwnExecMayBeUntraced) {
  Merge merge(PathStyle::kGiven, &host_, &log_);
  host_.images["/w/s"] = {"/w/s", "statically linked"};
  merge.Root(200, "s", "/w");
  merge.Ended(200, Exited(2));
  EXPECT_THAT(Lines(), ElementsAre("E 200 /w/s",
                                   "# untraced 200 /w/s: statically linked",
                                   "X 200 2 0"));
}

// ---- Ends -------------------------------------------------------------------

TEST_F(MergeTest, ANoticeOfAnExitIsNotTheEnd) {
  Send(Kind::kExit, kRoot, 3);
  Open(kRoot, "by-an-exit-handler");
  EXPECT_THAT(Lines(), ElementsAre("R 100 by-an-exit-handler"));
  merge_.Ended(kRoot, Exited(3));
  EXPECT_THAT(Lines(), ElementsAre("X 100 3 0"));
}

TEST_F(MergeTest, TheKernelsWordCountsMoreThanTheProcesss) {
  Send(Kind::kExit, kRoot, 3);
  merge_.Ended(kRoot, SIGSEGV);
  EXPECT_THAT(Lines(), ElementsAre("X 100 0 11"));
}

TEST_F(MergeTest, TheParentsReportEndsAProcess) {
  ForkByParent(kRoot, 101);
  Send(Kind::kExit, 101, 3);
  Waited(kRoot, 101, SIGTERM);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 0 15"));
  EXPECT_THAT(merge_.TakeEnded(), ElementsAre(101));
  EXPECT_FALSE(merge_.Alive(101));
  merge_.Ended(101, absl::nullopt);
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(MergeTest, TheParentsReportOfAnUnknownChildIsAllThereIsOfIt) {
  Waited(kRoot, 101, Exited(1));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 1 0"));
}

TEST_F(MergeTest, AnEndWithoutStatusWaitsForTheParent) {
  ForkByParent(kRoot, 101);
  Send(Kind::kExit, 101, 3);
  merge_.Ended(101, absl::nullopt);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101"));
  EXPECT_FALSE(merge_.Alive(101));
  EXPECT_EQ(merge_.alive(), 1u);
  Waited(kRoot, 101, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("X 101 0 9"));
}

TEST_F(MergeTest, AParentIsNotWaitedForWithoutBounds) {
  for (pid_t pid = 1000; pid < 3000; ++pid) {
    ForkByParent(kRoot, pid);
    merge_.Ended(pid, absl::nullopt);
  }
  EXPECT_EQ(log_.count('X'), 2000u - 1024u);
}

TEST_F(MergeTest, AParentThatEndsWillNotTell) {
  ForkByParent(kRoot, 101);
  ForkByParent(kRoot, 102);
  Send(Kind::kExit, 101, 3);
  merge_.Ended(101, absl::nullopt);
  merge_.Ended(102, absl::nullopt);
  merge_.Ended(kRoot, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "F 100 102", "X 101 3 0",
                                   "# unknown exit status of 102", "X 102 0 0",
                                   "X 100 0 0"));
}

TEST_F(MergeTest, AnUntracedParentWillNotTell) {
  ForkByParent(kRoot, 101);
  Exec(101, "/s");
  Start(102, 101, "/bin/sh");
  Send(Kind::kExit, 102, 1);
  Lines();
  merge_.Ended(102, absl::nullopt);
  EXPECT_THAT(Lines(), ElementsAre("X 102 1 0"));
}

TEST_F(MergeTest, ANamelessStatusGoesToTheChildThatAwaitsOne) {
  Start(101, kRoot, "/bin/sh");
  Lines();
  merge_.Ended(101, absl::nullopt);
  EXPECT_THAT(Lines(), IsEmpty());
  Send(Kind::kSomeChildEnded, kRoot, 0, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("X 101 0 9"));
}

TEST_F(MergeTest, ANamelessStatusAwaitsItsChild) {
  Start(101, kRoot, "/bin/sh");
  Lines();
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(2));
  EXPECT_THAT(Lines(), IsEmpty());
  merge_.Ended(101, absl::nullopt);
  EXPECT_THAT(Lines(), ElementsAre("X 101 2 0"));
}

TEST_F(MergeTest, ANamelessStatusGoesToWhoAnnouncedIt) {
  Start(101, kRoot, "/bin/sh");
  Start(102, kRoot, "/bin/sh");
  Send(Kind::kExit, 101, 1);
  Send(Kind::kExit, 102, 2);
  Lines();
  merge_.Ended(101, absl::nullopt);
  merge_.Ended(102, absl::nullopt);
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(2));
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(1));
  EXPECT_THAT(Lines(), ElementsAre("X 102 2 0", "X 101 1 0"));
}

TEST_F(MergeTest, NamelessStatusesGoToTheirChildrenInTurn) {
  // As of two system() calls, of whose shells only the second announced its
  // exit; neither was noticed while it lived.
  Start(101, kRoot, "/bin/sh");
  host_.gone = {101, 102};
  Send(Kind::kSomeChildEnded, kRoot, 0, SIGKILL);
  Start(102, kRoot, "/bin/sh");
  Send(Kind::kExit, 102, 127);
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(127));
  merge_.Ended(101, absl::nullopt);
  merge_.Ended(102, absl::nullopt);
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", "E 101 /bin/sh", "X 101 0 9",
                          "F 100 102", "E 102 /bin/sh", "X 102 127 0"));
}

TEST_F(MergeTest, ANamelessStatusIsNotForWhoMayHaveMoreToSay) {
  // Two threads call system(). The first shell's end was the kernel's to tell;
  // the second is gone too, and what it said is not read yet.
  Start(101, kRoot, "/bin/sh");
  Start(102, kRoot, "/bin/sh");
  Lines();
  merge_.Ended(101, Exited(2));
  host_.gone = {101, 102};
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(2));
  Open(102, "late");
  Send(Kind::kExit, 102, 4);
  merge_.Ended(102, Exited(4));
  EXPECT_THAT(Lines(), ElementsAre("X 101 2 0", "R 102 late", "X 102 4 0"));
}

TEST_F(MergeTest, ANamelessStatusIsNotForTheLiving) {
  Start(101, kRoot, "/bin/sh");
  Lines();
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(0));
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(MergeTest, AnAnnouncedStatusIsTakenBeforeASignal) {
  Start(101, kRoot, "/bin/sh");
  Send(Kind::kExit, 101, 3);
  Lines();
  Send(Kind::kSomeChildEnded, kRoot, 0, SIGKILL);
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(3));
  merge_.Ended(101, absl::nullopt);
  EXPECT_THAT(Lines(), ElementsAre("X 101 3 0"));
}

TEST_F(MergeTest, ANamelessStatusIsUsedOnce) {
  // The kernel tells of the first child before its parent does.
  Start(101, kRoot, "/bin/sh");
  merge_.Ended(101, Exited(5));
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(5));
  // The parent tells of the second first.
  Start(102, kRoot, "/bin/sh");
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(6));
  merge_.Ended(102, Exited(6));
  Lines();
  // Neither status is left for the third.
  Start(103, kRoot, "/bin/sh");
  merge_.Ended(103, absl::nullopt);
  EXPECT_THAT(Lines(), ElementsAre("F 100 103", "E 103 /bin/sh"));
}

TEST_F(MergeTest, ANamelessStatusIsNotForAForkedChild) {
  ForkByParent(kRoot, 101);
  ForkByChild(kRoot, 102);
  merge_.Ended(101, absl::nullopt);
  merge_.Ended(102, absl::nullopt);
  Lines();
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(2));
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(MergeTest, TheSessionsEndNamesWhoGoesOn) {
  ForkByParent(kRoot, 101);
  ForkByParent(kRoot, 102);
  Exec(102, "/bin/d");
  ForkByParent(kRoot, 103);
  Send(Kind::kExit, 103, 1);
  merge_.Ended(103, absl::nullopt);
  merge_.Ended(kRoot, Exited(0));
  Lines();
  merge_.Finish();
  EXPECT_THAT(Lines(),
              ElementsAre("# running 101 /bin/root", "E 102 /bin/d",
                          "# untraced 102 /bin/d: libfilemon.so was not loaded",
                          "# running 102 /bin/d"));
}

// ---- posix_spawn() ----------------------------------------------------------

TEST_F(MergeTest, ASpawnedChildWaitsForWhatItsFileActionsDid) {
  Send(Kind::kSpawnBegin, kRoot, 1);
  Start(101, kRoot, "/bin/sh");
  Open(101, "lib");
  EXPECT_THAT(Lines(), IsEmpty());
  ForkByParent(kRoot, 101);
  Send(Kind::kChdir, 101, 0, 0, {"/dir"});
  Open(101, "out", wire::kWrites);
  Exec(101, "/bin/sh", wire::kSaidOfSpawned);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "C 101 /dir", "W 101 out"));
  Send(Kind::kSpawnEnd, kRoot, 1, 101);
  EXPECT_THAT(Lines(), ElementsAre("E 101 /bin/sh", "R 101 lib"));
  merge_.Ended(101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("X 101 0 0"));
}

TEST_F(MergeTest, ASpawnedChildThatIsSlowIsNotHeldBack) {
  Send(Kind::kSpawnBegin, kRoot, 1);
  ForkByParent(kRoot, 101);
  Open(101, "out", wire::kWrites);
  Exec(101, "/bin/sh", wire::kSaidOfSpawned);
  Send(Kind::kSpawnEnd, kRoot, 1, 101);
  Start(101, kRoot, "/bin/sh");
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "W 101 out", "E 101 /bin/sh"));
}

TEST_F(MergeTest, WhatComesAmidTheParentsReportIsHeldBack) {
  Send(Kind::kSpawnBegin, kRoot, 1);
  ForkByParent(kRoot, 101);
  Start(101, kRoot, "/bin/sh");
  Open(101, "out", wire::kWrites);
  Send(Kind::kSpawnEnd, kRoot, 1, 101);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "W 101 out", "E 101 /bin/sh"));
}

TEST_F(MergeTest, ASlowSpawnedChildIsNotHeldBackByTheNextSpawn) {
  Send(Kind::kSpawnBegin, kRoot, 1);
  ForkByParent(kRoot, 101);
  Send(Kind::kSpawnEnd, kRoot, 1, 101);
  Send(Kind::kSpawnBegin, kRoot, 2);
  Start(101, kRoot, "/bin/sh");
  Open(101, "lib");
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh", "R 101 lib"));
}

TEST_F(MergeTest, ASlowSpawnedChildIsNotHeldBackByAnotherThreadsSpawn) {
  Send(Kind::kSpawnBegin, kRoot, 1);
  Send(Kind::kSpawnBegin, kRoot, 2);
  ForkByParent(kRoot, 101);
  Send(Kind::kSpawnEnd, kRoot, 1, 101);
  Start(101, kRoot, "/bin/sh");
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh"));
}

TEST_F(MergeTest, ASpawnedChildMayBeUntraced) {
  host_.images["/work/s"] = {"/work/s", "statically linked"};
  ForkByParent(kRoot, 101);
  Exec(101, "s", wire::kSaidOfSpawned);
  Waited(kRoot, 101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /work/s",
                                   "# untraced 101 /work/s: statically linked",
                                   "X 101 0 0"));
}

TEST_F(MergeTest, WhatTheParentSaysOfASpawnedExecMayBeLate) {
  Start(101, kRoot, "/bin/sh");
  ForkByParent(kRoot, 101);
  Exec(101, "/bin/sh", wire::kSaidOfSpawned);
  merge_.Ended(101, Exited(0));
  Start(102, kRoot, "/bin/sh");
  merge_.Ended(102, Exited(0));
  ForkByParent(kRoot, 102);
  Exec(102, "/bin/sh", wire::kSaidOfSpawned);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh", "X 101 0 0",
                                   "F 100 102", "E 102 /bin/sh", "X 102 0 0"));
  EXPECT_EQ(merge_.alive(), 1u);
}

TEST_F(MergeTest, DescendantsWaitWithTheSpawnedChild) {
  Send(Kind::kSpawnBegin, kRoot, 1);
  Start(101, kRoot, "/bin/sh");
  ForkByParent(101, 102);
  Open(102, "x");
  Start(103, 101, "/bin/ls");
  merge_.Ended(103, Exited(0));
  Waited(101, 102, Exited(0));
  merge_.Ended(101, Exited(7));
  Waited(kRoot, 101, Exited(7));  // by another thread
  EXPECT_THAT(Lines(), IsEmpty());
  ForkByParent(kRoot, 101);
  Open(101, "out", wire::kWrites);
  Send(Kind::kSpawnEnd, kRoot, 1, 101);
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", "W 101 out", "E 101 /bin/sh",
                          "F 101 102", "R 102 x", "F 101 103", "E 103 /bin/ls",
                          "X 103 0 0", "X 102 0 0", "X 101 7 0"));
  EXPECT_EQ(merge_.alive(), 1u);
}

TEST_F(MergeTest, AChildOfAnotherThreadsSystemIsReleasedWhenNoSpawnIsLeft) {
  Send(Kind::kSpawnBegin, kRoot, 1);
  Send(Kind::kSpawnBegin, kRoot, 2);
  Start(101, kRoot, "/bin/sh");
  Send(Kind::kSpawnEnd, kRoot, 1, 0);
  EXPECT_THAT(Lines(), IsEmpty());
  Send(Kind::kSpawnBegin, kRoot, 3);  // later than the child
  Send(Kind::kSpawnEnd, kRoot, 2, 0);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh"));
}

TEST_F(MergeTest, TheParentsEndReleasesWhatItHeldUp) {
  Send(Kind::kSpawnBegin, kRoot, 1);
  Start(101, kRoot, "/bin/sh");
  merge_.Ended(kRoot, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh", "X 100 0 9"));
}

TEST_F(MergeTest, TheSessionsEndReleasesWhatIsHeldBack) {
  Send(Kind::kSpawnBegin, kRoot, 1);
  Start(101, kRoot, "/bin/sh");
  merge_.Finish();
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", "E 101 /bin/sh",
                          "# running 100 /bin/root", "# running 101 /bin/sh"));
}

TEST_F(MergeTest, AForkedChildIsNotHeldBack) {
  Send(Kind::kSpawnBegin, kRoot, 1);
  ForkByChild(kRoot, 101);
  Start(101, kRoot, "/bin/sh");
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh"));
}

// A signal ends it between the fork and its word of it.
TEST_F(MergeTest, AKilledProcessLeavesItsChildrenAsItsOwn) {
  ForkByParent(kRoot, 101);
  Lines();
  host_.orphans = {kRoot, 102, 103};
  merge_.Ended(101, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("F 101 102", "F 101 103", "X 101 0 9"));
  // Their own word comes late, and the dead are not born again.
  ForkByChild(101, 102);
  merge_.Ended(102, Exited(0));
  ForkByParent(kRoot, 104);
  merge_.Ended(104, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("X 102 0 0", "F 100 104", "X 104 0 9"));
}

TEST_F(MergeTest, AnUntracedProcessLeavesItsChildrenAsItsOwn) {
  ForkByParent(kRoot, 101);
  Exec(101, "/bin/static");
  Start(102, 101, "/bin/true");
  Lines();
  host_.orphans = {103};
  merge_.Ended(101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("F 101 103", "X 101 0 0"));
}

// Its parent was killed before it could ask for its name.
TEST_F(MergeTest, AnOrphansParentIsSomebodyWhoIsGone) {
  ForkByParent(kRoot, 101);
  ForkByParent(kRoot, 102);
  Lines();
  host_.gone = {102};
  Start(103, 1, "/bin/sh");
  ForkByChild(1, 104);
  merge_.Ended(102, SIGKILL);
  Start(105, 1, "/bin/sh");
  EXPECT_THAT(Lines(), ElementsAre("F 102 103", "E 103 /bin/sh", "F 102 104",
                                   "X 102 0 9", "F 100 105", "E 105 /bin/sh"));
}

TEST_F(MergeTest, ATracedProcessHasSpokenOfItsChildren) {
  ForkByParent(kRoot, 101);
  Lines();
  host_.orphans = {102};
  merge_.Ended(101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("X 101 0 0"));
}

TEST_F(MergeTest, WhatWasHeldBackMayEndTheParentFirst) {
  ForkByParent(kRoot, 101);
  ForkByParent(101, 102);
  merge_.Ended(101, Exited(0));
  Send(Kind::kSpawnBegin, 102, 1);
  Start(103, 102, "/bin/sh");
  Waited(103, 102, Exited(3));  // not true, but possible
  Lines();
  merge_.Ended(102, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("F 102 103", "E 103 /bin/sh", "X 102 3 0"));
}

TEST_F(MergeTest, WhatAnUntoldChildHeldBackMayEndItsParentFirst) {
  ForkByParent(kRoot, 101);
  ForkByParent(101, 102);
  merge_.Ended(101, Exited(0));
  ForkByParent(102, 103);
  Send(Kind::kSpawnBegin, 103, 1);
  Start(104, 103, "/bin/sh");
  Waited(104, 102, Exited(3));  // not true, but possible
  merge_.Ended(103, absl::nullopt);
  Lines();
  merge_.Ended(102, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("F 103 104", "E 104 /bin/sh",
                                   "# unknown exit status of 103", "X 103 0 0",
                                   "X 102 3 0"));
  EXPECT_EQ(merge_.alive(), 2u);
}

// ---- Tracers ----------------------------------------------------------------

TEST_F(MergeTest, ATracersWordCountsWhereNobodyElseTells) {
  const auto tell = [this](pid_t tracee, int status) {
    Send(Kind::kTraceeEnded, 101, tracee, status);
  };
  for (pid_t pid = 101; pid < 105; ++pid) ForkByParent(kRoot, pid);
  Lines();
  // A thread, and a process that lives.
  host_.living = {102};
  tell(4711, Exited(1));
  tell(102, Exited(1));
  EXPECT_THAT(Lines(), IsEmpty());
  // Before the kernel tells of the end, after it, and against its word.
  host_.living = {};
  tell(102, Exited(2));
  merge_.Ended(102, absl::nullopt);
  merge_.Ended(103, absl::nullopt);
  tell(103, Exited(3));
  tell(104, Exited(4));
  merge_.Ended(104, Exited(5));
  EXPECT_THAT(Lines(), ElementsAre("X 102 2 0", "X 103 3 0", "X 104 5 0"));
}

// ---- Lies -------------------------------------------------------------------

TEST_F(MergeTest, NobodyEndsALivingProcess) {
  ForkByParent(kRoot, 101);
  ForkByParent(kRoot, 102);
  Lines();
  host_.living = {101};
  Waited(102, 101, Exited(0));
  Waited(102, kRoot, Exited(0));
  ForkByParent(102, 101);
  ForkByParent(102, 101);
  Open(101, "a");
  Open(kRoot, "b");
  EXPECT_THAT(Lines(),
              ElementsAre("# refused records of 102: not its own, or not true",
                          "R 101 a", "R 100 b"));
  // Nor does the parent.
  Waited(kRoot, 101, Exited(0));
  EXPECT_THAT(Lines(),
              ElementsAre("# refused the word of 100 that 101 has ended"));
  host_.living = {};
  Waited(kRoot, 101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("X 101 0 0"));
}

TEST_F(MergeTest, LeavesOutWhatOthersSay) {
  ForkByParent(kRoot, 101);
  Lines();
  proof_ = 7;
  Open(kRoot, "forged");
  Open(101, "forged");
  Open(101, "forged");
  EXPECT_THAT(
      Lines(),
      ElementsAre("# refused records of 100: not its own, or not true",
                  "# refused records of 101: not its own, or not true"));
  merge_.Finish();
  EXPECT_THAT(Lines(), Contains("# refused 3 records in all"));
}

TEST_F(MergeTest, MarksRefusedRecordsOfManyWithFewComments) {
  proof_ = 7;
  for (pid_t pid = 1000; pid < 3000; ++pid) Open(pid, "forged");
  EXPECT_THAT(Lines(), SizeIs(100));
  merge_.Finish();
  EXPECT_THAT(Lines(), Contains("# refused 2000 records in all"));
}

TEST_F(MergeTest, MarksAProcessThatOnlyItselfTellsOf) {
  Start(101, kRoot, "/bin/sh");
  merge_.Ended(101, absl::nullopt);
  merge_.Ended(kRoot, 0);
  EXPECT_THAT(Lines(),
              Contains("# unproven 101 /bin/sh: nobody else has told of this "
                       "process"));
}

TEST_F(MergeTest, BelievesTheChildrenOfTheUntraced) {
  host_.images["/bin/static"] = {"/bin/static", "statically linked"};
  Exec(kRoot, "/bin/static");
  Start(101, kRoot, "/bin/sh");
  merge_.Ended(101, absl::nullopt);
  merge_.Ended(kRoot, 0);
  EXPECT_THAT(Lines(), Not(Contains(HasSubstr("unproven"))));
}

// An emulator and the program in it both tell of a fork.
TEST_F(MergeTest, SwallowsForksThatAnEmulatorRepeats) {
  host_.proofs[kRoot] = 7;
  const auto both = [this](bool by_child) {
    for (const uint32_t proof : {0, 7}) {
      proof_ = proof;
      by_child ? ForkByChild(kRoot, 101) : ForkByParent(kRoot, 101);
    }
  };
  both(/*by_child=*/true);
  both(/*by_child=*/false);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101"));
  Waited(kRoot, 101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("X 101 0 0"));
  // The pid in use again, and an end between the two words.
  proof_ = 0;
  ForkByParent(kRoot, 101);
  Waited(kRoot, 101, Exited(0));
  proof_ = 7;
  ForkByParent(kRoot, 101);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 0 0"));
}

// ---- Invariants -------------------------------------------------------------

TEST_F(MergeTest, ForgetsThoseThatEnded) {
  for (int round = 0; round < 3; ++round) {
    for (pid_t pid = 1000; pid < 5000; ++pid) {
      ForkByParent(kRoot, pid);
      ForkByChild(kRoot, pid);
      Waited(kRoot, pid, Exited(0));
    }
  }
  EXPECT_EQ(merge_.alive(), 1u);
  EXPECT_EQ(log_.count('F'), 12000u);
  EXPECT_EQ(log_.count('X'), 12000u);
}

}  // namespace
}  // namespace filemon
