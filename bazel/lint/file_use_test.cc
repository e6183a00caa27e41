#include "bazel/lint/file_use.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::lint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A log of process 7 with these records.
FileUse UseOf(const std::string& records) {
  return ReadFileUse(absl::StrCat("# filemon version 5\n# Target pid 7\n",
                                  "# Start 12.500000\nV 5\n", records,
                                  "# Stop 13.0\n# Bye bye\n"));
}

TEST(FileUseTest, ReadsAWholeLog) {
  const FileUse use = UseOf(
      "E 7 /bin/sh\nR 7 /etc/a b\nF 7 8\nE 8 /bin/cat\nW 8 /out\n"
      "X 8 1 0\nX 7 0 0\n");
  EXPECT_THAT(use.read, ElementsAre("/bin/cat", "/bin/sh", "/etc/a b"));
  EXPECT_THAT(use.written, ElementsAre("/out"));
  EXPECT_EQ(use.program, "/bin/sh");
  EXPECT_EQ(use.start, 12.5);
  EXPECT_TRUE(use.complete);
  EXPECT_EQ(use.status, 0);
  EXPECT_EQ(use.signal, 0);
  EXPECT_FALSE(use.gaps);
  EXPECT_EQ(use.malformed, "");
}

TEST(FileUseTest, KnowsFailureAndDeath) {
  EXPECT_EQ(UseOf("E 7 /bin/sh\nX 7 3 0\n").status, 3);
  EXPECT_EQ(UseOf("E 7 /bin/sh\nX 7 0 9\n").signal, 9);
  EXPECT_FALSE(UseOf("E 7 /bin/sh\n").status.has_value());
}

TEST(FileUseTest, TakesALogThatWasCutOff) {
  const FileUse use = ReadFileUse(
      "# filemon version 5\n# Target pid 7\nV 5\nR 7 /a\nR 7 /etc/pass");
  EXPECT_FALSE(use.complete);
  EXPECT_THAT(use.read, ElementsAre("/a"));
  EXPECT_EQ(use.malformed, "");
}

TEST(FileUseTest, GoesOnAfterABadLine) {
  const FileUse use = ReadFileUse("V 5\nR\nR 7 /a\n\n# Bye bye\n");
  EXPECT_THAT(use.malformed, HasSubstr("line 2: "));
  EXPECT_THAT(use.read, ElementsAre("/a"));
  EXPECT_TRUE(use.complete);
  EXPECT_THAT(ReadFileUse("").read, IsEmpty());
}

TEST(FileUseTest, ResolvesRelativeNamesByProcess) {
  const FileUse use =
      UseOf("R 7 a\nC 7 /w\nF 7 8\nC 8 sub\nR 8 ../b\nR 7 c/./d\n");
  EXPECT_THAT(use.read, ElementsAre("/w/b", "/w/c/d", "a"));
  EXPECT_THAT(use.folders, ElementsAre("/w", "/w/sub"));
}

TEST(FileUseTest, ReadingOnesOwnFilesIsNoInput) {
  const FileUse use =
      UseOf("W 7 /t/x\nR 7 /t/x\nM 7 '/t/x' '/t/y'\nR 7 /t/y\nR 7 /t\n");
  EXPECT_THAT(use.read, IsEmpty());
  EXPECT_THAT(use.written, ElementsAre("/t/y"));
  EXPECT_THAT(use.ever_written, ElementsAre("/t/x", "/t/y"));
}

TEST(FileUseTest, ReadingBeforeOverwritingIsAnInput) {
  EXPECT_THAT(UseOf("R 7 /x\nR 7 /y\nW 7 /x\n").read, ElementsAre("/x", "/y"));
}

TEST(FileUseTest, ReadingAndWritingAtOnceIsMostlyCreating) {
  const FileUse use = UseOf("R 7 /x\nR 8 /z\nW 7 /x\n");
  EXPECT_THAT(use.read, ElementsAre("/z"));
  EXPECT_THAT(use.touched, ElementsAre("/x"));
  EXPECT_THAT(use.written, ElementsAre("/x"));
}

TEST(FileUseTest, ForgetsWhatIsDeletedAgain) {
  const FileUse use = UseOf(
      "W 7 /t/a\nW 7 /t/b/c\nW 7 /t2\nR 7 /lock\nD 7 /lock\nD 7 /t/a\n"
      "D 7 /t\n");
  EXPECT_THAT(use.written, ElementsAre("/t2"));
  EXPECT_THAT(use.read, IsEmpty());
}

TEST(FileUseTest, MovesFoldersWithAllInThem) {
  const FileUse use = UseOf("W 7 /t/a\nW 7 /t/b/c\nW 7 /tt\nM 7 '/t' '/o'\n");
  EXPECT_THAT(use.written, ElementsAre("/o", "/o/a", "/o/b/c", "/tt"));
}

TEST(FileUseTest, LooksThroughItsOwnLinks) {
  const FileUse use = UseOf(
      "L 7 '/far/secret' '/w/link'\nR 7 /w/link\n"
      "L 7 '/far/dir' '/w/dir'\nR 7 /w/dir/in/it\n"
      "L 7 'circle' '/w/circle'\nR 7 /w/circle\n");
  EXPECT_THAT(use.read, ElementsAre("/far/dir/in/it", "/far/secret"));
  EXPECT_THAT(use.written, ElementsAre("/w/circle", "/w/dir", "/w/link"));
}

TEST(FileUseTest, CollectsWhatIsMissing) {
  const FileUse use =
      UseOf("E 7 /bin/sh\n# untraced 8 /opt/a tool: statically linked\n");
  EXPECT_THAT(use.untraced, ElementsAre("/opt/a tool"));
  EXPECT_FALSE(use.gaps);
  EXPECT_THAT(UseOf("# untraced 8 /bin/ps: ended before libfilemon.so was "
                    "loaded\n")
                  .untraced,
              IsEmpty());
  EXPECT_THAT(UseOf("# untraced 8 /t\n").untraced, ElementsAre("/t"));
  EXPECT_TRUE(UseOf("# lost 3 records of 7\n").gaps);
  EXPECT_TRUE(UseOf("# running 7 /bin/sh\n").gaps);
  EXPECT_TRUE(UseOf("# dropped 7 records\n").gaps);
}

TEST(IsAtOrBelowTest, ComparesWholeComponents) {
  EXPECT_TRUE(IsAtOrBelow("/a/b", "/a"));
  EXPECT_TRUE(IsAtOrBelow("/a", "/a"));
  EXPECT_TRUE(IsAtOrBelow("/a", "/"));
  EXPECT_FALSE(IsAtOrBelow("/ab", "/a"));
  EXPECT_FALSE(IsAtOrBelow("/a", "/a/b"));
}

}  // namespace
}  // namespace filemon::lint
