// What a traced process writes into the session's pipe, or calls its files,
// harms nobody but itself.
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

// ---- The pipe ---------------------------------------------------------------

// The writer, with honest processes before, beside and after it. The one beside
// it lives as long: of the dead others may say what they like, as who has their
// numbers next does.
constexpr char kAmongOthers[] =
    ": > seen1; mkfifo gate; "
    "{ i=0; while [ $i -lt 50 ]; do : > seen2; i=$((i+1)); done; "
    "read x; exit 3; } < gate & "
    "exec 9> gate; \"$0\" \"$1\"; exec 9>&-; "
    ": > seen3; cat seen1; wait $!; echo $?; (: > seen4)";

class HostileWriterTest : public testing::TestWithParam<const char*> {
 protected:
  TracedRun Run() {
    return RunBoth({"/bin/sh", "-c", kAmongOthers,
                    HardProgram("hostile_writer"), GetParam()});
  }
};

TEST_P(HostileWriterTest, LosesNothingOfOthers) {
  const TracedRun run = Run();
  std::vector<std::string> seen = run.Seen();
  std::sort(seen.begin(), seen.end());
  std::vector<std::string> expected = {"R seen1", "W seen1"};
  expected.insert(expected.end(), 50, "W seen2");
  expected.insert(expected.end(), {"W seen3", "W seen4"});
  EXPECT_EQ(seen, expected);
  const pid_t shell = PidOf(run.log, "/sh");
  EXPECT_EQ(ExitOf(run.log, shell), "0 0");
  for (const LogRecord& record : run.log) {
    if (record.path == "seen2") {
      EXPECT_EQ(ExitOf(run.log, record.pid), "3 0");
    }
    EXPECT_THAT(record.path, Not(HasSubstr("forged\n")));
    EXPECT_NE(record.path, "forged");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, HostileWriterTest,
    testing::Values("garbage", "garbage_with_cookies", "cut_short",
                    "unfinished", "interleaved", "killings",
                    "impossible_numbers", "endless_spawns", "forged_lines",
                    "invent", "meddle_with_the_pipe", "impossible_stamps",
                    "false_lanes", "all_lanes", "full_overflow", "ruined_head"),
    [](const auto& info) { return info.param; });

// Who speaks in the name of others may be believed, where nobody can tell that
// it is not true; but takes nothing away from what they say themselves.
TEST(HostileTest, SlanderTakesNothingAway) {
  for (const char* name : {"slander_family", "slander_stranger"}) {
    FilemonProcess filemon;
    const Result result = filemon.Run(
        {"/bin/sh", "-c", kAmongOthers, HardProgram("hostile_writer"), name});
    EXPECT_EQ(result.exit_status, 0);
    EXPECT_EQ(result.out, "3\n");
    std::map<std::string, int> writes;
    for (const LogRecord& record : filemon.Log()) {
      if (record.letter == 'W') ++writes[record.path];
    }
    EXPECT_EQ(writes["seen1"], 1) << name;
    EXPECT_EQ(writes["seen2"], 50) << name;
    EXPECT_EQ(writes["seen3"], 1) << name;
    EXPECT_EQ(writes["seen4"], 1) << name;
    EXPECT_EQ(ExitOf(filemon.Log(), PidOf(filemon.Log(), "/sh")), "0 0");
  }
}

// They are said, as losses are, and nothing else comes of it.
TEST(HostileTest, InventedLosses) {
  FilemonProcess filemon;
  const Result result =
      filemon.Run({"/bin/sh", "-c", "\"$0\" ruined_losses; : > seen; exit 3",
                   HardProgram("hostile_writer")});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_THAT(result.err, HasSubstr("records are lost\n"));
  EXPECT_THAT(RecordsOf(filemon.Log(), PidOf(filemon.Log(), "/sh")),
              Contains("W seen"));
}

TEST(HostileTest, GarbageIsMarked) {
  for (const char* name : {"garbage", "cut_short"}) {
    FilemonProcess filemon;
    filemon.Run({HardProgram("hostile_writer"), name});
    EXPECT_THAT(Comments(filemon.Log(), "dropped"),
                ElementsAre(HasSubstr("bytes that were no records")))
        << name;
  }
  FilemonProcess filemon;
  filemon.Run({HardProgram("hostile_writer"), "unfinished"});
  EXPECT_THAT(Comments(filemon.Log(), "dropped"),
              ElementsAre(HasSubstr("incomplete records")));
}

TEST(HostileTest, WhatIsOfOthersIsMarked) {
  for (const char* name : {"killings", "slander_family", "slander_stranger"}) {
    FilemonProcess filemon;
    filemon.Run({"/bin/sh", "-c", absl::StrCat("\"$0\" ", name, "; :"),
                 HardProgram("hostile_writer")});
    EXPECT_THAT(Comments(filemon.Log(), "refused"),
                Contains(HasSubstr("records in all")))
        << name;
  }
}

TEST(HostileTest, AProcessThatNobodyKnowsIsMarked) {
  FilemonProcess filemon;
  filemon.Run(
      {"/bin/sh", "-c", "\"$0\" invent; :", HardProgram("hostile_writer")});
  const pid_t invented = PidOf(filemon.Log(), "/invented");
  EXPECT_THAT(Comments(filemon.Log(), "unproven"),
              ElementsAre(HasSubstr(absl::StrCat(invented, " /invented"))));
}

// ---- Names ------------------------------------------------------------------

TracedRun RunNames(const std::string& name) {
  return RunBoth({HardProgram("name_cases"), name});
}

// The log's text behind "LETTER PID " of the lines that have it.
std::vector<std::string> Lines(const TracedRun& run) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(
           ReadFile(absl::StrCat(run.folder, "/filemon.out")), '\n')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::MaxSplits(' ', 2));
    if (words.size() == 3 && words[0] != "#") {
      lines.push_back(absl::StrCat(words[0], " ", words[2]));
    }
  }
  return lines;
}

TEST(NamesTest, EveryByte) {
  const TracedRun run = RunNames("odd_bytes");
  std::vector<std::string> expected;
  for (int c = 1; c < 256; ++c) {
    if (c == '/' || c == '.') continue;
    expected.push_back(
        absl::StrCat("W ", c == '\n' ? "\\n" : std::string(1, c)));
  }
  EXPECT_THAT(Lines(run), IsSupersetOf(expected));
}

TEST(NamesTest, ThatLookLikeTheLog) {
  EXPECT_THAT(
      Lines(RunNames("odd_names")),
      IsSupersetOf({"W a\\nX 1 0 0", "W \\n", "W  two  blanks ",
                    "W it's 'quoted' \"twice\"", "W \xff\xfe\x80 no utf-8 \xc3",
                    "W # filemon version 5", "W tab\tbell\a",
                    "L 'to 'there'\\n' 'link'", "M '\\n' 'new\\nline'"}));
}

TEST(NamesTest, SlashesStay) {
  EXPECT_THAT(Lines(RunNames("slashes")),
              IsSupersetOf({"R dir/", "R dir//.//../dir///", "W //dev//null",
                            "D dir/"}));
}

TEST(NamesTest, EmptyStringsAreFailures) {
  for (const std::string& line : Lines(RunNames("empty_strings"))) {
    EXPECT_TRUE(absl::StartsWith(line, "E /") ||
                absl::StartsWith(line, "R /") || absl::StartsWith(line, "X 0"))
        << line;
  }
}

std::string Longest(const std::string& name) {
  return absl::StrCat(".", std::string(PATH_MAX - 2 - name.size(), '/'), name);
}

TEST(NamesTest, TheLongest) {
  const TracedRun run = RunNames("longest_names");
  const std::string from = Longest("b");
  const std::string to = Longest("c");
  EXPECT_THAT(
      Lines(run),
      IsSupersetOf({absl::StrCat("W ", std::string(NAME_MAX, 'p')),
                    absl::StrCat("W ", Longest("a")),
                    absl::StrCat("M '", Longest("a"), "' '", from, "'"),
                    absl::StrCat("A ", from), absl::StrCat("A ", to),
                    absl::StrCat("M '", run.folder, "/", from, "' '",
                                 run.folder, "/", to, "'"),
                    absl::StrCat("L '", to, "' '", Longest("d"), "'")}));
}

// No path leads there: what counts is that it goes on.
TEST(NamesTest, ADirectoryTooDeepForAPath) {
  const TracedRun run = RunNames("deepest_directory");
  EXPECT_THAT(Lines(run), Contains("W bottom"));
}

}  // namespace
}  // namespace filemon
