#include "interpose/kernel_names.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"

namespace filemon {
namespace {

class KernelNamesTest : public ::testing::Test {
 protected:
  KernelNamesTest() {
    std::string name = testing::TempDir() + "/kernelXXXXXX";
    char real[PATH_MAX];
    top_ = realpath(mkdtemp(&name[0]), real);
  }
  ~KernelNamesTest() override {
    EXPECT_EQ(chdir("/"), 0);
    EXPECT_EQ(system(("rm -r '" + top_ + "'").c_str()), 0);
  }

  // An open directory of this name.
  int Make(const std::string& name) const {
    const std::string path = top_ + "/" + name;
    EXPECT_EQ(mkdir(path.c_str(), 0700), 0);
    return open(path.c_str(), O_RDONLY | O_DIRECTORY);
  }
  void Remove(const std::string& name) const {
    EXPECT_EQ(rmdir((top_ + "/" + name).c_str()), 0);
  }

  static std::string Directory(int fd) {
    char out[PATH_MAX];
    return DirectoryOfDescriptor(fd, out, sizeof(out)) ? out : "-";
  }

  std::string top_;
};

TEST_F(KernelNamesTest, ANameIsWhatLeadsToTheFile) {
  const int odd = Make("x (deleted)");
  EXPECT_EQ(Directory(odd), top_ + "/x (deleted)");
  const int gone = Make("gone");
  EXPECT_EQ(Directory(gone), top_ + "/gone");
  Remove("gone");
  EXPECT_EQ(Directory(gone), top_ + "/gone/");
  // Another one has the name that the kernel's text has for that one.
  const int other = Make("gone (deleted)");
  EXPECT_EQ(Directory(gone), top_ + "/gone/");
  close(odd);
  close(gone);
  close(other);
}

TEST_F(KernelNamesTest, ARemovedDirectoryBelowARemovedOneHasNone) {
  const int above = Make("a");
  const int below = Make("a/b");
  Remove("a/b");
  EXPECT_EQ(Directory(below), top_ + "/a/b/");
  Remove("a");
  EXPECT_EQ(Directory(below), "-");
  EXPECT_EQ(Directory(above), top_ + "/a/");
  close(above);
  close(below);
}

TEST_F(KernelNamesTest, TheCurrentDirectoryIsOneOfThem) {
  const int fd = Make("d");
  ASSERT_EQ(fchdir(fd), 0);
  EXPECT_EQ(Directory(AT_FDCWD), top_ + "/d");
  ASSERT_EQ(rename((top_ + "/d").c_str(), (top_ + "/e").c_str()), 0);
  EXPECT_EQ(Directory(AT_FDCWD), top_ + "/e");
  Remove("e");
  EXPECT_EQ(Directory(AT_FDCWD), top_ + "/e/");
  close(fd);
}

TEST_F(KernelNamesTest, AFileWithoutANameKeepsItsLast) {
  const std::string path = top_ + "/f";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT, 0600);
  char out[PATH_MAX];
  EXPECT_EQ(NameOfDescriptor(fd, out, sizeof(out)), FileName::kPresent);
  EXPECT_EQ(out, path);
  EXPECT_EQ(unlink(path.c_str()), 0);
  EXPECT_FALSE(PathOfDescriptor(fd, out, sizeof(out)));
  EXPECT_EQ(NameOfDescriptor(fd, out, sizeof(out)), FileName::kRemoved);
  EXPECT_EQ(out, path);
  close(fd);
  EXPECT_EQ(NameOfDescriptor(fd, out, sizeof(out)), FileName::kNone);
}

TEST_F(KernelNamesTest, APipeHasNone) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  char out[PATH_MAX];
  EXPECT_EQ(NameOfDescriptor(ends[0], out, sizeof(out)), FileName::kNone);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(KernelNamesTest, WhatDoesNotFitIsNone) {
  const int fd = Make("d");
  char out[8];
  EXPECT_FALSE(DirectoryOfDescriptor(fd, out, sizeof(out)));
  close(fd);
}

}  // namespace
}  // namespace filemon
