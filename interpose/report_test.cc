#include "interpose/report.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interpose/directory_names.h"
#include "interpose/fake_collector.h"
#include "interpose/fake_image.h"
#include "interpose/libraries.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::Kind;

TEST(FlagsOfModeTest, FollowsFopen) {
  for (const char* mode : {"r", "rb", "re", "rmce", "r,ccs=UTF-8+"}) {
    EXPECT_EQ(FlagsOfMode(mode), O_RDONLY) << mode;
  }
  for (const char* mode : {"w", "wb", "wx", "a", "ae"}) {
    EXPECT_EQ(FlagsOfMode(mode), O_WRONLY) << mode;
  }
  for (const char* mode : {"r+", "w+", "a+", "rb+", "r+b", "w+e,ccs=UTF-8"}) {
    EXPECT_EQ(FlagsOfMode(mode), O_RDWR) << mode;
  }
}

// A directory of its own below the test's, and a descriptor of it.
class ReportTest : public ::testing::Test {
 protected:
  ReportTest() {
    collector_.Attach();
    std::string name = testing::TempDir() + "/reportXXXXXX";
    char real[PATH_MAX];
    directory_ = realpath(mkdtemp(&name[0]), real);
    dirfd_ = open(directory_.c_str(), O_RDONLY | O_DIRECTORY);
    ForgetDirectoryNames();  // this number's in the test before
  }
  ~ReportTest() override {
    close(dirfd_);
    rmdir(directory_.c_str());
  }

  Arrived Said(Kind kind, int32_t a, int32_t b,
               std::vector<std::string> names) const {
    return {kind, getpid(), a, b, std::move(names)};
  }

  FakeCollector collector_;
  std::string directory_;
  int dirfd_;
};

TEST_F(ReportTest, AnOpenTellsItsAccess) {
  ReportOpen(PathAt::Here("r"), O_RDONLY | O_CLOEXEC);
  ReportOpen(PathAt::Here("w"), O_WRONLY | O_CREAT | O_TRUNC);
  ReportOpen(PathAt::Here("rw"), O_RDWR | O_APPEND);
  ReportOpen(PathAt::Here("d"), O_RDONLY | O_DIRECTORY);
  EXPECT_THAT(collector_.Records(),
              ElementsAre(Said(Kind::kOpen, wire::kReads, 0, {"", "r"}),
                          Said(Kind::kOpen, wire::kWrites, 0, {"", "w"}),
                          Said(Kind::kOpen, wire::kReads | wire::kWrites, 0,
                               {"", "rw"}),
                          Said(Kind::kOpen, wire::kReads, 0, {"", "d"})));
}

TEST_F(ReportTest, ANamesakeOfTheFirstProcessDoesNotWaitForTheLog) {
  ThisSession().first = getpid();
  ThisSession().pid_namespace = 1;
  ReportExit(3);
  EXPECT_THAT(collector_.Records(),
              ElementsAre(Said(Kind::kExit, 3, /*b=*/0, {})));
}

TEST_F(ReportTest, OpensOfNoNamedFileAreNotTold) {
  ReportOpen(PathAt::Here("p"), O_PATH);
  ReportOpen(PathAt::Here("t"), O_TMPFILE | O_RDWR);
  EXPECT_THAT(collector_.Records(), IsEmpty());
}

TEST_F(ReportTest, ADirectoryIsNamedOnlyWhereTheNameNeedsIt) {
  ReportUnlink({dirfd_, "a"});
  ReportUnlink({dirfd_, "/b"});
  ReportUnlink({-1, "/c"});
  ReportUnlink({AT_FDCWD, "d"});
  EXPECT_THAT(collector_.Records(),
              ElementsAre(Said(Kind::kUnlink, 0, 0, {directory_, "a"}),
                          Said(Kind::kUnlink, 0, 0, {"", "/b"}),
                          Said(Kind::kUnlink, 0, 0, {"", "/c"}),
                          Said(Kind::kUnlink, 0, 0, {"", "d"})));
}

TEST_F(ReportTest, EachOperandHasItsDirectory) {
  ReportRename({dirfd_, "a"}, {AT_FDCWD, "b"});
  ReportLink({AT_FDCWD, "a"}, {dirfd_, "b"});
  ReportSymlink("target", {dirfd_, "s"});
  EXPECT_THAT(
      collector_.Records(),
      ElementsAre(Said(Kind::kRename, 0, 0, {directory_, "a", "", "b"}),
                  Said(Kind::kLink, 0, 0, {"", "a", directory_, "b"}),
                  Said(Kind::kSymlink, 0, 0, {"target", directory_, "s"})));
}

TEST_F(ReportTest, NamesChangeByOwnRenamesAndWhatChildrenMayHaveDone) {
  const std::string other = directory_ + "2";
  EXPECT_EQ(Directory({dirfd_, "a"}).path(), directory_);
  ASSERT_EQ(rename(directory_.c_str(), other.c_str()), 0);
  ReportRename(PathAt::Here("a"), PathAt::Here("b"));
  EXPECT_EQ(Directory({dirfd_, "a"}).path(), other);
  ASSERT_EQ(rename(other.c_str(), directory_.c_str()), 0);
  ReportChildEnded(1, 0);
  EXPECT_EQ(Directory({dirfd_, "a"}).path(), directory_);
}

TEST_F(ReportTest, ARemovedDirectoryIsMarked) {
  ASSERT_EQ(rmdir(directory_.c_str()), 0);
  char path[PATH_MAX];
  EXPECT_FALSE(PathOfDescriptor(dirfd_, path, sizeof(path)));
  EXPECT_EQ(Directory({dirfd_, "a"}).path(), directory_ + "/");
}

TEST_F(ReportTest, NeitherHasAPipe) {
  char path[PATH_MAX];
  EXPECT_STREQ(Directory({collector_.writer(), "a"}).path(),
               wire::kNoDirectory);
  EXPECT_FALSE(PathOfDescriptor(collector_.writer(), path, sizeof(path)));
  EXPECT_FALSE(PathOfDescriptor(1 << 20, path, sizeof(path)));
}

TEST_F(ReportTest, AChangeOfDirectoryTellsWhereTo) {
  const int before = open(".", O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(fchdir(dirfd_), 0);
  ReportChdir(nullptr);
  ASSERT_EQ(fchdir(before), 0);
  close(before);
  EXPECT_THAT(collector_.Records(),
              ElementsAre(Said(Kind::kChdir, 0, 0, {directory_})));
}

TEST_F(ReportTest, AStatusIsWhatTheParentSees) {
  ReportExit(-1);
  ReportExit(256 + 3);
  ReportChildEnded(4711, 9);
  ReportSomeChildEnded(0x100);
  EXPECT_THAT(
      collector_.Records(),
      ElementsAre(Said(Kind::kExit, 255, 0, {}), Said(Kind::kExit, 3, 0, {}),
                  Said(Kind::kChildEnded, 4711, 9, {}),
                  Said(Kind::kSomeChildEnded, 0, 0x100, {})));
}

// A constructor's own opens come after that of its library.
TEST_F(ReportTest, NewLibrariesComeFirst) {
  const int before = g_library_reports;
  ReportOpen(PathAt::Here("a"), O_RDONLY);
  EXPECT_EQ(g_library_reports, before);
  g_libraries_pending = 1;
  ReportOpen(PathAt::Here("b"), O_RDONLY);
  g_libraries_pending = 0;
  EXPECT_EQ(g_library_reports, before + 1);
}

}  // namespace
}  // namespace filemon
