#include "interpose/linker_start.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace filemon {
namespace {

// What an array of strings holds, for functions that take main()'s.
class Strings {
 public:
  Strings(std::vector<std::string> strings) : strings_(std::move(strings)) {
    for (std::string& s : strings_) pointers_.push_back(&s[0]);
    pointers_.push_back(nullptr);
  }
  char* const* get() const { return pointers_.data(); }

 private:
  std::vector<std::string> strings_;
  std::vector<char*> pointers_;
};

TEST(LinkerStartTest, ReadsVariables) {
  LinkerStart start;
  const Strings environment({"A=1", "LD_PRELOAD=/p.so", "LD_LIBRARY_PATH=a:b",
                             "LD_DEBUGX=1", "XLD_AUDIT=1",
                             "LD_DEBUG_OUTPUT=dbg", "LD_PROFILE=libc.so.6"});
  ReadLinkerVariables(environment.get(), &start);
  EXPECT_STREQ(start.preload, "/p.so");
  EXPECT_STREQ(start.library_path, "a:b");
  EXPECT_STREQ(start.debug_output, "dbg");
  EXPECT_STREQ(start.profile, "libc.so.6");
  EXPECT_EQ(start.debug, nullptr);
  EXPECT_EQ(start.audit, nullptr);
  EXPECT_EQ(start.profile_output, nullptr);
}

TEST(LinkerStartTest, KnowsADynamicLinkerByItsName) {
  for (const char* path :
       {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux.so.2", "ld.so",
        "/lib/ld-musl-x86_64.so.1", "/lib/ld-2.31.so", "/lib64/ld64.so.2"}) {
    EXPECT_TRUE(IsDynamicLinker(path)) << path;
  }
  for (const char* path :
       {"/usr/bin/ld", "/usr/bin/ldd", "/ld-linux.so.2/x", "ld-", "", "l",
        "/usr/bin/ld.bfd", "/usr/bin/ldconfig"}) {
    EXPECT_FALSE(IsDynamicLinker(path)) << path;
  }
}

TEST(LinkerStartTest, TellsWhetherAProgramWillRun) {
  const auto nothing = [](std::vector<std::string> words) {
    words.insert(words.begin(), "ld.so");
    return RunsNoProgram(Strings(words).get());
  };
  EXPECT_TRUE(nothing({"--list", "/bin/true"}));
  EXPECT_TRUE(nothing({"--verify", "/bin/true"}));
  EXPECT_TRUE(nothing({"--inhibit-cache", "--library-path", "a", "--list"}));
  EXPECT_TRUE(nothing({"--help"}));
  EXPECT_FALSE(nothing({"/bin/true", "--list"}));
  EXPECT_FALSE(nothing({"--argv0", "--list", "/bin/true"}));
  EXPECT_FALSE(nothing({"--preload", "--list", "/bin/true"}));
  EXPECT_FALSE(nothing({"--preload=x", "/bin/true", "--list"}));
  EXPECT_FALSE(nothing({"--argv0"}));
  EXPECT_FALSE(nothing({}));
  EXPECT_FALSE(RunsNoProgram(Strings({}).get()));
  EXPECT_FALSE(RunsNoProgram(nullptr));
}

}  // namespace
}  // namespace filemon
