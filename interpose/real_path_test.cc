#include "interpose/real_path.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"

namespace filemon {
namespace {

TEST(HasDotsBehind, LooksBehindComponents) {
  for (const char* name :
       {"a/..", "a/../b", "/a/b/../c", "../a/..", "./a/./.."}) {
    EXPECT_TRUE(HasDotsBehind(name)) << name;
  }
  for (const char* name : {"", "/", "a", "../../a", "/../a", "./../a", "a/..b",
                           "a/b../...", "a/."}) {
    EXPECT_FALSE(HasDotsBehind(name)) << name;
  }
}

TEST(LastComponent, IsWithTheSlashesBehindIt) {
  EXPECT_STREQ(LastComponent("a/b"), "b");
  EXPECT_STREQ(LastComponent("a/b//"), "b//");
  EXPECT_STREQ(LastComponent("b"), "b");
  EXPECT_STREQ(LastComponent("/b"), "b");
}

class RealDirectoryTest : public ::testing::Test {
 protected:
  RealDirectoryTest() {
    std::string name = testing::TempDir() + "/realXXXXXX";
    char real[PATH_MAX];
    top_ = realpath(mkdtemp(&name[0]), real);
    for (const char* folder : {"/a", "/a/b", "/a/b/c", "/d"}) {
      EXPECT_EQ(mkdir((top_ + folder).c_str(), 0700), 0);
    }
    Link("a/b/c", "to_c");
    Link("../to_c", "d/up");
    Link(top_ + "/a/b", "to_b");
    Link("loop", "loop");
  }
  ~RealDirectoryTest() override {
    EXPECT_EQ(system(("rm -r '" + top_ + "'").c_str()), 0);
  }
  void Link(const std::string& text, const std::string& name) {
    EXPECT_EQ(symlink(text.c_str(), (top_ + "/" + name).c_str()), 0);
  }
  // Below `top_`; "-" if there is none.
  std::string Real(const std::string& name) const {
    char out[PATH_MAX];
    if (!RealDirectory(top_.c_str(), name.data(), name.size(), out,
                       sizeof(out))) {
      return "-";
    }
    const std::string real = out;
    return real.compare(0, top_.size(), top_) == 0 ? real.substr(top_.size())
                                                   : real;
  }

  std::string top_;
};

TEST_F(RealDirectoryTest, IsAsTheKernelFindsIt) {
  for (const char* name : {"a", "a/..", "a/b/../../d", "to_c/..", "to_c/../..",
                           "d/up/../c", "to_b/./c//..", "d/../to_c", ".", ""}) {
    char real[PATH_MAX];
    ASSERT_NE(realpath((top_ + "/" + name).c_str(), real), nullptr) << name;
    EXPECT_EQ(top_ + Real(name), real) << name;
    EXPECT_EQ(top_ + Real(top_ + "/" + name), real) << name;
  }
}

TEST_F(RealDirectoryTest, LeadsNoFurtherThanToTheRoot) {
  EXPECT_EQ(Real("/.."), "/");
  EXPECT_EQ(Real("/../../.."), "/");
}

TEST_F(RealDirectoryTest, IsNoneWhereNothingIs) {
  EXPECT_EQ(Real("absent/.."), "-");
  EXPECT_EQ(Real("loop/.."), "-");
  EXPECT_EQ(Real(std::string(600, 'x') + "/.."), "-");
}

}  // namespace
}  // namespace filemon
