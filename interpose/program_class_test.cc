#include "interpose/program_class.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace filemon {
namespace {

class ProgramClassTest : public ::testing::Test {
 protected:
  ~ProgramClassTest() override { g_preload = {}; }

  // A file of this test's with these bytes.
  std::string File(const std::string& name, const std::string& bytes) {
    const std::string path = ::testing::TempDir() + "/" + name;
    std::ofstream(path) << bytes;
    return path;
  }

  // The headers of a program for this machine, with a dynamic linker or not.
  std::string Program(bool dynamic) {
    ElfW(Ehdr) header;
    std::ifstream("/proc/self/exe")
        .read(reinterpret_cast<char*>(&header), sizeof(header));
    header.e_phoff = sizeof(header);
    header.e_phnum = 2;
    ElfW(Phdr) segments[2] = {};
    segments[0].p_type = PT_LOAD;
    segments[1].p_type = dynamic ? PT_INTERP : PT_NOTE;
    return std::string(reinterpret_cast<char*>(&header), sizeof(header)) +
           std::string(reinterpret_cast<char*>(segments), sizeof(segments));
  }

  static bool Is(const std::string& path) {
    return IsOfThisClass(PathAt::Here(path.c_str()));
  }
};

TEST_F(ProgramClassTest, OfADynamicProgramOfOurs) {
  EXPECT_TRUE(Is("/proc/self/exe"));
  EXPECT_TRUE(Is(File("dynamic", Program(true))));
}

TEST_F(ProgramClassTest, NotOfAStaticOne) {
  EXPECT_FALSE(Is(File("static", Program(false))));
}

TEST_F(ProgramClassTest, NotOfAnotherClassOrMachine) {
  std::string program = Program(true);
  program[EI_CLASS] ^= ELFCLASS32 ^ ELFCLASS64;
  EXPECT_FALSE(Is(File("class", program)));
  program = Program(true);
  program[offsetof(ElfW(Ehdr), e_machine)] ^= 1;
  EXPECT_FALSE(Is(File("machine", program)));
}

TEST_F(ProgramClassTest, OfAScriptTheInterpreterCounts) {
  const std::string dynamic = File("dynamic", Program(true));
  const std::string other = File("static", Program(false));
  EXPECT_TRUE(Is(File("script", "#!" + dynamic + "\n")));
  EXPECT_TRUE(Is(File("blanks", "#! \t" + dynamic + " -x y\nmore")));
  EXPECT_TRUE(Is(File("short", "#!" + dynamic)));
  EXPECT_FALSE(Is(File("other", "#!" + other + "\n")));
  EXPECT_TRUE(Is(File("nested", "#!" + File("inner", "#!" + dynamic) + "\n")));
  const std::string self = ::testing::TempDir() + "/self";
  EXPECT_FALSE(Is(File("self", "#!" + self + "\n")));
  EXPECT_FALSE(Is(File("nobody", "#!\n")));
}

TEST_F(ProgramClassTest, NotOfWhatIsNoProgram) {
  EXPECT_FALSE(Is(File("empty", "")));
  EXPECT_FALSE(Is(File("text", "echo hello\n")));
  EXPECT_FALSE(Is(File("cut", Program(true).substr(0, 100))));
  EXPECT_FALSE(Is(File("head", Program(true).substr(0, sizeof(ElfW(Ehdr))))));
  EXPECT_FALSE(Is("/"));
  EXPECT_FALSE(Is("/none/such"));
  EXPECT_FALSE(Is(""));
}

// A file that was looked at once is known until it changes.
TEST_F(ProgramClassTest, SeesThatAProgramHasChanged) {
  const std::string path = File("program", Program(true));
  EXPECT_TRUE(Is(path));
  EXPECT_TRUE(Is(path));
  const auto replace = [&](const std::string& bytes) {
    ASSERT_EQ(rename(File("new", bytes).c_str(), path.c_str()), 0);
  };
  replace(Program(false));
  EXPECT_FALSE(Is(path));
  EXPECT_FALSE(Is(path));
  replace(Program(true));
  EXPECT_TRUE(Is(path));
  std::ofstream(path) << Program(false) << "longer";
  EXPECT_FALSE(Is(path));
}

TEST_F(ProgramClassTest, KnowsMoreThanItRemembers) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 40; ++i) {
      const std::string name = "many" + std::to_string(i);
      if (round == 0) File(name, Program(i % 2 == 0));
      EXPECT_EQ(Is(::testing::TempDir() + "/" + name), i % 2 == 0) << i;
    }
  }
}

// A look would wake who waits for a reader.
TEST_F(ProgramClassTest, DoesNotTouchAPipe) {
  const std::string path = ::testing::TempDir() + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0777), 0);
  const int writer = open(path.c_str(), O_RDWR);
  ASSERT_EQ(write(writer, "#!/x\n", 5), 5);
  EXPECT_FALSE(Is(path));
  char bytes[6];
  EXPECT_EQ(read(writer, bytes, sizeof(bytes)), 5);
  close(writer);
}

TEST_F(ProgramClassTest, IsToldOfARelativePath) {
  const int dirfd = open(::testing::TempDir().c_str(), O_PATH);
  File("dynamic", Program(true));
  EXPECT_TRUE(IsOfThisClass({dirfd, "dynamic"}));
  EXPECT_FALSE(IsOfThisClass({dirfd, ""}));
  close(dirfd);
}

TEST_F(ProgramClassTest, LeavesNoDescriptor) {
  const int before = dup(0);
  close(before);
  Is(File("dynamic", Program(true)));
  const int after = dup(0);
  close(after);
  EXPECT_EQ(after, before);
}

TEST_F(ProgramClassTest, TellsAScript) {
  EXPECT_TRUE(IsScriptFile(File("script", "#!/bin/sh\n").c_str()));
  EXPECT_FALSE(IsScriptFile(File("text", "# !/bin/sh\n").c_str()));
  EXPECT_FALSE(IsScriptFile(File("empty", "").c_str()));
  EXPECT_FALSE(IsScriptFile("/none/such"));
}

TEST_F(ProgramClassTest, DecidesWhatIsHandedOn) {
  const std::string dynamic = File("dynamic", Program(true));
  const std::string other = File("static", Program(false));
  const auto traced = [](const std::string& path) {
    return PreloadForProgram(PathAt::Here(path.c_str()), nullptr);
  };
  EXPECT_EQ(traced(dynamic), PreloadFor::kAnyClass);  // there is no other form
  g_preload.entry = "/opt/$LIB/libfilemon.so";
  g_preload.library = "/opt/lib64/libfilemon.so";
  EXPECT_EQ(traced(dynamic), PreloadFor::kThisClass);
  EXPECT_EQ(traced(other), PreloadFor::kAnyClass);
}

TEST_F(ProgramClassTest, DormantLeavesWhatIsRight) {
  const std::string dynamic = File("dynamic", Program(true));
  const std::string other = File("static", Program(false));
  const auto dormant = [](const std::string& path, std::string variable) {
    char* environment[] = {&variable[0], nullptr};
    return PreloadForDormant(PathAt::Here(path.c_str()), environment);
  };
  const std::string one = "LD_PRELOAD=/opt//lib64/libfilemon.so";
  EXPECT_EQ(dormant(dynamic, one), PreloadFor::kAsItIs);
  EXPECT_EQ(dormant(other, one), PreloadFor::kAnyClass);
  EXPECT_EQ(dormant(other, "LD_PRELOAD=/opt/$LIB/libfilemon.so"),
            PreloadFor::kAsItIs);
  EXPECT_EQ(dormant(other, "LD_PRELOAD=x.so"), PreloadFor::kAsItIs);
  EXPECT_EQ(dormant(other, "A=1"), PreloadFor::kAsItIs);
  EXPECT_EQ(PreloadForDormant(PathAt::Here(other.c_str()), nullptr),
            PreloadFor::kAsItIs);
}

}  // namespace
}  // namespace filemon
