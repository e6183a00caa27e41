#include "interpose/program_class.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "interpose/session.h"

namespace filemon {
namespace {

// Without a session nothing can be learnt: what is known of programs is tested
// with whole sessions (tests/hard_cases/loader_test).
class ProgramClassTest : public ::testing::Test {
 protected:
  ~ProgramClassTest() override { g_preload = {}; }

  // A file of this test's with these bytes.
  std::string File(const std::string& name, const std::string& bytes) {
    const std::string path = ::testing::TempDir() + "/" + name;
    std::ofstream(path) << bytes;
    return path;
  }

  static PreloadFor For(const std::string& path, std::string option = "") {
    char program[] = "program";
    char* argv[] = {program, &option[0], nullptr};
    return PreloadForProgram(PathAt::Here(path.c_str()), argv);
  }
};

TEST_F(ProgramClassTest, IsNotGuessed) {
  g_preload.entry = "/opt/$LIB/libfilemon.so";
  g_preload.library = "/opt/lib64/libfilemon.so";
  EXPECT_EQ(For("/proc/self/exe"), PreloadFor::kAnyClass);
  EXPECT_EQ(For("/none/such"), PreloadFor::kAnyClass);
  EXPECT_EQ(For("/"), PreloadFor::kAnyClass);
  EXPECT_FALSE(IsKnownScript(File("script", "#!/bin/sh\n").c_str()));
}

TEST_F(ProgramClassTest, BadPointersAreNotRead) {
  const auto* const bad = reinterpret_cast<const char*>(1);
  EXPECT_EQ(PreloadForProgram(PathAt::Here(bad), nullptr),
            PreloadFor::kAnyClass);
  auto* const bad_argv = reinterpret_cast<char* const*>(8);
  const std::string linker = File("ld-linux.so.2", "");
  EXPECT_EQ(PreloadForProgram(PathAt::Here(linker.c_str()), bad_argv),
            PreloadFor::kAnyClass);
}

TEST_F(ProgramClassTest, ListersRunNoProgram) {
  const std::string linker = File("ld-linux.so.2", "");
  EXPECT_EQ(For(linker, "--list"), PreloadFor::kNone);
  EXPECT_EQ(For(linker, "--verify"), PreloadFor::kNone);
  EXPECT_EQ(For(linker, "/bin/true"), PreloadFor::kAnyClass);
  EXPECT_EQ(For(File("program", ""), "--list"), PreloadFor::kAnyClass);
  // musl's; glibc's is a script.
  const std::string ldd = ::testing::TempDir() + "/musl-ldd";
  File("libc.so", "");
  ASSERT_EQ(symlink("libc.so", ldd.c_str()), 0);
  EXPECT_EQ(For(ldd), PreloadFor::kNone);
  EXPECT_EQ(For(File("ldd", "#!/bin/sh\n")), PreloadFor::kAnyClass);
}

TEST_F(ProgramClassTest, DormantLeavesWhatIsRight) {
  const auto dormant = [](const std::string& path, std::string variable) {
    char* environment[] = {&variable[0], nullptr};
    return PreloadForDormant(PathAt::Here(path.c_str()), environment);
  };
  const std::string one = "LD_PRELOAD=/opt//lib64/libfilemon.so";
  EXPECT_EQ(dormant("/bin/true", one), PreloadFor::kAnyClass);
  EXPECT_EQ(dormant("/bin/true", "LD_PRELOAD=/opt/$LIB/libfilemon.so"),
            PreloadFor::kAsItIs);
  EXPECT_EQ(dormant("/bin/true", "LD_PRELOAD=x.so"), PreloadFor::kAsItIs);
  EXPECT_EQ(dormant("/bin/true", "A=1"), PreloadFor::kAsItIs);
  EXPECT_EQ(PreloadForDormant(PathAt::Here("/bin/true"), nullptr),
            PreloadFor::kAsItIs);
}

}  // namespace
}  // namespace filemon
