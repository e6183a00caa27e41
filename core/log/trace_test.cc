#include "core/log/trace.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// "ACTION FILE [SECOND] PID#LIFE", where LIFE is the process's index.
class Recorder : public Listener {
 public:
  void On(const Event& event) override {
    constexpr absl::string_view kLetters = "RWEDMLCPN";
    events.push_back(
        absl::StrCat(kLetters.substr(static_cast<size_t>(event.action), 1), " ",
                     trace->names()[event.file],
                     event.second != kNoName
                         ? absl::StrCat(" ", trace->names()[event.second])
                         : "",
                     " ", event.process->pid, "#", event.process->index));
  }

  const Trace* trace = nullptr;
  std::vector<std::string> events;
};

class TraceTest : public testing::Test {
 protected:
  TraceTest() { recorder_.trace = &trace_; }

  void Read(absl::string_view text) {
    trace_.Begin("x.log");
    std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
    const bool cut_off = !lines.back().empty();
    lines.pop_back();
    for (absl::string_view line : lines) trace_.Line(line);
    trace_.End(cut_off);
  }

  Recorder recorder_;
  Trace trace_{&recorder_};
};

constexpr char kHead[] =
    "# filemon version 5\n# Target pid 7\n# Start 10.5\nV 5\n# Cwd /w\n"
    "# Command 'make' 'all'\n# Version filemon 0.1.0\n";
constexpr char kFoot[] = "# Stop 11.5\n# Bye bye\n";

TEST_F(TraceTest, NamesCountFromTheDirectoryOfTheirProcess) {
  Read(absl::StrCat(kHead,
                    "E 7 /bin/sh\nR 7 a/../b\nF 7 8\nC 7 /x\nR 7 c\nR 8 d\n"
                    "A 8 e\nW 8 /q/e\nM 8 'm' './n'\nL 8 '../t' 'sub/l'\n"
                    "X 8 3 0\nX 7 0 9\n",
                    kFoot));
  EXPECT_THAT(recorder_.events,
              ElementsAre("E /bin/sh 7#0", "R /w/b 7#0", "C /x 7#0",
                          "R /x/c 7#0", "R /w/d 8#1", "W /q/e 8#1",
                          "M /w/m /w/n 8#1", "L /t /w/sub/l 8#1"));
  EXPECT_EQ(trace_.cwd(), "/w");
  EXPECT_EQ(trace_.command(), "'make' 'all'");
  EXPECT_EQ(trace_.version(), "filemon 0.1.0");
  EXPECT_EQ(trace_.start(), 10.5);
  EXPECT_EQ(trace_.stop(), 11.5);
  EXPECT_TRUE(trace_.complete());
  ASSERT_NE(trace_.target(), nullptr);
  EXPECT_EQ(trace_.target()->signal, 9);
  EXPECT_EQ(trace_.processes()[1].status, 3);
  EXPECT_EQ(trace_.processes()[1].parent, &trace_.processes()[0]);
}

TEST_F(TraceTest, APidThatComesRoundIsAnotherProcess) {
  Read(absl::StrCat(kHead,
                    "F 7 8\nE 8 /bin/a\nX 8 1 0\nR 7 x\nF 7 8\nR 8 y\nX 8 2 0\n"
                    "X 7 0 0\n",
                    kFoot));
  EXPECT_THAT(recorder_.events,
              ElementsAre("E /bin/a 8#1", "R /w/x 7#0", "R /w/y 8#2"));
  EXPECT_EQ(trace_.processes()[1].status, 1);
  EXPECT_EQ(trace_.processes()[2].status, 2);
  EXPECT_THAT(trace_.processes()[2].images, IsEmpty());
}

TEST_F(TraceTest, WithoutADirectoryRelativeNamesStay) {
  Read("# filemon version 5\nV 5\nR 7 a/./b\nC 7 /d\nR 7 a\n# Bye bye\n");
  EXPECT_THAT(recorder_.events,
              ElementsAre("R a/b 7#0", "C /d 7#0", "R /d/a 7#0"));
}

TEST_F(TraceTest, SaysWhatIsMissing) {
  Read(absl::StrCat(
      kHead,
      "# untraced 7 /bin/x: statically linked\n# lost 3 records of "
      "7\n# unknown exit status of 7\nX 7 0 0\nnonsense\n"));
  EXPECT_EQ(trace_.gaps(Gap::kUntraced), 1u);
  EXPECT_EQ(trace_.gaps(Gap::kLost), 1u);
  EXPECT_EQ(trace_.gaps(Gap::kUnknownStatus), 1u);
  EXPECT_EQ(trace_.gaps(Gap::kMalformed), 1u);
  EXPECT_EQ(trace_.gaps(Gap::kIncomplete), 1u);
  EXPECT_EQ(trace_.malformed(),
            "x.log: line 12: nothing after the record type");
  EXPECT_THAT(trace_.explanations().back(), HasSubstr("x.log: ends without"));
  EXPECT_FALSE(trace_.complete());
}

TEST_F(TraceTest, WhatIsNoLogIsNone) {
  Read("int main() {\nR x\n  return 0;\n}\nX marks the spot\n");
  EXPECT_TRUE(trace_.is_no_log());
  EXPECT_THAT(recorder_.events, IsEmpty());
}

TEST_F(TraceTest, OfBmakeTheLogBehindItsOwnLines) {
  Read(
      "# Meta data file /w/a.meta\nCMD cc -c a.c\nCWD /w\nTARGET a.o\n"
      "-- command output --\nR 7 no record of ours\n"
      "-- filemon acquired metadata --\n# filemon version 5\n# Target pid 7\n"
      "V 5\nR 7 a.c\nX 7 0 0\n# Bye bye\n");
  EXPECT_FALSE(trace_.is_no_log());
  EXPECT_EQ(recorder_.events.back(), "R /w/a.c 7#0");
  EXPECT_TRUE(trace_.complete());
}

TEST_F(TraceTest, SeveralLogsAreOne) {
  Read(absl::StrCat(kHead, "R 7 a\nX 7 0 0\n", kFoot));
  Read(absl::StrCat("# filemon version 5\n# Target pid 7\nV 5\n# Cwd /v\n",
                    "R 7 a\nX 7 1 0\n", kFoot));
  EXPECT_THAT(recorder_.events, ElementsAre("R /w/a 7#0", "R /v/a 7#1"));
  EXPECT_TRUE(trace_.complete());
  EXPECT_EQ(trace_.target()->status, 1);
}

}  // namespace
}  // namespace filemon::log
