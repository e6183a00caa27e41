// Law 5: every function that a libc exports is wrapped, or listed with the
// reason why it need not be.
#include <fstream>
#include <iostream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/coverage/libc.h"
#include "tests/coverage/symbol_list.h"

namespace filemon {
namespace {

using ::testing::IsEmpty;

class CoverageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto list = SymbolList::Read("interpose/symbols.txt");
    ASSERT_TRUE(list.ok()) << list.status();
    list_ = *std::move(list);
  }

  SymbolList list_;
};

class LibcCoverageTest : public CoverageTest,
                         public ::testing::WithParamInterface<Libc> {};

TEST_P(LibcCoverageTest, EveryFunctionHasItsLine) {
  const std::set<std::string> functions = GetParam().Functions();
  if (functions.empty()) {
    GTEST_SKIP() << GetParam().name << " is not installed";
  }
  // A libc that was not read as a whole must not pass for one without gaps.
  EXPECT_GT(functions.size(), 1000u);
  std::cout << GetParam().name << ": " << functions.size() << " functions\n";
  EXPECT_THAT(Gaps(list_, functions), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(, LibcCoverageTest, ::testing::ValuesIn(Libc::All()),
                         [](const auto& info) { return info.param.name; });

TEST_F(CoverageTest, EveryWrappedNameExists) {
  std::set<std::string> functions;
  for (const Libc& libc : Libc::All()) {
    std::set<std::string> more = libc.Functions();
    if (more.empty()) GTEST_SKIP() << libc.name << " is not installed";
    functions.merge(more);
  }
  EXPECT_THAT(Strays(list_, functions), IsEmpty());
}

// The words behind `before` in a text.
std::set<std::string> WordsBehind(const std::string& before,
                                  const std::string& path) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::regex word(before + "(\\w+)");
  std::set<std::string> words;
  for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end;
       ++it) {
    words.insert((*it)[1]);
  }
  return words;
}

// 64-bit, and the 32-bit programs' own.
TEST_F(CoverageTest, SyscallKnowsEveryNumberOfAWrappedName) {
  const std::set<std::string> handled =
      WordsBehind("case SYS_", "interpose/wrap_syscall.cc");
  EXPECT_GT(handled.size(), 30u);
  for (const char* bits : {"64", "32"}) {
    const std::string header =
        absl::StrCat("/usr/include/x86_64-linux-gnu/asm/unistd_", bits, ".h");
    const std::set<std::string> calls = WordsBehind("#define __NR_", header);
    if (calls.empty()) GTEST_SKIP() << header << " is not installed";
    EXPECT_GT(calls.size(), 300u);
    EXPECT_THAT(NumberGaps(list_, handled, calls), IsEmpty());
  }
}

}  // namespace
}  // namespace filemon
