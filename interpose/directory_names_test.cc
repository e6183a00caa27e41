#include "interpose/directory_names.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "interpose/report.h"

namespace filemon {
namespace {

// The name given for `fd`, "-" if none is.
std::string Name(int fd, size_t size = PATH_MAX) {
  std::string out(size, '#');
  return DirectoryName(fd, &out[0], size) ? out.c_str() : "-";
}

class DirectoryNamesTest : public ::testing::Test {
 protected:
  DirectoryNamesTest() {
    std::string name = testing::TempDir() + "/namesXXXXXX";
    char real[PATH_MAX];
    top_ = realpath(mkdtemp(&name[0]), real);
  }
  ~DirectoryNamesTest() override {
    EXPECT_EQ(system(("rm -r '" + top_ + "'").c_str()), 0);
  }

  // The path of a new directory.
  std::string MakeYoung(const std::string& name) const {
    const std::string path = top_ + "/" + name;
    EXPECT_EQ(mkdir(path.c_str(), 0700), 0);
    return path;
  }

  // The path of a directory that is old enough to be remembered.
  std::string Make(const std::string& name) const {
    const std::string path = MakeYoung(name);
    struct statx st;
    EXPECT_EQ(statx(AT_FDCWD, path.c_str(), 0, STATX_BTIME, &st), 0);
    struct timespec now;
    do {
      clock_gettime(CLOCK_REALTIME_COARSE, &now);
    } while ((now.tv_sec - st.stx_btime.tv_sec) * 1000 +
                 (now.tv_nsec - st.stx_btime.tv_nsec) / 1000000 <
             30);
    return path;
  }

  static int Open(const std::string& path) {
    return open(path.c_str(), O_RDONLY | O_DIRECTORY);
  }

  std::string top_;
};

TEST_F(DirectoryNamesTest, GivesTheSameNameEachTime) {
  const std::string path = Make("a");
  const int fd = Open(path);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Name(fd), path);
  close(fd);
}

TEST_F(DirectoryNamesTest, ADescriptorThatIsNoneHasNoName) {
  const int fd = Open(Make("a"));
  EXPECT_NE(Name(fd), "-");
  close(fd);
  EXPECT_EQ(Name(fd), "-");
  EXPECT_EQ(Name(-1), "-");
}

TEST_F(DirectoryNamesTest, ANumberMayStandForAnotherDirectorySoon) {
  const std::string a = Make("a");
  const std::string b = Make("b");
  const int fd = Open(a);
  const int other = Open(b);
  EXPECT_EQ(Name(fd), a);
  ASSERT_EQ(dup2(other, fd), fd);
  EXPECT_EQ(Name(fd), b);
  close(fd);
  close(other);
}

// They share an entry.
TEST_F(DirectoryNamesTest, NumbersFarApartAreKeptApart) {
  const std::string a = Make("a");
  const std::string b = Make("b");
  const int fds[] = {fcntl(Open(a), F_DUPFD, 128), fcntl(Open(b), F_DUPFD, 160),
                     fcntl(Open(a), F_DUPFD, 192)};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Name(fds[0]), a);
    EXPECT_EQ(Name(fds[1]), b);
    EXPECT_EQ(Name(fds[2]), a);
  }
  for (const int fd : fds) close(fd);
}

TEST_F(DirectoryNamesTest, OurOwnRenameIsHeeded) {
  const std::string a = Make("a");
  const std::string b = top_ + "/b";
  const int fd = Open(a);
  EXPECT_EQ(Name(fd), a);
  ASSERT_EQ(rename(a.c_str(), b.c_str()), 0);
  ReportRename(PathAt::Here(a.c_str()), PathAt::Here(b.c_str()));
  EXPECT_EQ(Name(fd), b);
  ASSERT_EQ(rename(b.c_str(), a.c_str()), 0);
  ForgetDirectoryNames();
  EXPECT_EQ(Name(fd), a);
  close(fd);
}

// ext4 gives a removed directory's inode to the next one, often within one tick
// of the clock that stamps both.
TEST_F(DirectoryNamesTest, ANewDirectoryIsNotTakenForARemovedOne) {
  int reused = 0;
  uint64_t last = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string path = MakeYoung(std::to_string(i));
    const int fd = Open(path);
    // Not stat(): since Linux 6.13 whoever looks at a time makes the next one
    // differ.
    struct statx st;
    ASSERT_EQ(statx(fd, "", AT_EMPTY_PATH, STATX_INO, &st), 0);
    if (st.stx_ino == last) ++reused;
    last = st.stx_ino;
    ASSERT_EQ(Name(fd), path);
    close(fd);
    ASSERT_EQ(rmdir(path.c_str()), 0);
  }
  if (reused == 0) {
    printf("not tried: this file system does not use inodes again\n");
  }
}

TEST_F(DirectoryNamesTest, ARemovedDirectoryHasNoName) {
  const std::string a = Make("a");
  const int fd = Open(a);
  EXPECT_EQ(Name(fd), a);
  ASSERT_EQ(rmdir(a.c_str()), 0);
  EXPECT_EQ(Name(fd), "-");
  close(fd);
}

TEST_F(DirectoryNamesTest, LongNamesAreRightToo) {
  const std::string a = Make(std::string(250, 'a'));
  // The table's last entry: ASan sees what is written past its end.
  const int fd = dup2(Open(a), 223);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Name(fd), a);
    EXPECT_EQ(Name(fd, a.size() + 2), a);
  }
  close(fd);
}

TEST_F(DirectoryNamesTest, ARememberedNameFitsOrIsNotGiven) {
  const std::string a = Make("a");
  const int fd = Open(a);
  EXPECT_EQ(Name(fd), a);
  EXPECT_NE(Name(fd, a.size()), a);
  close(fd);
}

}  // namespace
}  // namespace filemon
