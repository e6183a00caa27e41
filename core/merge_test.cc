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
using ::testing::Each;
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
  bool Lives(ProcessKey, pid_t pid, pid_t, uint64_t, uint64_t said) override {
    return living.count(pid) > 0 && looked <= said;
  }
  bool Gone(ProcessKey, pid_t pid) override { return gone.count(pid) > 0; }
  absl::optional<int> StatusOf(ProcessKey process, pid_t, uint64_t,
                               uint64_t) override {
    const auto it = statuses.find(process);
    return it != statuses.end() ? absl::optional<int>(it->second)
                                : absl::nullopt;
  }
  absl::optional<Handed> HandedTo(pid_t pid) override {
    const auto it = handed.find(pid);
    return it != handed.end() ? absl::optional<Handed>(it->second)
                              : absl::nullopt;
  }
  // Nothing is a symbolic link.
  std::string RealPath(absl::string_view path) override {
    return std::string(path);
  }

  std::vector<pid_t> orphans;
  std::set<pid_t> living;
  uint64_t looked = 0;
  std::set<pid_t> gone;
  std::map<std::string, Image> images;
  std::map<pid_t, pid_t> parents;
  std::map<ProcessKey, int> statuses;
  std::map<pid_t, Handed> handed;
};

class MergeTest : public ::testing::Test {
 protected:
  explicit MergeTest(PathStyle style = PathStyle::kGiven)
      : merge_(style, &host_, &log_) {
    merge_.Root(kRoot, LifeOf(kRoot), "/bin/root", "/work");
    Start(kRoot, 1, "/bin/root", "/work");
    Lines();
  }

  // That of the process which has a pid now.
  uint32_t LifeOf(pid_t pid) {
    return lives_.emplace(pid, 1000000 + pid).first->second;
  }
  ProcessKey Key(pid_t pid) { return KeyOf(pid, LifeOf(pid)); }
  // A pid is another process's from now on.
  void Renew(pid_t pid) { lives_[pid] = next_life_++; }

  Record Make(Kind kind, pid_t pid, int32_t a = 0, int32_t b = 0) {
    Record record;
    record.kind = kind;
    record.pid = pid;
    record.life = LifeOf(pid);
    record.a = a;
    record.b = b;
    return record;
  }
  void Send(Kind kind, pid_t pid, int32_t a = 0, int32_t b = 0,
            std::vector<std::string> names = {}) {
    Record record = Make(kind, pid, a, b);
    for (size_t i = 0; i < names.size(); ++i) record.names[i] = names[i];
    merge_.Accept(record);
  }
  // An image that nobody has told of has its parent's environment.
  void Start(pid_t pid, pid_t parent, const std::string& path,
             const std::string& cwd = "") {
    const bool is_known = pid == kRoot || known_.count(Key(pid)) > 0;
    if (!is_known && parent > 1) Names(Kind::kDescends, pid, parent);
    known_.insert(Key(pid));
    Send(Kind::kStart, pid, parent, 0, {path, cwd});
  }
  void Open(pid_t pid, const std::string& name, int32_t access = wire::kReads) {
    Send(Kind::kOpen, pid, access, 0, {"", name});
  }
  // A record of a process that names another.
  void Names(Kind kind, pid_t pid, pid_t other) {
    Send(kind, pid, other, static_cast<int32_t>(LifeOf(other)));
  }
  void ForkByParent(pid_t pid, pid_t child) {
    known_.insert(Key(child));
    Names(Kind::kFork, pid, child);
  }
  void ForkByChild(pid_t pid, pid_t child) {
    known_.insert(Key(child));
    Names(Kind::kForked, child, pid);
  }
  void SpawnBegin(pid_t pid, pid_t child) {
    Send(Kind::kSpawnBegin, pid, static_cast<int32_t>(LifeOf(child)));
  }
  void SpawnEnd(pid_t pid, pid_t child) {
    Send(Kind::kSpawnEnd, pid, static_cast<int32_t>(LifeOf(child)));
  }
  void FileAction(Kind kind, pid_t pid, int32_t access,
                  std::vector<std::string> names) {
    Send(kind, pid, access | wire::kByFileAction, 0, std::move(names));
  }
  void Exec(pid_t pid, const std::string& name, int32_t a = 0) {
    Send(Kind::kExec, pid, a, 0, {"", name});
  }
  void Waited(pid_t pid, pid_t child, int status) {
    Send(Kind::kChildEnded, pid, child, status);
  }
  void Ended(pid_t pid, absl::optional<int> status) {
    merge_.BeginRound();
    merge_.Ended(Key(pid), status);
  }

  // What was written since the last call.
  std::vector<std::string> Lines() {
    EXPECT_TRUE(log_.Flush().ok());
    std::vector<std::string> lines =
        absl::StrSplit(std::exchange(text_, ""), '\n', absl::SkipEmpty());
    return lines;
  }

  std::map<pid_t, uint32_t> lives_;
  uint32_t next_life_ = 1;
  std::set<ProcessKey> known_;
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
  EXPECT_THAT(merge_.TakeAppeared(), SizeIs(2));
  EXPECT_EQ(merge_.processes(), 3u);
}

TEST_F(MergeTest, SwallowsTheParentsLateReport) {
  ForkByChild(kRoot, 101);
  Ended(101, Exited(0));
  ForkByParent(kRoot, 101);
  Waited(kRoot, 101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 0 0"));
}

// Of thousands that have ended between two looks.
TEST_F(MergeTest, SwallowsTheParentsLateReportsOfACrowd) {
  for (pid_t pid = 1000; pid < 11000; ++pid) {
    ForkByChild(kRoot, pid);
    Ended(pid, Exited(0));
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
  Renew(101);
  ForkByParent(kRoot, 101);
  ForkByChild(kRoot, 101);
  Ended(101, Exited(0));
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", "X 101 4 0", "F 100 101", "X 101 0 0"));
}

TEST_F(MergeTest, AnEndedPidMayComeAgain) {
  ForkByParent(kRoot, 101);
  Waited(kRoot, 101, Exited(0));
  Renew(101);
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
  Ended(101, SIGKILL);
  ForkByChild(101, 102);
  // Nothing of a process comes after its X.
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 0 9", "F 100 102"));
}

// ---- Execs ------------------------------------------------------------------

TEST_F(MergeTest, AStartConfirmsAnExec) {
  Exec(kRoot, "/bin/a");
  Start(kRoot, 1, "/bin/a");
  Ended(kRoot, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("E 100 /bin/a", "X 100 0 0"));
  EXPECT_EQ(merge_.untraced(), 0u);
}

TEST_F(MergeTest, AFailedExecLeavesNothing) {
  Exec(kRoot, "/bin/a");
  Send(Kind::kExecFailed, kRoot);
  Ended(kRoot, Exited(0));
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
  Ended(kRoot, Exited(0));
  EXPECT_THAT(Lines(),
              ElementsAre("E 100 /bin/static-sh",
                          "# untraced 100 /bin/static-sh: statically linked",
                          "X 100 0 0"));
}

TEST_F(MergeTest, AnImageThatIsKnownNotToLoadUs) {
  Exec(kRoot, "/bin/a", wire::kHandedOver);
  Ended(kRoot, 0);
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
  Ended(kRoot, SIGKILL);
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
  Ended(102, Exited(0));
  Ended(101, Exited(0));
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
  Ended(kRoot, Exited(0));
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
  Ended(kRoot, Exited(0));
  EXPECT_EQ(Lines().front(), "E 100 /d/s");
}

TEST_F(MergeTest, TheRootsOwnExecMayBeUntraced) {
  Merge merge(PathStyle::kGiven, &host_, &log_);
  host_.images["/w/s"] = {"/w/s", "statically linked"};
  merge.Root(200, 5, "s", "/w");
  merge.Ended(KeyOf(200, 5), Exited(2));
  EXPECT_THAT(Lines(), ElementsAre("E 200 /w/s",
                                   "# untraced 200 /w/s: statically linked",
                                   "X 200 2 0"));
}

// ---- Ends -------------------------------------------------------------------

TEST_F(MergeTest, ANoticeOfAnExitIsNotTheEnd) {
  Send(Kind::kExit, kRoot, 3);
  Open(kRoot, "by-an-exit-handler");
  EXPECT_THAT(Lines(), ElementsAre("R 100 by-an-exit-handler"));
  Ended(kRoot, Exited(3));
  EXPECT_THAT(Lines(), ElementsAre("X 100 3 0"));
}

TEST_F(MergeTest, TheKernelsWordCountsMoreThanTheProcesss) {
  Send(Kind::kExit, kRoot, 3);
  Ended(kRoot, SIGSEGV);
  EXPECT_THAT(Lines(), ElementsAre("X 100 0 11"));
}

TEST_F(MergeTest, TheParentsReportEndsAProcess) {
  ForkByParent(kRoot, 101);
  Send(Kind::kExit, 101, 3);
  Waited(kRoot, 101, SIGTERM);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 0 15"));
  EXPECT_THAT(merge_.TakeEnded(), ElementsAre(Key(101)));
  EXPECT_FALSE(merge_.Alive(Key(101)));
  Ended(101, absl::nullopt);
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(MergeTest, TheParentsReportOfAnUnknownChildIsAllThereIsOfIt) {
  Waited(kRoot, 101, Exited(1));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 1 0"));
}

TEST_F(MergeTest, AnEndWithoutStatusWaitsForTheParent) {
  ForkByParent(kRoot, 101);
  Send(Kind::kExit, 101, 3);
  Ended(101, absl::nullopt);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101"));
  EXPECT_FALSE(merge_.Alive(Key(101)));
  EXPECT_EQ(merge_.alive(), 1u);
  Waited(kRoot, 101, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("X 101 0 9"));
}

TEST_F(MergeTest, AParentIsNotWaitedForWithoutBounds) {
  for (pid_t pid = 1000; pid < 3000; ++pid) {
    ForkByParent(kRoot, pid);
    Ended(pid, absl::nullopt);
  }
  EXPECT_EQ(log_.count('X'), 2000u - 1024u);
}

TEST_F(MergeTest, AParentThatEndsWillNotTell) {
  ForkByParent(kRoot, 101);
  ForkByParent(kRoot, 102);
  Send(Kind::kExit, 101, 3);
  Ended(101, absl::nullopt);
  Ended(102, absl::nullopt);
  Ended(kRoot, Exited(0));
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
  Ended(102, absl::nullopt);
  EXPECT_THAT(Lines(), ElementsAre("X 102 1 0"));
}

TEST_F(MergeTest, ANamelessStatusGoesToTheChildThatAwaitsOne) {
  Start(101, kRoot, "/bin/sh");
  Lines();
  Ended(101, absl::nullopt);
  EXPECT_THAT(Lines(), IsEmpty());
  Send(Kind::kSomeChildEnded, kRoot, 0, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("X 101 0 9"));
}

TEST_F(MergeTest, ANamelessStatusAwaitsItsChild) {
  Start(101, kRoot, "/bin/sh");
  Lines();
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(2));
  EXPECT_THAT(Lines(), IsEmpty());
  Ended(101, absl::nullopt);
  EXPECT_THAT(Lines(), ElementsAre("X 101 2 0"));
}

TEST_F(MergeTest, ANamelessStatusGoesToWhoAnnouncedIt) {
  Start(101, kRoot, "/bin/sh");
  Start(102, kRoot, "/bin/sh");
  Send(Kind::kExit, 101, 1);
  Send(Kind::kExit, 102, 2);
  Lines();
  Ended(101, absl::nullopt);
  Ended(102, absl::nullopt);
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
  Ended(101, absl::nullopt);
  Ended(102, absl::nullopt);
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
  Ended(101, Exited(2));
  host_.gone = {101, 102};
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(2));
  Open(102, "late");
  Send(Kind::kExit, 102, 4);
  Ended(102, Exited(4));
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
  Ended(101, absl::nullopt);
  EXPECT_THAT(Lines(), ElementsAre("X 101 3 0"));
}

TEST_F(MergeTest, ANamelessStatusIsUsedOnce) {
  // The kernel tells of the first child before its parent does.
  Start(101, kRoot, "/bin/sh");
  Ended(101, Exited(5));
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(5));
  // The parent tells of the second first.
  Start(102, kRoot, "/bin/sh");
  Send(Kind::kSomeChildEnded, kRoot, 0, Exited(6));
  Ended(102, Exited(6));
  Lines();
  // Neither status is left for the third.
  Start(103, kRoot, "/bin/sh");
  Ended(103, absl::nullopt);
  EXPECT_THAT(Lines(), ElementsAre("F 100 103", "E 103 /bin/sh"));
}

TEST_F(MergeTest, ANamelessStatusIsNotForAForkedChild) {
  ForkByParent(kRoot, 101);
  ForkByChild(kRoot, 102);
  Ended(101, absl::nullopt);
  Ended(102, absl::nullopt);
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
  Ended(103, absl::nullopt);
  Ended(kRoot, Exited(0));
  Lines();
  merge_.Finish();
  EXPECT_THAT(Lines(),
              ElementsAre("# running 101 /bin/root", "E 102 /bin/d",
                          "# untraced 102 /bin/d: libfilemon.so was not loaded",
                          "# running 102 /bin/d"));
}

// ---- posix_spawn() ----------------------------------------------------------

TEST_F(MergeTest, ASpawnedChildWaitsForWhatItsFileActionsDid) {
  SpawnBegin(kRoot, 101);
  Start(101, kRoot, "/bin/sh");
  Open(101, "lib");
  EXPECT_THAT(Lines(), IsEmpty());
  ForkByParent(kRoot, 101);
  FileAction(Kind::kChdir, 101, 0, {"/dir"});
  FileAction(Kind::kOpen, 101, wire::kWrites, {"", "out"});
  Exec(101, "/bin/sh", wire::kSaidOfSpawned);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "C 101 /dir", "W 101 out"));
  SpawnEnd(kRoot, 101);
  EXPECT_THAT(Lines(), ElementsAre("E 101 /bin/sh", "R 101 lib"));
  Ended(101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("X 101 0 0"));
}

TEST_F(MergeTest, ASpawnedChildThatIsSlowIsNotHeldBack) {
  SpawnBegin(kRoot, 101);
  ForkByParent(kRoot, 101);
  FileAction(Kind::kOpen, 101, wire::kWrites, {"", "out"});
  Exec(101, "/bin/sh", wire::kSaidOfSpawned);
  SpawnEnd(kRoot, 101);
  Start(101, kRoot, "/bin/sh");
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "W 101 out", "E 101 /bin/sh"));
}

TEST_F(MergeTest, WhatComesAmidTheParentsReportIsHeldBack) {
  SpawnBegin(kRoot, 101);
  ForkByParent(kRoot, 101);
  Start(101, kRoot, "/bin/sh");
  FileAction(Kind::kOpen, 101, wire::kWrites, {"", "out"});
  SpawnEnd(kRoot, 101);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "W 101 out", "E 101 /bin/sh"));
}

TEST_F(MergeTest, ASlowSpawnedChildIsNotHeldBackByAnotherSpawn) {
  SpawnBegin(kRoot, 101);
  SpawnBegin(kRoot, 102);
  ForkByParent(kRoot, 101);
  SpawnEnd(kRoot, 101);
  Start(101, kRoot, "/bin/sh");
  Open(101, "lib");
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh", "R 101 lib"));
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
  Ended(101, Exited(0));
  Start(102, kRoot, "/bin/sh");
  Ended(102, Exited(0));
  ForkByParent(kRoot, 102);
  Exec(102, "/bin/sh", wire::kSaidOfSpawned);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh", "X 101 0 0",
                                   "F 100 102", "E 102 /bin/sh", "X 102 0 0"));
  EXPECT_EQ(merge_.alive(), 1u);
}

TEST_F(MergeTest, DescendantsWaitWithTheSpawnedChild) {
  SpawnBegin(kRoot, 101);
  Start(101, kRoot, "/bin/sh");
  ForkByParent(101, 102);
  Open(102, "x");
  Start(103, 101, "/bin/ls");
  Ended(103, Exited(0));
  Waited(101, 102, Exited(0));
  Ended(101, Exited(7));
  Waited(kRoot, 101, Exited(7));  // by another thread
  EXPECT_THAT(Lines(), IsEmpty());
  ForkByParent(kRoot, 101);
  FileAction(Kind::kOpen, 101, wire::kWrites, {"", "out"});
  SpawnEnd(kRoot, 101);
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", "W 101 out", "E 101 /bin/sh",
                          "F 101 102", "R 102 x", "F 101 103", "E 103 /bin/ls",
                          "X 103 0 0", "X 102 0 0", "X 101 7 0"));
  EXPECT_EQ(merge_.alive(), 1u);
}

TEST_F(MergeTest, AChildOfAnotherThreadsSystemIsNotHeldBack) {
  SpawnBegin(kRoot, 101);
  Start(102, kRoot, "/bin/sh");
  EXPECT_THAT(Lines(), ElementsAre("F 100 102", "E 102 /bin/sh"));
}

TEST_F(MergeTest, TheParentsEndReleasesWhatItHeldUp) {
  SpawnBegin(kRoot, 101);
  Start(101, kRoot, "/bin/sh");
  Ended(kRoot, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh", "X 100 0 9"));
}

TEST_F(MergeTest, TheSessionsEndReleasesWhatIsHeldBack) {
  SpawnBegin(kRoot, 101);
  Start(101, kRoot, "/bin/sh");
  merge_.Finish();
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", "E 101 /bin/sh",
                          "# running 100 /bin/root", "# running 101 /bin/sh"));
}

TEST_F(MergeTest, AForkedChildIsNotHeldBack) {
  SpawnBegin(kRoot, 102);
  ForkByChild(kRoot, 101);
  Start(101, kRoot, "/bin/sh");
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh"));
}

// A signal ends it between the fork and its word of it.
TEST_F(MergeTest, AKilledProcessLeavesItsChildrenAsItsOwn) {
  ForkByParent(kRoot, 101);
  Lines();
  host_.orphans = {kRoot, 102, 103};
  Ended(101, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("F 101 102", "F 101 103", "X 101 0 9"));
  // Their own word comes late, and the dead are not born again.
  ForkByChild(101, 102);
  Ended(102, Exited(0));
  ForkByParent(kRoot, 104);
  Ended(104, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("X 102 0 0", "F 100 104", "X 104 0 9"));
}

TEST_F(MergeTest, AnOrphanMaySpeakLater) {
  ForkByParent(kRoot, 101);
  host_.orphans = {102};
  Ended(101, SIGKILL);
  Names(Kind::kDescends, 102, 101);
  Open(102, "x");
  Ended(102, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "F 101 102", "X 101 0 9",
                                   "R 102 x", "X 102 0 0"));
}

TEST_F(MergeTest, AnUntracedProcessLeavesItsChildrenAsItsOwn) {
  ForkByParent(kRoot, 101);
  Exec(101, "/bin/static");
  Start(102, 101, "/bin/true");
  Lines();
  host_.orphans = {103};
  Ended(101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("F 101 103", "X 101 0 0"));
}

TEST_F(MergeTest, ATracedProcessHasSpokenOfItsChildren) {
  ForkByParent(kRoot, 101);
  Lines();
  host_.orphans = {102};
  Ended(101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("X 101 0 0"));
}

TEST_F(MergeTest, WhatWasHeldBackMayEndTheParentFirst) {
  ForkByParent(kRoot, 101);
  ForkByParent(101, 102);
  Ended(101, Exited(0));
  SpawnBegin(102, 103);
  Start(103, 102, "/bin/sh");
  Waited(103, 102, Exited(3));  // not true, but possible
  Lines();
  Ended(102, SIGKILL);
  EXPECT_THAT(Lines(), ElementsAre("F 102 103", "E 103 /bin/sh", "X 102 3 0"));
}

TEST_F(MergeTest, WhatAnUntoldChildHeldBackMayEndItsParentFirst) {
  ForkByParent(kRoot, 101);
  ForkByParent(101, 102);
  Ended(101, Exited(0));
  ForkByParent(102, 103);
  SpawnBegin(103, 104);
  Start(104, 103, "/bin/sh");
  Waited(104, 102, Exited(3));  // not true, but possible
  Ended(103, absl::nullopt);
  Lines();
  Ended(102, SIGKILL);
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
  Ended(102, absl::nullopt);
  Ended(103, absl::nullopt);
  tell(103, Exited(3));
  tell(104, Exited(4));
  Ended(104, Exited(5));
  EXPECT_THAT(Lines(), ElementsAre("X 102 2 0", "X 103 3 0", "X 104 5 0"));
}

// ---- Numbers that come round ------------------------------------------------

// Within one look, and with another parent: nobody has told of the first's end
// yet.
TEST_F(MergeTest, ANumberThatComesRoundIsAnotherProcess) {
  ForkByParent(kRoot, 102);
  ForkByParent(kRoot, 101);
  Send(Kind::kExit, 101, 4);
  Lines();
  const ProcessKey first = Key(101);
  Renew(101);
  ForkByChild(102, 101);
  Open(101, "x");
  EXPECT_THAT(Lines(), ElementsAre("X 101 4 0", "F 102 101", "R 101 x"));
  // What is said of the first is late.
  merge_.Ended(first, SIGKILL);
  Waited(kRoot, 101, Exited(4));
  EXPECT_THAT(Lines(), IsEmpty());
  Ended(101, Exited(0));
  ForkByParent(102, 101);
  Waited(102, 101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("X 101 0 0"));
}

TEST_F(MergeTest, TheKernelTellsHowTheFirstEnded) {
  ForkByParent(kRoot, 101);
  host_.statuses[Key(101)] = SIGSEGV;
  Renew(101);
  ForkByParent(kRoot, 101);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 0 11", "F 100 101"));
}

// Its pidfd was opened when the number was the second's already.
TEST_F(MergeTest, WhoHasMadeBothKnows) {
  ForkByParent(kRoot, 102);
  ForkByParent(kRoot, 101);
  host_.living = {101};
  Renew(101);
  ForkByParent(kRoot, 101);
  Renew(101);
  host_.parents[101] = 102;
  ForkByParent(102, 101);
  EXPECT_THAT(Lines(), Not(Contains(HasSubstr("refused"))));
  EXPECT_EQ(log_.count('F'), 4u);
}

TEST_F(MergeTest, AParentsWordIsOfTheChildThatHadTheNumberThen) {
  ForkByParent(kRoot, 101);
  Send(Kind::kExit, 101, 1);
  Renew(101);
  ForkByParent(kRoot, 101);
  Lines();
  host_.living = {101};
  Waited(kRoot, 101, Exited(1));
  EXPECT_THAT(Lines(), IsEmpty());
  host_.living = {};
  Waited(kRoot, 101, Exited(2));
  EXPECT_THAT(Lines(), ElementsAre("X 101 2 0"));
}

// The machine is looked at when the parent has made the next, which has the
// same number.
TEST_F(MergeTest, AParentKnowsItsChildrenBetterThanALateLook) {
  const auto at = [this](uint64_t stamp, Record record) {
    record.stamp = stamp;
    record.names[1] = "x";
    merge_.Accept(record);
  };
  const auto named = [this](Kind kind, pid_t pid, pid_t other) {
    return Make(kind, pid, other, static_cast<int32_t>(LifeOf(other)));
  };
  host_.living = {101};
  host_.looked = 100;
  at(10, named(Kind::kForked, 101, kRoot));
  at(20, named(Kind::kFork, kRoot, 101));
  // It was killed.
  at(30, Make(Kind::kChildEnded, kRoot, 101, SIGKILL));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 0 9"));
  Renew(101);
  at(40, named(Kind::kForked, 101, kRoot));
  at(50, Make(Kind::kOpen, 101, wire::kReads));
  at(60, named(Kind::kFork, kRoot, 101));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "R 101 x"));
  // But nobody ends who was there before.
  at(110, Make(Kind::kChildEnded, kRoot, 101, SIGKILL));
  at(5, Make(Kind::kChildEnded, kRoot, 101, SIGKILL));
  EXPECT_THAT(Lines(), Each(HasSubstr("refused")));
}

// system() or popen() twice: the first shell has the number that the second
// gets at once.
TEST_F(MergeTest, LibcsChildrenMayFollowUponEachOther) {
  const auto at = [this](uint64_t stamp, Kind kind, pid_t pid, int32_t a,
                         int32_t b = 0) {
    Record record = Make(kind, pid, a, b);
    record.stamp = stamp;
    record.names[0] = "/bin/sh";
    merge_.Accept(record);
  };
  host_.living = {101};
  host_.looked = 100;
  host_.handed[101] = {kRoot, LifeOf(kRoot), 0};
  for (const int status : {Exited(3), SIGKILL, Exited(0)}) {
    Renew(101);
    Names(Kind::kDescends, 101, kRoot);
    at(10, Kind::kStart, 101, kRoot);
    if (WIFEXITED(status)) at(20, Kind::kExit, 101, WEXITSTATUS(status));
    at(30, Kind::kSomeChildEnded, kRoot, 0, status);
  }
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh", "X 101 3 0",
                                   "F 100 101", "E 101 /bin/sh", "X 101 0 9",
                                   "F 100 101", "E 101 /bin/sh", "X 101 0 0"));
}

// The same three times, by vfork() and by fork(), whose children have been
// looked at before their parent has waited for them, or after.
TEST_F(MergeTest, AParentsWordIsOfEachOfItsChildren) {
  const auto at = [this](uint64_t stamp, Kind kind, pid_t pid, int32_t a,
                         int32_t b) {
    Record record = Make(kind, pid, a, b);
    record.stamp = stamp;
    merge_.Accept(record);
  };
  const auto life = [this](pid_t pid) {
    return static_cast<int32_t>(LifeOf(pid));
  };
  at(10, Kind::kForked, 101, kRoot, life(kRoot));
  at(20, Kind::kChildEnded, kRoot, 101, Exited(1));
  Renew(101);
  host_.living = {101};
  host_.looked = 100;
  at(30, Kind::kForked, 101, kRoot, life(kRoot));
  at(40, Kind::kExit, 101, 2, 0);
  at(50, Kind::kChildEnded, kRoot, 101, Exited(2));
  Renew(101);
  at(60, Kind::kFork, kRoot, 101, life(101));
  at(70, Kind::kForked, 101, kRoot, life(kRoot));
  Open(101, "x");
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "X 101 1 0", "F 100 101",
                                   "X 101 2 0", "F 100 101", "R 101 x"));
}

// The first is killed, and its parent does not say so.
TEST_F(MergeTest, ALateLookDoesNotMakeTwoChildrenOne) {
  host_.living = {101};
  host_.looked = 100;
  ForkByChild(kRoot, 101);
  Renew(101);
  Record forked = Make(Kind::kForked, 101, kRoot, LifeOf(kRoot));
  forked.stamp = 50;
  merge_.Accept(forked);
  Open(101, "x");
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "# unknown exit status of 101",
                                   "X 101 0 0", "F 100 101", "R 101 x"));
}

TEST_F(MergeTest, ADeathIsTheirsWhoHadTheNumber) {
  Record fork = Make(Kind::kFork, kRoot, 101, 7);
  fork.stamp = 10;
  merge_.Accept(fork);
  fork.b = 8;
  fork.stamp = 20;
  merge_.Accept(fork);
  EXPECT_EQ(merge_.Find(101, 15), absl::nullopt);
  EXPECT_EQ(merge_.Find(101, 25), KeyOf(101, 8));
  EXPECT_EQ(merge_.Find(102, 25), absl::nullopt);
}

// ---- Who has made whom ------------------------------------------------------

// popen() without pclose(): the shell starts when its parent is no more to be
// asked.
TEST_F(MergeTest, AnOrphanSaysWhoseEnvironmentItHas) {
  ForkByParent(kRoot, 101);
  Start(101, kRoot, "/bin/x");
  Names(Kind::kDescends, 102, 101);
  Send(Kind::kStart, 102, 1, 0, {"/bin/sh", ""});
  Ended(102, absl::nullopt);
  Ended(101, Exited(0));
  EXPECT_THAT(
      Lines(),
      ElementsAre("F 100 101", "E 101 /bin/x", "F 101 102", "E 102 /bin/sh",
                  "# unknown exit status of 102", "X 102 0 0", "X 101 0 0"));
}

TEST_F(MergeTest, LibcsChildIsNamedByItsPid) {
  Send(Kind::kFork, kRoot, 101, 0);
  Names(Kind::kDescends, 101, kRoot);
  Send(Kind::kStart, 101, 1, 0, {"/bin/sh", ""});
  // Or afterwards.
  Start(102, kRoot, "/bin/sh");
  Send(Kind::kFork, kRoot, 102, 0);
  // Or when it has ended.
  Start(103, kRoot, "/bin/sh");
  Ended(103, Exited(0));
  Send(Kind::kFork, kRoot, 103, 0);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/sh", "F 100 102",
                                   "E 102 /bin/sh", "F 100 103",
                                   "E 103 /bin/sh", "X 103 0 0"));
}

TEST_F(MergeTest, ThoseInBetweenAppear) {
  host_.images["/s"] = {"/s", "statically linked"};
  ForkByParent(kRoot, 101);
  Exec(101, "/s");
  Names(Kind::kDescends, 103, 101);
  Send(Kind::kAncestor, 103, 102, 101);
  Send(Kind::kStart, 103, 102, 0, {"/bin/true", ""});
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", "E 101 /s",
                          "# untraced 101 /s: statically linked", "F 101 102",
                          "F 102 103", "E 103 /bin/true"));
}

// posix_spawn() of a static program: its children find the life that was meant
// for it.
TEST_F(MergeTest, WhoFindsALifeIsNotAlwaysMeant) {
  const auto found = [this](pid_t pid, pid_t parent) {
    Send(Kind::kFoundLife, pid, static_cast<int32_t>(LifeOf(101)));
    Names(Kind::kDescends, pid, kRoot);
    Send(Kind::kStart, pid, parent, 0, {"/bin/true", ""});
  };
  ForkByParent(kRoot, 101);
  Exec(101, "/s", wire::kSaidOfSpawned);
  Lines();
  found(102, 101);
  EXPECT_THAT(Lines(), Contains("F 101 102"));
  // It is, if it has the pid: an orphan.
  const uint32_t meant = LifeOf(101);
  Renew(101);
  Send(Kind::kFoundLife, 101, static_cast<int32_t>(meant));
  Names(Kind::kDescends, 101, kRoot);
  Send(Kind::kStart, 101, 1, 0, {"/bin/cat", ""});
  EXPECT_THAT(Lines(), ElementsAre("E 101 /bin/cat"));
}

// As an orphan's parent has not been able to say it yet.
TEST_F(MergeTest, WhoFindsALifeMayBeNamedLater) {
  const uint32_t meant = LifeOf(101);
  Renew(101);
  Send(Kind::kFoundLife, 101, static_cast<int32_t>(meant));
  Names(Kind::kDescends, 101, kRoot);
  Send(Kind::kStart, 101, 1, 0, {"/bin/cat", ""});
  Send(Kind::kFork, kRoot, 101, static_cast<int32_t>(meant));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "E 101 /bin/cat"));
}

// By a system call that no wrapper saw.
TEST_F(MergeTest, AnExecWithoutAWord) {
  ForkByParent(kRoot, 101);
  Lines();
  Renew(101);
  Names(Kind::kDescends, 101, kRoot);
  Send(Kind::kStart, 101, kRoot, 0, {"/bin/cat", ""});
  EXPECT_THAT(Lines(), ElementsAre("E 101 /bin/cat"));
  // Another child of the same parent, as this one has said that it ends.
  Send(Kind::kExit, 101, 3);
  Renew(101);
  Names(Kind::kDescends, 101, kRoot);
  Send(Kind::kStart, 101, kRoot, 0, {"/bin/cat", ""});
  EXPECT_THAT(Lines(), ElementsAre("X 101 3 0", "F 100 101", "E 101 /bin/cat"));
}

// An atfork handler speaks before it can know its life.
TEST_F(MergeTest, AForkedChildMayHaveDrawnALife) {
  ForkByChild(kRoot, 101);
  const uint32_t own = LifeOf(101);
  Renew(101);
  ForkByParent(kRoot, 101);
  ForkByParent(kRoot, 102);
  Renew(102);
  ForkByChild(kRoot, 102);
  lives_[101] = own;
  Open(101, "x");
  Open(102, "y");
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", "F 100 102", "R 101 x", "R 102 y"));
}

// An emulator and the program in it have drawn one each.
TEST_F(MergeTest, AnEmulatedForkIsOne) {
  Start(kRoot, 1, "/usr/bin/qemu-x86_64");
  Lines();
  const uint32_t emulators = LifeOf(101);
  ForkByChild(kRoot, 101);
  Renew(101);
  ForkByChild(kRoot, 101);
  ForkByParent(kRoot, 101);
  Open(101, "x");
  lives_[101] = emulators;
  ForkByParent(kRoot, 101);
  Waited(kRoot, 101, Exited(0));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "R 101 x", "X 101 0 0"));
}

// ---- Other pid namespaces ---------------------------------------------------

class NamespaceMergeTest : public MergeTest {
 protected:
  static constexpr uint32_t kSpace = 77;
  static constexpr pid_t kFirst = wire::kPidLimit;

  // A record of a process with a life, in a namespace of its own.
  void In(uint32_t space, Kind kind, pid_t pid, uint32_t life, int32_t a,
          int32_t b = 0) {
    Record record;
    record.kind = kind;
    record.pid_namespace = space;
    record.pid = pid;
    record.life = life;
    record.a = a;
    record.b = b;
    record.names[1] = "x";
    merge_.Accept(record);
  }
};

TEST_F(NamespaceMergeTest, TheFirstOfANamespaceKnowsItsNumber) {
  In(kSpace, Kind::kEntered, 1, 5, 101, 0);
  In(kSpace, Kind::kForked, 1, 5, kRoot, LifeOf(kRoot));
  Send(Kind::kFork, kRoot, 101, 5);
  In(kSpace, Kind::kOpen, 1, 5, wire::kReads);
  In(kSpace, Kind::kFork, 1, 5, 2, 6);
  In(kSpace, Kind::kOpen, 2, 6, wire::kReads);
  In(kSpace, Kind::kChildEnded, 1, 5, 2, Exited(3));
  Waited(kRoot, 101, Exited(0));
  const std::string second = absl::StrCat(kFirst + 2);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "R 101 x", "F 101 " + second,
                                   "R " + second + " x", "X " + second + " 3 0",
                                   "X 101 0 0"));
}

// Its parent sees it by another pid, and neither sees the other's.
TEST_F(NamespaceMergeTest, AProcessOfTwoNamesIsOne) {
  Send(Kind::kFork, kRoot, 101, 5);
  In(kSpace, Kind::kForked, 1, 5, kRoot, LifeOf(kRoot));
  In(kSpace, Kind::kOpen, 1, 5, wire::kReads);
  Waited(kRoot, 101, Exited(0));
  In(kSpace + 1, Kind::kForked, 1, 6, kRoot, LifeOf(kRoot));
  Send(Kind::kFork, kRoot, 102, 6);
  Waited(kRoot, 102, Exited(0));
  const std::string other = absl::StrCat(kFirst + 1);
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "R 101 x", "X 101 0 0",
                                   "F 100 " + other, "X " + other + " 0 0"));
}

// Its parent speaks of it late, and by another number.
TEST_F(NamespaceMergeTest, AProcessOfTwoNamesHasEnded) {
  In(kSpace, Kind::kEntered, 1, 5, 101, 0);
  In(kSpace, Kind::kForked, 1, 5, kRoot, LifeOf(kRoot));
  In(kSpace + 1, Kind::kEntered, 1, 6, 102, 0);
  In(kSpace + 1, Kind::kForked, 1, 6, 1, 5);
  merge_.Ended(KeyOf(1, 6), Exited(3));
  In(kSpace, Kind::kFork, 1, 5, 2, 6);
  In(kSpace, Kind::kChildEnded, 1, 5, 2, Exited(3));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "F 101 102", "X 102 3 0"));
}

// Until its exec it was in its parent's memory, and spoke by the number that
// its parent knows.
TEST_F(NamespaceMergeTest, TheNextImageSeesAnotherNumber) {
  In(0, Kind::kForked, 101, 5, kRoot, LifeOf(kRoot));
  In(0, Kind::kOpen, 101, 5, wire::kReads);
  In(kSpace, Kind::kStart, 1, 5, 0);
  In(kSpace, Kind::kOpen, 1, 5, wire::kReads);
  Waited(kRoot, 101, Exited(3));
  EXPECT_THAT(Lines(), ElementsAre("F 100 101", "R 101 x",
                                   "E 101 (a program without a name)",
                                   "R 101 x", "X 101 3 0"));
}

TEST_F(NamespaceMergeTest, ANamespaceEndsWithItsInit) {
  Send(Kind::kFork, kRoot, 101, 5);
  In(kSpace, Kind::kForked, 1, 5, kRoot, LifeOf(kRoot));
  In(kSpace, Kind::kFork, 1, 5, 2, 6);
  In(kSpace, Kind::kExit, 2, 6, 7);
  Lines();
  Waited(kRoot, 101, SIGKILL);
  EXPECT_THAT(Lines(),
              ElementsAre("X 101 0 9", absl::StrCat("X ", kFirst + 2, " 7 0")));
  // Its inode number becomes another's, whose numbers are new.
  Renew(101);
  Send(Kind::kFork, kRoot, 101, 7);
  In(kSpace, Kind::kForked, 1, 7, kRoot, LifeOf(kRoot));
  In(kSpace, Kind::kFork, 1, 7, 2, 8);
  EXPECT_THAT(Lines(),
              ElementsAre("F 100 101", absl::StrCat("F 101 ", 2 * kFirst + 2)));
}

// ---- Lies -------------------------------------------------------------------

TEST_F(MergeTest, NobodyEndsALivingProcess) {
  ForkByParent(kRoot, 101);
  ForkByParent(kRoot, 102);
  Lines();
  host_.living = {101};
  host_.parents[101] = kRoot;
  Waited(102, 101, Exited(0));
  Waited(102, kRoot, Exited(0));
  // Nor by calling it a child that is another.
  const uint32_t life = LifeOf(101);
  Renew(101);
  ForkByParent(102, 101);
  ForkByChild(102, 101);
  lives_[101] = life;
  Open(101, "a");
  Open(kRoot, "b");
  EXPECT_THAT(Lines(),
              ElementsAre("# refused the word of 102 that 101 has ended",
                          "# refused the word of 102 that 100 has ended",
                          "# refused records of 102: another process has this "
                          "number",
                          "# refused records of 101: another process has this "
                          "number",
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
  host_.living = {101};
  host_.parents[101] = kRoot;
  Renew(kRoot);
  Renew(101);
  Open(kRoot, "forged");
  Open(101, "forged");
  Start(101, kRoot, "/forged");
  EXPECT_THAT(
      Lines(),
      ElementsAre("# refused records of 100: another process has this number",
                  "# refused records of 101: another process has this number"));
  merge_.Finish();
  EXPECT_THAT(Lines(), Contains("# refused 3 records in all"));
}

// The kernel has the last word of what a process was given.
TEST_F(MergeTest, AnImageOfAnUnknownMaker) {
  ForkByParent(kRoot, 101);
  Start(101, kRoot, "/bin/x");
  host_.living = {101};
  host_.parents[101] = kRoot;
  Lines();
  Renew(101);
  host_.handed[101] = {101, LifeOf(101), 0};
  Send(Kind::kStart, 101, kRoot, 0, {"/bin/y", ""});
  EXPECT_THAT(Lines(), ElementsAre("E 101 /bin/y"));
}

TEST_F(MergeTest, MarksRefusedRecordsOfManyWithFewComments) {
  for (pid_t pid = 1000; pid < 3000; ++pid) {
    ForkByParent(kRoot, pid);
    host_.living.insert(pid);
    Renew(pid);
  }
  Lines();
  for (pid_t pid = 1000; pid < 3000; ++pid) Open(pid, "forged");
  EXPECT_THAT(Lines(), SizeIs(100));
  merge_.Finish();
  EXPECT_THAT(Lines(), Contains("# refused 2000 records in all"));
}

TEST_F(MergeTest, MarksAProcessThatOnlyItselfTellsOf) {
  Send(Kind::kStart, 101, kRoot, 0, {"/bin/sh", ""});
  Ended(101, absl::nullopt);
  Ended(kRoot, 0);
  EXPECT_THAT(Lines(),
              Contains("# unproven 101 /bin/sh: nobody else has told of this "
                       "process"));
}

TEST_F(MergeTest, BelievesTheChildrenOfTheUntraced) {
  host_.images["/bin/static"] = {"/bin/static", "statically linked"};
  Exec(kRoot, "/bin/static");
  Start(101, kRoot, "/bin/sh");
  Ended(101, absl::nullopt);
  Ended(kRoot, 0);
  EXPECT_THAT(Lines(), Not(Contains(HasSubstr("unproven"))));
}

// ---- Invariants -------------------------------------------------------------

TEST_F(MergeTest, ForgetsThoseThatEnded) {
  for (int round = 0; round < 3; ++round) {
    for (pid_t pid = 1000; pid < 5000; ++pid) {
      Renew(pid);
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
