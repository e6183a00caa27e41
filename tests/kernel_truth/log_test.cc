#include "tests/kernel_truth/log.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace truth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Log Read(absl::string_view records) {
  return ReadLog(
      absl::StrCat("# filemon version 5\n# Target pid 1\n# Start 1.5\n"
                   "V 5\n",
                   records, "# Stop 2.5\n# Bye bye\n"),
      "/w");
}

TEST(ReadLog, SplitsByProcess) {
  const Log log = Read(
      "E 1 /bin/sh\nF 1 2\nR 2 a b\nX 2 3 0\n"
      "# untraced 1 /bin/st: statically linked\nX 1 0 9\n");
  EXPECT_THAT(log.violations, IsEmpty());
  EXPECT_EQ(log.target, 1);
  ASSERT_EQ(log.processes.size(), 2u);
  EXPECT_EQ(log.processes[0].records.size(), 3u);
  EXPECT_THAT(log.processes[0].untraced,
              ElementsAre("/bin/st: statically linked"));
  EXPECT_EQ(log.processes[1].records[0].text, "a b");
}

TEST(ReadLog, FollowsTheDirectory) {
  const Log log = Read(
      "E 1 /bin/sh\nC 1 /x\nF 1 2\nR 2 a\nC 2 /y\nM 2 'a' '../b'\nX 2 0 0\n"
      "R 1 ./c\nX 1 0 0\n");
  EXPECT_THAT(log.violations, IsEmpty());
  EXPECT_EQ(log.processes[1].records[0].absolute, "/x/a");
  EXPECT_EQ(log.processes[1].records[2].absolute, "'/y/a' '/b'");
  EXPECT_EQ(log.processes[0].records[3].absolute, "/x/c");
}

TEST(ReadLog, JoinsAtNamesWithTheirRecord) {
  const Log log = Read(
      "E 1 /bin/sh\nA 1 n\nR 1 /d/n\nW 1 /d/n\nA 1 a\nA 1 b\nM 1 '/d/a' "
      "'/e/b'\nX 1 0 0\n");
  EXPECT_THAT(log.violations, IsEmpty());
  const std::vector<Record>& records = log.processes[0].records;
  EXPECT_THAT(records[1].at_names, ElementsAre("n"));
  EXPECT_THAT(records[2].at_names, ElementsAre("n"));
  EXPECT_THAT(records[3].at_names, ElementsAre("a", "b"));
}

TEST(ReadLog, GivesAReusedNumberAnotherProcess) {
  const Log log =
      Read("E 1 /a\nF 1 2\nX 2 0 0\nF 1 2\nR 2 x\nX 2 1 0\nX 1 0 0\n");
  EXPECT_THAT(log.violations, IsEmpty());
  EXPECT_EQ(log.processes.size(), 3u);
}

TEST(ReadLog, SeesWhatNoLogMayHave) {
  const auto all = [](const Log& log) {
    return absl::StrJoin(log.violations, "; ");
  };
  EXPECT_THAT(all(Read("E 1 /a\nR 2 x\nX 1 0 0\n")), HasSubstr("no F"));
  EXPECT_THAT(all(Read("E 1 /a\nF 1 2\nX 2 0 0\nR 2 x\n")), HasSubstr("no F"));
  EXPECT_THAT(all(Read("E 1 /a\nF 1 2\nR 2 x\nF 1 2\n")),
              HasSubstr("there already"));
  EXPECT_THAT(all(Read("E 1 /a\nF 1 2\nA 1 x\nR 2 x\n")),
              HasSubstr("an A without"));
  EXPECT_THAT(all(Read("E 1 /a\nQ 1 x\n")), HasSubstr("no record"));
  EXPECT_THAT(all(Read("E 1 /a\n#oops\n")), HasSubstr("comment"));
  EXPECT_THAT(all(Read("E 1 /a\n# filemon again said\n")),
              HasSubstr("second header"));
  EXPECT_THAT(all(ReadLog("", "/")), HasSubstr("no header"));
  EXPECT_THAT(
      all(ReadLog("# filemon version 5\n# Target pid 1\nV 5\nX 1 0 0\n", "/")),
      HasSubstr("no trailer"));
}

}  // namespace
}  // namespace truth
}  // namespace filemon
