#include "core/log/file_states.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace filemon::log {
namespace {

class FileStatesTest : public testing::Test {
 protected:
  FileStatesTest() { trace_.Follow(&states_); }

  // Records of one process in /w.
  void Read(absl::string_view text) {
    trace_.Begin("x");
    trace_.Line("# filemon version 5");
    trace_.Line("# Cwd /w");
    for (absl::string_view line :
         absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      trace_.Line(absl::StrCat(line.substr(0, 1), " 7", line.substr(1)));
    }
  }
  FileState Of(absl::string_view path) {
    const NameId id = trace_.names().Find(path);
    return id == kNoName ? FileState{} : states_[id];
  }

  Trace trace_{nullptr};
  FileStates states_{trace_.mutable_names()};
};

TEST_F(FileStatesTest, WhatWasThereAndReadIsAnInput) {
  Read("R a\nE /bin/cc\nW o\nR o\nR b\nR a\nW b\n");
  EXPECT_TRUE(Of("/w/a").input);
  EXPECT_FALSE(Of("/w/a").made);
  EXPECT_TRUE(Of("/bin/cc").input);
  EXPECT_FALSE(Of("/w/o").input);
  EXPECT_TRUE(Of("/w/o").output);
  // Overwritten in place: both.
  EXPECT_TRUE(Of("/w/b").input);
  EXPECT_TRUE(Of("/w/b").output);
}

TEST_F(FileStatesTest, AnOpenForBothMakesTheFile) {
  Read("R o\nW o\nR b\nR o\nR b\nW b\n");
  EXPECT_FALSE(Of("/w/o").input);
  EXPECT_TRUE(Of("/w/o").output);
  // It was read before.
  EXPECT_TRUE(Of("/w/b").input);
}

TEST_F(FileStatesTest, WhatIsDeletedIsNoOutput) {
  Read("W t\nD t\nR a\nD a\nW u\nD u\nW u\n");
  EXPECT_FALSE(Of("/w/t").output);
  EXPECT_TRUE(Of("/w/t").gone);
  EXPECT_TRUE(Of("/w/a").gone);
  EXPECT_TRUE(Of("/w/u").output);
  EXPECT_FALSE(Of("/w/u").gone);
}

TEST_F(FileStatesTest, ANewNameIsAnOutput) {
  Read("W t\nM 't' 'o'\nR o\n");
  EXPECT_FALSE(Of("/w/t").output);
  EXPECT_TRUE(Of("/w/t").gone);
  EXPECT_TRUE(Of("/w/o").output);
  EXPECT_FALSE(Of("/w/o").input);
}

TEST_F(FileStatesTest, FilesMoveWithTheirDirectory) {
  Read("W d/a\nW d/sub/b\nW d-not/c\nM 'd' 'e'\nR e/a\nR e/sub/b\nR e/old\n");
  EXPECT_TRUE(Of("/w/e/a").output);
  EXPECT_TRUE(Of("/w/e/sub/b").output);
  EXPECT_FALSE(Of("/w/d/a").output);
  EXPECT_TRUE(Of("/w/d/a").gone);
  EXPECT_TRUE(Of("/w/d-not/c").output);
  EXPECT_FALSE(Of("/w/e/a").input);
  // It was there, as d/old: by this name nobody can find it before the run.
  EXPECT_FALSE(Of("/w/e/old").input);
}

TEST_F(FileStatesTest, ADirectoryThatWasReplacedIsGone) {
  Read("W new/a\nW old/b\nM 'new' 'old'\n");
  EXPECT_TRUE(Of("/w/old/a").output);
  EXPECT_FALSE(Of("/w/old/b").output);
  EXPECT_TRUE(Of("/w/old/b").gone);
}

TEST_F(FileStatesTest, WhatIsReadThroughALinkOfItsOwnIsTheTarget) {
  Read("L 'real' 'link'\nR link/x\nW link/y\nL '/w/f' 'g'\nR g\n");
  EXPECT_TRUE(Of("/w/real/x").input);
  EXPECT_FALSE(Of("/w/link/x").input);
  EXPECT_TRUE(Of("/w/real/y").output);
  EXPECT_TRUE(Of("/w/f").input);
  EXPECT_FALSE(Of("/w/g").input);
  EXPECT_TRUE(Of("/w/g").output);
}

TEST_F(FileStatesTest, LinksInACircleEnd) {
  Read("L 'b' 'a'\nL 'a' 'b'\nR a\nR a/x\n");
  EXPECT_TRUE(Of("/w/a").made);
}

}  // namespace
}  // namespace filemon::log
