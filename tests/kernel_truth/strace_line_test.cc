#include "tests/kernel_truth/strace_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace truth {
namespace {

using ::testing::ElementsAre;
using Kind = StraceLine::Kind;

StraceLine Parse(absl::string_view text) {
  absl::StatusOr<StraceLine> line = ParseStraceLine(text);
  EXPECT_TRUE(line.ok()) << line.status();
  return line.value_or(StraceLine());
}

TEST(StraceLine, ReadsAnOpen) {
  const StraceLine line = Parse(
      "1795357798.495771 openat(3</tmp/a\\74b\\76,\\\"c d>, "
      "\"x,)\\377\\n\\19\", "
      "O_RDWR|O_CREAT, 0644) = 4</tmp/a\\74b\\76,\\\"c d/x>");
  EXPECT_EQ(line.kind, Kind::kCall);
  EXPECT_EQ(line.time_us, 1795357798495771);
  EXPECT_EQ(line.call, "openat");
  ASSERT_EQ(line.args.size(), 4u);
  EXPECT_EQ(line.args[2], "O_RDWR|O_CREAT");
  EXPECT_TRUE(line.succeeded);
  EXPECT_EQ(line.value, 4);
  EXPECT_EQ(line.result_path, "/tmp/a<b>,\"c d/x");
  EXPECT_EQ(DecodeString(line.args[1]).value(), "x,)\377\n\0019");
  EXPECT_EQ(DecodeDirectory(line.args[0])->path, "/tmp/a<b>,\"c d");
}

TEST(StraceLine, KnowsTheError) {
  const auto line = ParseStraceLine(
      "1.5 getcwd(0x7ffe4936c1b8, 512) = -1 ENAMETOOLONG (File name too long)");
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_TRUE(line->failed);
  EXPECT_EQ(line->error, "ENAMETOOLONG");
}

TEST(StraceLine, KnowsAProcessOfAnotherNamespace) {
  const auto line = ParseStraceLine(
      "1.5 clone(child_stack=NULL, flags=SIGCHLD) = 3 /* 23841 in strace's PID "
      "NS */");
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_TRUE(line->succeeded);
  EXPECT_EQ(line->value, 23841);
  EXPECT_EQ(line->inner, 3);
}

TEST(StraceLine, KeepsNestedArgumentsTogether) {
  const StraceLine line = Parse(
      "1.5 clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD} => "
      "{parent_tid=[7]}, 88) = 42");
  EXPECT_THAT(
      line.args,
      ElementsAre("{flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD} => "
                  "{parent_tid=[7]}",
                  "88"));
  EXPECT_EQ(line.value, 42);
}

TEST(StraceLine, TellsFailedFromUnfinished) {
  const StraceLine failed =
      Parse("1.0 open(\"x\", O_RDONLY) = -1 ENOENT (No such file)");
  EXPECT_TRUE(failed.failed);
  EXPECT_FALSE(failed.succeeded);
  for (const char* text :
       {"1.0 exit_group(3)     = ?", "1.0 vfork( <unfinished ...>",
        "1.0 open(\"x\", O_RDONLY) = ? ERESTARTSYS (To be restarted)"}) {
    const StraceLine line = Parse(text);
    EXPECT_FALSE(line.failed) << text;
    EXPECT_FALSE(line.succeeded) << text;
  }
}

TEST(StraceLine, KnowsDeletedDirectories) {
  const StraceLine line = Parse(
      "1.0 openat(5</d/gone>(deleted), \".\", O_RDONLY) = "
      "7</d/gone>(deleted)");
  ASSERT_EQ(line.args.size(), 3u);
  EXPECT_EQ(DecodeDirectory(line.args[0])->path, "/d/gone");
  EXPECT_TRUE(DecodeDirectory(line.args[0])->removed);
  const Directory odd = *DecodeDirectory("5</d/x (deleted)>");
  EXPECT_EQ(odd.path, "/d/x (deleted)");
  EXPECT_FALSE(odd.removed);
  EXPECT_EQ(line.result_path, "/d/gone");
  const Directory cwd = *DecodeDirectory("AT_FDCWD</d/gone (deleted)>");
  EXPECT_TRUE(cwd.is_cwd);
  EXPECT_TRUE(cwd.removed);
  EXPECT_EQ(cwd.path, "/d/gone");
}

TEST(StraceLine, ReadsTheEnds) {
  EXPECT_EQ(Parse("1.0 +++ exited with 3 +++").kind, Kind::kExited);
  EXPECT_EQ(Parse("1.0 +++ exited with 3 +++").value, 3);
  EXPECT_EQ(Parse("1.0 +++ killed by SIGKILL +++").kind, Kind::kKilled);
  EXPECT_EQ(Parse("1.0 +++ killed by SIGKILL +++").value, 9);
  EXPECT_EQ(Parse("1.0 +++ killed by SIGSEGV (core dumped) +++").value, 11);
  EXPECT_EQ(Parse("1.0 +++ killed by SIGRT_2 +++").value, 34);
  EXPECT_EQ(Parse("1.0 +++ superseded by execve in pid 7 +++").kind,
            Kind::kSuperseded);
  EXPECT_EQ(Parse("1.0 <... execve resumed>) = 0").kind, Kind::kExecResumed);
  EXPECT_EQ(Parse("1.0 --- SIGABRT {si_signo=SIGABRT} ---").kind,
            Kind::kSignal);
  EXPECT_EQ(Parse("1.0 --- stopped by SIGTSTP ---").kind, Kind::kOther);
}

TEST(StraceLine, RefusesWhatItCannotRead) {
  EXPECT_FALSE(ParseStraceLine("openat(1) = 2").ok());
  EXPECT_FALSE(ParseStraceLine("1.0 nonsense").ok());
  EXPECT_FALSE(ParseStraceLine("1.0 open(\"x\") = what").ok());
  EXPECT_FALSE(ParseStraceLine("1.0 +++ vanished +++").ok());
  EXPECT_FALSE(DecodeString("0x7ffe").ok());
  EXPECT_FALSE(DecodeString("\"cut\"...").ok());
  EXPECT_FALSE(DecodeDirectory("0x7ffe").ok());
}

}  // namespace
}  // namespace truth
}  // namespace filemon
