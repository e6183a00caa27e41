// Law 5: every function that a libc exports is wrapped, or listed with the
// reason why it need not be.
#include <elf.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/coverage/symbol_list.h"
#include "tests/elf/elf_file.h"

namespace filemon {
namespace {

using ::testing::IsEmpty;

constexpr char kList[] = "interpose/symbols.txt";

// A libc as a program meets it: the object itself, its dynamic linker and,
// for programs linked before glibc 2.34, the libraries that it swallowed.
struct Libc {
  const char* name;
  std::vector<std::string> folders;
  std::vector<std::string> objects;  // the first one must be there
};

const Libc kGlibc = {
    "glibc",
    {"/lib/x86_64-linux-gnu", "/lib64", "/lib/aarch64-linux-gnu", "/usr/lib"},
    {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
     "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1",
     "libanl.so.1"}};
const Libc kGlibc32 = {
    "32-bit glibc",
    {"/lib32", "/lib/i386-linux-gnu"},
    {"libc.so.6", "ld-linux.so.2", "libpthread.so.0", "libdl.so.2",
     "librt.so.1", "libutil.so.1", "libanl.so.1"}};
const Libc kMusl = {
    "musl", {"/lib"}, {"ld-musl-x86_64.so.1", "ld-musl-aarch64.so.1"}};

// Data is not called, so it needs no line.
bool IsFunction(const ElfFile::Symbol& symbol) {
  return symbol.defined &&
         (symbol.type == STT_FUNC || symbol.type == STT_GNU_IFUNC ||
          symbol.type == STT_NOTYPE);
}

// Empty when this libc is not installed.
std::set<std::string> FunctionsOf(const Libc& libc) {
  std::set<std::string> functions;
  for (const std::string& folder : libc.folders) {
    for (const std::string& object : libc.objects) {
      const auto file = ElfFile::Read(folder + "/" + object);
      if (!file.ok()) continue;
      for (const auto& symbol : file->symbols) {
        if (IsFunction(symbol)) functions.insert(symbol.name);
      }
    }
    if (!functions.empty()) break;
  }
  return functions;
}

SymbolList List() {
  std::ifstream in(kList);
  auto list = SymbolList::Parse(std::string(std::istreambuf_iterator<char>(in),
                                            std::istreambuf_iterator<char>()));
  EXPECT_TRUE(list.ok()) << kList << ": " << list.status();
  return list.ok() ? *std::move(list) : SymbolList();
}

class CoverageTest : public ::testing::TestWithParam<Libc> {};

TEST_P(CoverageTest, EveryFunctionHasItsLine) {
  const std::set<std::string> functions = FunctionsOf(GetParam());
  if (functions.empty()) {
    GTEST_SKIP() << GetParam().name << " is not installed";
  }
  std::cout << GetParam().name << ": " << functions.size() << " functions\n";
  EXPECT_THAT(Gaps(List(), functions), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(, CoverageTest,
                         ::testing::Values(kGlibc, kGlibc32, kMusl),
                         [](const auto& info) {
                           return std::string(info.index == 0   ? "Glibc"
                                              : info.index == 1 ? "Glibc32"
                                                                : "Musl");
                         });

// A libc that cannot be read must not pass for one without gaps.
TEST(CoverageSourcesTest, GlibcIsRead) {
  EXPECT_GT(FunctionsOf(kGlibc).size(), 2000u);
}

TEST(CoverageSourcesTest, EveryWrappedNameExists) {
  const std::set<std::string> musl = FunctionsOf(kMusl);
  if (musl.empty()) GTEST_SKIP() << "musl is not installed";
  std::set<std::string> functions = FunctionsOf(kGlibc);
  functions.insert(musl.begin(), musl.end());
  EXPECT_THAT(Strays(List(), functions), IsEmpty());
}

}  // namespace
}  // namespace filemon
