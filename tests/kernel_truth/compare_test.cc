#include "tests/kernel_truth/compare.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace truth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Expected E(char letter, const std::string& text,
           const std::string& absolute = "", const std::string& flags = "") {
  Expected expected;
  expected.record.letter = letter;
  expected.record.text = text;
  expected.record.absolute = absolute.empty() ? text : absolute;
  expected.flags = flags;
  return expected;
}

Process Truth(int pid, std::vector<Expected> records) {
  Process process;
  process.pid = pid;
  process.ended = true;
  process.records = std::move(records);
  return process;
}

class CompareTest : public ::testing::Test {
 protected:
  Verdict Judge(const std::vector<Process>& truth, absl::string_view records) {
    const Log log =
        ReadLog(absl::StrCat("# filemon version 5\n# Target pid 1\nV 5\n",
                             records, "# Stop 2.5\n# Bye bye\n"),
                "/w");
    CompareOptions options;
    options.untraceable = [this](const std::string&) { return untraceable_; };
    options.absolute_paths = absolute_paths_;
    return Compare(truth, log, options);
  }

  Untraceable untraceable_ = Untraceable::kYes;
  bool absolute_paths_ = false;
  const std::vector<Process> three_ = {
      Truth(1, {E('E', "/p"), E('R', "a", "/w/a"), E('R', "b", "/w/b"),
                E('R', "a", "/w/a"), E('X', "0 0")})};
};

TEST_F(CompareTest, AcceptsWhatIsRight) {
  const Verdict verdict =
      Judge(three_, "E 1 /p\nR 1 a\nR 1 b\nR 1 a\nX 1 0 0\n");
  EXPECT_TRUE(verdict.ok()) << verdict.Report();
  EXPECT_EQ(verdict.matched, 5);
  EXPECT_THAT(verdict.respelled, IsEmpty());
}

TEST_F(CompareTest, SeesMissing) {
  const Verdict verdict = Judge(three_, "E 1 /p\nR 1 b\nR 1 a\nX 1 0 0\n");
  EXPECT_THAT(verdict.missing, ElementsAre("R 1 a"));
  EXPECT_THAT(verdict.misordered, IsEmpty());
  EXPECT_FALSE(verdict.ok());
}

TEST_F(CompareTest, SeesExtra) {
  const Verdict verdict =
      Judge(three_, "E 1 /p\nR 1 a\nR 1 b\nW 1 b\nR 1 a\nX 1 0 0\n");
  EXPECT_THAT(verdict.extra, ElementsAre("W 1 b"));
  EXPECT_FALSE(verdict.ok());
}

TEST_F(CompareTest, SeesWrongOrder) {
  const Verdict verdict =
      Judge({Truth(1, {E('E', "/p"), E('R', "a"), E('R', "b"), E('X', "0 0")})},
            "E 1 /p\nR 1 b\nR 1 a\nX 1 0 0\n");
  EXPECT_EQ(verdict.misordered.size(), 1u);
  EXPECT_THAT(verdict.missing, IsEmpty());
  EXPECT_THAT(verdict.extra, IsEmpty());
  EXPECT_FALSE(verdict.ok());
}

TEST_F(CompareTest, ALibraryOfLibcsOwnMayComeLate) {
  std::vector<Expected> records = {E('E', "/p"), E('R', "/l"), E('R', "/l"),
                                   E('R', "a"), E('X', "0 0")};
  records[2].late = true;
  const std::string late = "E 1 /p\nR 1 /l\nR 1 a\nR 1 /l\nX 1 0 0\n";
  EXPECT_TRUE(Judge({Truth(1, records)}, late).ok());
  // It may not be absent, and others may not come late.
  EXPECT_THAT(
      Judge({Truth(1, records)}, "E 1 /p\nR 1 /l\nR 1 a\nX 1 0 0\n").missing,
      ElementsAre("R 1 /l"));
  records[2].late = false;
  EXPECT_EQ(Judge({Truth(1, records)}, late).misordered.size(), 1u);
}

TEST_F(CompareTest, ThreadsHaveNoOrderAmongThem) {
  Process process =
      Truth(1, {E('E', "/p"), E('R', "a"), E('R', "b"), E('X', "0 0")});
  process.threaded = true;
  process.records[1].tid = 2;
  EXPECT_TRUE(Judge({process}, "E 1 /p\nR 1 b\nR 1 a\nX 1 0 0\n").ok());
  EXPECT_FALSE(Judge({process}, "E 1 /p\nR 1 b\nR 1 b\nX 1 0 0\n").ok());
}

TEST_F(CompareTest, EachThreadHasAnOrder) {
  Process process = Truth(1, {E('E', "/p"), E('F', "7"), E('R', "b"),
                              E('F', "8"), E('R', "b"), E('X', "0 0")});
  process.threaded = true;
  process.records[2].tid = process.records[4].tid = 2;
  const std::vector<Process> truth = {process, Truth(7, {E('X', "0 0")}),
                                      Truth(8, {E('X', "0 0")})};
  const std::string ends = "X 7 0 0\nX 8 0 0\nX 1 0 0\n";
  EXPECT_TRUE(Judge(truth, "E 1 /p\nR 1 b\nR 1 b\nF 1 7\nF 1 8\n" + ends).ok());
  const Verdict verdict =
      Judge(truth, "E 1 /p\nR 1 b\nF 1 8\nF 1 7\nR 1 b\n" + ends);
  EXPECT_THAT(verdict.misordered, ElementsAre("F 1 7"));
  EXPECT_THAT(verdict.missing, IsEmpty());
}

TEST_F(CompareTest, AThreadsMissingRecordIsNotOutOfOrder) {
  Process process = Truth(
      1, {E('E', "/p"), E('R', "/etc/group", "", "O_RDONLY|O_CLOEXEC"),
          E('R', "a"), E('R', "/etc/group", "", "O_RDONLY"), E('X', "0 0")});
  process.threaded = true;
  const Verdict verdict =
      Judge({process}, "E 1 /p\nR 1 a\nR 1 /etc/group\nX 1 0 0\n");
  EXPECT_TRUE(verdict.ok()) << verdict.Report();
}

TEST_F(CompareTest, TellsTheLivesOfAPidApart) {
  const auto life = [](int parent, const std::string& name) {
    Process process = Truth(7, {E('R', name), E('X', "0 0")});
    process.parent = parent;
    return process;
  };
  const std::vector<Process> truth = {
      Truth(1, {E('E', "/p"), E('F', "2"), E('F', "7"), E('F', "7"),
                E('X', "0 0")}),
      Truth(2, {E('F', "7"), E('X', "0 0")}), life(1, "a"), life(2, "b"),
      life(1, "c")};
  const std::string head = "E 1 /p\nF 1 2\nF 1 7\n";
  const std::string b = "F 2 7\nR 7 b\nX 7 0 0\n";
  const std::string tail = "F 1 7\nR 7 c\nX 7 0 0\nX 2 0 0\nX 1 0 0\n";
  EXPECT_TRUE(Judge(truth, head + "R 7 a\nX 7 0 0\n" + b + tail).ok());
  // Only what is missing is missing: the second life of three.
  const Verdict verdict = Judge(truth, head + "R 7 a\nX 7 0 0\n" + tail);
  EXPECT_THAT(verdict.missing, ElementsAre("F 2 7", "R 7 b", "X 7 0 0"));
  EXPECT_THAT(verdict.extra, IsEmpty());
}

TEST_F(CompareTest, AnHonestSessionIsNotDoubted) {
  const std::string right = "E 1 /p\nR 1 a\nR 1 b\nR 1 a\nX 1 0 0\n";
  for (const char* doubt :
       {"# refused records of 1: not its own, or not true\n",
        "# refused 3 records in all\n", "# unproven 1 /p: reason\n",
        "# lost 3 records of 1\n", "# dropped 2 incomplete records\n"}) {
    const Verdict verdict = Judge(three_, doubt + right);
    EXPECT_EQ(verdict.doubted.size(), 1u) << doubt;
    EXPECT_FALSE(verdict.ok());
  }
  EXPECT_TRUE(Judge(three_, "# running 2 /x\n" + right).ok());
}

TEST_F(CompareTest, NobodyMadeAStray) {
  Process process = Truth(2, {E('X', "0 0")});
  process.stray = true;
  std::vector<Process> truth = three_;
  truth.push_back(process);
  EXPECT_THAT(Judge(truth, "").violations,
              ::testing::Contains(HasSubstr("process 2: strace saw nobody")));
}

TEST_F(CompareTest, WantsTheNameAsGiven) {
  const Verdict verdict =
      Judge(three_, "E 1 /p\nR 1 ./a\nR 1 b\nR 1 a\nX 1 0 0\n");
  EXPECT_EQ(verdict.respelled.size(), 1u);
  EXPECT_FALSE(verdict.ok());
}

TEST_F(CompareTest, LetsDirectoriesBeRespelled) {
  const Verdict verdict = Judge(
      {Truth(1, {E('E', "/p"), E('R', "d", "/w/d", "O_RDONLY|O_DIRECTORY"),
                 E('X', "0 0")})},
      "E 1 /p\nR 1 ./d\nX 1 0 0\n");
  EXPECT_TRUE(verdict.ok()) << verdict.Report();
  EXPECT_EQ(verdict.reformed.size(), 1u);
}

TEST_F(CompareTest, AbsolutePathsAreClean) {
  absolute_paths_ = true;
  EXPECT_TRUE(
      Judge(three_, "E 1 /p\nR 1 /w/a\nR 1 /w/b\nR 1 /w/a\nX 1 0 0\n").ok());
  EXPECT_FALSE(
      Judge(three_, "E 1 /p\nR 1 /w/./a\nR 1 /w/b\nR 1 a\nX 1 0 0\n").ok());
}

TEST_F(CompareTest, ASignalMayComeInBetween) {
  Process process =
      Truth(1, {E('E', "/p"), E('R', "a"), E('R', "handler"), E('X', "0 0")});
  const std::string log = "E 1 /p\nR 1 handler\nR 1 a\nX 1 0 0\n";
  EXPECT_FALSE(Judge({process}, log).ok());
  process.records[1].interrupted = true;
  EXPECT_TRUE(Judge({process}, log).ok());
}

TEST_F(CompareTest, AThreadMayBeCutOff) {
  Process process = Truth(1, {E('E', "/p"), E('R', "a"), E('X', "0 0")});
  EXPECT_FALSE(Judge({process}, "E 1 /p\nX 1 0 0\n").ok());
  process.records[1].excuse = Cause::kCutOff;
  EXPECT_THAT(Judge({process}, "E 1 /p\nX 1 0 0\n").excused,
              ElementsAre("cut off: R 1 a"));
}

TEST_F(CompareTest, WantsTheAtName) {
  Expected at = E('R', "/d/n");
  at.record.at_names = {"n"};
  const std::vector<Process> truth = {
      Truth(1, {E('E', "/p"), at, E('X', "0 0")})};
  EXPECT_THAT(Judge(truth, "E 1 /p\nA 1 n\nR 1 /d/n\nX 1 0 0\n").respelled,
              IsEmpty());
  EXPECT_EQ(Judge(truth, "E 1 /p\nR 1 /d/n\nX 1 0 0\n").respelled.size(), 1u);
}

TEST_F(CompareTest, SeesWrongEnds) {
  EXPECT_THAT(Judge(three_, "E 1 /p\nR 1 a\nR 1 b\nR 1 a\nX 1 1 0\n").missing,
              ElementsAre("X 1 0 0"));
  EXPECT_FALSE(Judge(three_, "E 1 /p\nR 1 a\nR 1 b\nR 1 a\n").ok());
  EXPECT_FALSE(Judge(three_, "E 1 /p\nR 1 a\nR 1 b\nX 1 0 0\nR 1 a\n").ok());
}

TEST_F(CompareTest, DistrustsATruthWithoutEnd) {
  Process process = Truth(1, {E('E', "/p")});
  process.ended = false;
  EXPECT_FALSE(Judge({process}, "E 1 /p\n").ok());
}

TEST_F(CompareTest, SeesWholeProcesses) {
  std::vector<Process> two = three_;
  two.push_back(Truth(2, {E('X', "0 0")}));
  const Verdict missing = Judge(two, "E 1 /p\nR 1 a\nR 1 b\nR 1 a\nX 1 0 0\n");
  EXPECT_THAT(missing.missing, ElementsAre("X 2 0 0"));
  const Verdict extra =
      Judge(three_, "E 1 /p\nR 1 a\nR 1 b\nR 1 a\nF 1 2\nX 2 0 0\nX 1 0 0\n");
  EXPECT_THAT(extra.extra, ElementsAre("F 1 2", "X 2 0 0"));
}

TEST_F(CompareTest, ExcusesOnlyLibcsOwnOpens) {
  const std::vector<Process> truth = {
      Truth(1, {E('E', "/p"), E('R', "/etc/passwd", "", "O_RDONLY|O_CLOEXEC"),
                E('R', "/etc/passwd", "", "O_RDONLY"), E('X', "0 0")})};
  const Verdict verdict = Judge(truth, "E 1 /p\nX 1 0 0\n");
  EXPECT_THAT(verdict.missing, ElementsAre("R 1 /etc/passwd (O_RDONLY)"));
  EXPECT_EQ(verdict.libc_internal.at("NSS /etc/passwd"), 1);
}

TEST_F(CompareTest, ExcusesLibcsOpenAndNotTheProgramsOfTheSameFile) {
  const std::vector<Process> truth = {Truth(
      1,
      {E('E', "/p"), E('R', "/etc/passwd", "/etc/passwd", "O_RDONLY|O_CLOEXEC"),
       E('R', "/etc/passwd", "/etc/passwd", "O_RDONLY"), E('X', "0 0")})};
  const std::string one = "R 1 /etc/passwd\n";
  EXPECT_TRUE(Judge(truth, absl::StrCat("E 1 /p\n", one, "X 1 0 0\n")).ok());
  EXPECT_THAT(Judge(truth, "E 1 /p\nX 1 0 0\n").missing,
              ElementsAre("R 1 /etc/passwd (O_RDONLY)"));
}

TEST_F(CompareTest, UntracedNeedsItsLineAndAReason) {
  Process process = Truth(1, {E('E', "/st"), E('D', "x"), E('X', "0 0")});
  process.records[1].excuse = Cause::kUntracedImage;
  process.images.push_back({"/st", false, true});
  const std::string line = "# untraced 1 /st: statically linked\n";
  const std::string right = absl::StrCat("E 1 /st\n", line, "X 1 0 0\n");
  EXPECT_TRUE(Judge({process}, right).ok()) << Judge({process}, right).Report();
  EXPECT_EQ(Judge({process}, right).not_ours.at(Cause::kUntracedImage), 1);
  EXPECT_THAT(Judge({process}, "E 1 /st\nX 1 0 0\n").violations,
              ElementsAre(HasSubstr("no `# untraced` line")));
  untraceable_ = Untraceable::kNo;
  EXPECT_THAT(Judge({process}, right).violations,
              ElementsAre(HasSubstr("could have been traced")));
  process.images[0].rooted = true;
  EXPECT_TRUE(Judge({process}, right).ok());
  process.images[0].loaded = true;
  EXPECT_THAT(Judge({process}, right).violations,
              ElementsAre(HasSubstr("was traced")));
}

TEST_F(CompareTest, AProgramWithoutLibcNeedsItsLine) {
  Process process = Truth(1, {E('E', "/go"), E('R', "x"), E('X', "0 0")});
  process.records[1].excuse = Cause::kUntracedImage;
  process.images.push_back({"/go", true, true});
  process.images[0].bypasses_libc = true;
  EXPECT_THAT(Judge({process}, "E 1 /go\nX 1 0 0\n").violations,
              ElementsAre(HasSubstr("no `# unseen` line")));
  EXPECT_TRUE(
      Judge({process}, "E 1 /go\n# unseen 1 /go: reason\nX 1 0 0\n").ok());
}

TEST_F(CompareTest, AVanishedFileMayHaveBeenAScript) {
  Process process = Truth(1, {E('E', "/gone"), E('X', "0 0")});
  process.records[0].any_name = true;
  const Verdict verdict = Judge({process}, "E 1 /bin/sh\nX 1 0 0\n");
  EXPECT_TRUE(verdict.ok()) << verdict.Report();
  EXPECT_EQ(verdict.unverified, 1);
}

}  // namespace
}  // namespace truth
}  // namespace filemon
