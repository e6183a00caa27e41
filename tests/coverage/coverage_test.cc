// Law 5: every function that a libc exports is wrapped, or listed with the
// reason why it need not be.
#include <iostream>
#include <set>
#include <string>

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

}  // namespace
}  // namespace filemon
