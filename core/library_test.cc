#include "core/library.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "core/paths.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::HasSubstr;

// An empty folder of this test.
std::string MakeTree(const std::string& name) {
  const std::string root = CleanPath(::testing::TempDir() + "/" + name);
  mkdir(root.c_str(), 0777);
  return root;
}

// Puts an empty file at root/path.
void Put(const std::string& root, const std::string& path) {
  for (size_t slash = 0; (slash = path.find('/', slash)) != path.npos;
       ++slash) {
    mkdir((root + "/" + path.substr(0, slash)).c_str(), 0777);
  }
  std::ofstream(root + "/" + path) << "";
}

TEST(FindLibrary, FindsTheBuildTree) {
  const std::string root = MakeTree("build");
  Put(root, "interpose/lib/x86_64-linux-gnu/libfilemon.so");
  EXPECT_EQ(FindLibrary(root + "/core/filemon").value(),
            root + "/interpose/$LIB/libfilemon.so");
}

TEST(FindLibrary, FindsTheInstalledTree) {
  const std::string root = MakeTree("installed");
  Put(root, "lib/filemon/lib64/libfilemon.so");
  EXPECT_EQ(FindLibrary(root + "/bin/filemon").value(),
            root + "/lib/filemon/$LIB/libfilemon.so");
}

TEST(FindLibrary, SaysWhereItLooked) {
  const std::string root = MakeTree("none");
  const std::string message(
      FindLibrary(root + "/bin/filemon").status().message());
  EXPECT_THAT(message, HasSubstr(root + "/interpose"));
  EXPECT_THAT(message, HasSubstr(root + "/lib/filemon"));
}

TEST(FindLibrary, RefusesWhatLdPreloadCannotCarry) {
  const std::string root = MakeTree("a blank");
  Put(root, "interpose/lib64/libfilemon.so");
  EXPECT_THAT(
      std::string(FindLibrary(root + "/core/filemon").status().message()),
      HasSubstr("LD_PRELOAD cannot carry"));
  EXPECT_FALSE(CheckPreloadable("/a:b/libfilemon.so").ok());
}

}  // namespace
}  // namespace filemon
