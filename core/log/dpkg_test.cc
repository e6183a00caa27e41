#include "core/log/dpkg.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::log {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(DpkgTest, Dependencies) {
  EXPECT_THAT(ParseDependencies("debhelper-compat (= 13), a [amd64] | b:any,\n"
                                " c <!nocheck>, ${misc:Depends}, "),
              ElementsAre(ElementsAre("debhelper-compat"),
                          ElementsAre("a", "b"), ElementsAre("c")));
}

TEST(DpkgTest, Control) {
  const auto paragraphs = ParseControl(
      "# comment\nSource: x\nBuild-Depends: a,\n b\n\n\nPackage: y\n");
  ASSERT_EQ(paragraphs.size(), 2u);
  EXPECT_EQ(paragraphs[0].at("build-depends"), "a, b");
  EXPECT_EQ(paragraphs[1].at("package"), "y");
}

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() {
    folder_ = testing::TempDir() + "/dpkg-XXXXXX";
    EXPECT_NE(mkdtemp(&folder_[0]), nullptr);
    mkdir((folder_ + "/info").c_str(), 0755);
    Write("status",
          "Package: base\nStatus: install ok installed\nEssential: yes\n"
          "Depends: libc\n\n"
          "Package: libc\nStatus: install ok installed\n\n"
          "Package: tool\nStatus: install ok installed\nDepends: base | gone,\n"
          " virtual (>= 2)\n\n"
          "Package: real\nStatus: install ok installed\nProvides: virtual\n\n"
          "Package: gone\nStatus: deinstall ok config-files\n");
    Write("diversions", "/opt/fm/diverted\n/opt/fm/diverted.real\ntool\n");
    Write("info/base.list", "/opt/fm\n/bin/fm-base\n/opt/fm/diverted\n");
    Write("info/libc:amd64.list", "/usr/lib/fm-libc\n");
    Write("info/tool.list", "/opt/fm/diverted\n");
  }
  ~DatabaseTest() override {
    EXPECT_EQ(system(("rm -r " + folder_).c_str()), 0);
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  Dpkg Open() { return *Dpkg::Open(folder_); }

  std::string folder_;
};

TEST_F(DatabaseTest, Owners) {
  const std::string link = folder_ + "/link";
  ASSERT_EQ(symlink("/lib/fm-libc", link.c_str()), 0);
  EXPECT_THAT(
      Open().Owners({"/usr/bin/fm-base", "/lib/fm-libc", "/nobody's", link,
                     "/opt/fm/diverted", "/opt/fm/diverted.real"}),
      ElementsAre(ElementsAre("base"), ElementsAre("libc"), IsEmpty(),
                  ElementsAre("libc"), ElementsAre("tool"),
                  ElementsAre("base")));
}

TEST_F(DatabaseTest, Closures) {
  const Dpkg dpkg = Open();
  EXPECT_THAT(dpkg.Essential(), UnorderedElementsAre("base", "libc"));
  EXPECT_THAT(dpkg.Closure({{"tool"}}),
              UnorderedElementsAre("tool", "base", "libc", "real"));
  EXPECT_THAT(dpkg.Closure({{"gone"}}), IsEmpty());
  EXPECT_THAT(dpkg.Providers("virtual"), ElementsAre("real"));
}

TEST(DpkgTest, NoDatabase) {
  EXPECT_EQ(Dpkg::Open("/nowhere").status().message(),
            "cannot read /nowhere/status: No such file or directory");
}

}  // namespace
}  // namespace filemon::log
