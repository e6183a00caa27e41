#include "core/library.h"

#include <elf.h>
#include <string.h>
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

// A file of ELF's form, as far as it is looked at.
void PutElf(const std::string& root, const std::string& path, int elf_class,
            int type, int machine, const char* name = "filemon_session_open") {
  Put(root, path);
  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = elf_class;
  header.e_type = type;
  header.e_machine = machine;
  std::ofstream file(root + "/" + path);
  file.write(reinterpret_cast<const char*>(&header), sizeof(header));
  file << name;
}

TEST(CheckLibrary, TakesWhatCanBePreloaded) {
  const std::string root = MakeTree("named");
  PutElf(root, "own.so", ELFCLASS64, ET_DYN, EM_X86_64);
  PutElf(root, "t/lib64/own.so", ELFCLASS64, ET_DYN, EM_X86_64);
  for (const char* name : {"/own.so", "/t/$LIB/own.so", "/t/${LIB}/own.so"}) {
    EXPECT_EQ(CheckLibrary(root + name).value(), root + name);
  }
}

TEST(CheckLibrary, SaysWhatCannot) {
  const std::string root = MakeTree("wrong");
  Put(root, "text.so");
  PutElf(root, "32.so", ELFCLASS32, ET_DYN, EM_386);
  PutElf(root, "arm.so", ELFCLASS64, ET_DYN, EM_AARCH64);
  PutElf(root, "program", ELFCLASS64, ET_EXEC, EM_X86_64);
  PutElf(root, "other.so", ELFCLASS64, ET_DYN, EM_X86_64, "other");
  PutElf(root, "a b.so", ELFCLASS64, ET_DYN, EM_X86_64);
  PutElf(root, "u/lib/x86_64-linux-gnu/own.so", ELFCLASS32, ET_DYN, EM_386);
  const struct {
    std::string path;
    const char* reason;
  } kCases[] = {
      {"libfilemon.so", "not an absolute path"},
      {"", "not an absolute path"},
      {root, "Is a directory"},
      {root + "/none.so", "No such file"},
      {root + "/$LIB/own.so", "No such file"},
      {root + "/text.so", "not an ELF file"},
      {root + "/32.so", "another kind of program"},
      {root + "/arm.so", "another kind of program"},
      {root + "/u/$LIB/own.so", "another kind of program"},
      {root + "/program", "not a libfilemon.so"},
      {root + "/other.so", "not a libfilemon.so"},
      {root + "/a b.so", "LD_PRELOAD cannot carry"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(std::string(CheckLibrary(c.path).status().message()),
                HasSubstr(c.reason))
        << c.path;
  }
}

}  // namespace
}  // namespace filemon
