#include "tests/coverage/symbol_list.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using Answer = SymbolList::Answer;

SymbolList ListOf(const std::string& text) {
  auto list = SymbolList::Parse(text);
  EXPECT_TRUE(list.ok()) << list.status();
  return list.ok() ? *std::move(list) : SymbolList();
}

std::string ErrorOf(const std::string& text) {
  return std::string(SymbolList::Parse(text).status().message());
}

TEST(SymbolListTest, FindsExactNamesAndPatterns) {
  const SymbolList list = ListOf(
      "# a comment\n"
      "\n"
      "wrap open\n"
      "pass memcpy mem* *printf : memory\n");
  EXPECT_EQ(list.Find("open"), Answer::kWrapped);
  EXPECT_EQ(list.Find("memcpy"), Answer::kPassed);
  EXPECT_EQ(list.Find("memmove"), Answer::kPassed);
  EXPECT_EQ(list.Find("vfprintf"), Answer::kPassed);
  EXPECT_EQ(list.Find("printf_size"), Answer::kUnknown);
  EXPECT_EQ(list.Find("chdir"), Answer::kUnknown);
}

TEST(SymbolListTest, PatternsDoNotSpeakForSiblings) {
  const SymbolList list = ListOf(
      "wrap open\n"
      "wrap dup2\n"
      "wrap execve\n"
      "wrap _exit\n"
      "wrap unlink\n"
      "wrap wait4\n"
      "wrap posix_spawn\n"
      "wrap __fts64_open_time64\n"
      "pass * : everything\n"
      "pass openat64 : named in full\n");
  for (const char* sibling : {"__open",
                              "open64",
                              "__open64_2",
                              "openat",
                              "__openat_2",
                              "openat2",
                              "_IO_open",
                              "__libc_open",
                              "__open_nocancel",
                              "__open_chk",
                              "dup",
                              "dup3",
                              "__dup2",
                              "execl",
                              "execvpe",
                              "__execve",
                              "execveat",
                              "_Exit",
                              "unlinkat",
                              "__wait4_time64",
                              "wait",
                              "wait3",
                              "posix_spawnp",
                              "posix_spawn_np",
                              "fts_open",
                              "fts64_open"}) {
    EXPECT_EQ(list.Find(sibling), Answer::kSibling) << sibling;
  }
  for (const char* stranger :
       {"opendir", "fopen", "strdup", "popen", "catopen", "sem_wait", "link",
        "fexecve", "atexit", "on_exit"}) {
    EXPECT_EQ(list.Find(stranger), Answer::kPassed) << stranger;
  }
  EXPECT_EQ(list.Find("openat64"), Answer::kPassed);
}

TEST(SymbolListTest, RootsTakeOffWhatLibcsAdd) {
  EXPECT_THAT(Roots("__openat64_2"), Contains("open"));
  EXPECT_THAT(Roots("__wait4_time64"), Contains("wait"));
  EXPECT_THAT(Roots("_IO_popen"), Contains("popen"));
  EXPECT_THAT(Roots("execlp"), Contains("exec"));
  EXPECT_THAT(Roots("posix_spawn_file_actions_addchdir_np"),
              Contains("posix_spawn_file_actions_addchdir"));
  EXPECT_THAT(Roots("unlink"), Not(Contains("link")));
  EXPECT_THAT(Roots("dup"), ElementsAre("dup"));
}

TEST(SymbolListTest, ReportsAFunctionThatNobodySpeaksFor) {
  const SymbolList list = ListOf(
      "wrap open\n"
      "wrap rename\n"
      "pass mem* : memory\n");
  EXPECT_THAT(Gaps(list, {"open", "memcpy", "rename"}), IsEmpty());
  EXPECT_THAT(
      Gaps(list, {"open", "__open_2", "memcpy", "renameat3", "teleport"}),
      ElementsAre(StartsWith("__open_2: a sibling"),
                  StartsWith("renameat3: a sibling"),
                  StartsWith("teleport: neither")));
}

TEST(SymbolListTest, ReportsAWrapThatNoLibcExports) {
  const SymbolList list = ListOf(
      "wrap open\n"
      "wrap opne\n"
      "wrap pidfd_spawn\n"
      "since pidfd_spawn : glibc 2.39\n");
  EXPECT_THAT(Strays(list, {"open", "close"}), ElementsAre(StartsWith("opne")));
}

TEST(SymbolListTest, ReportsANumberThatNobodySpeaksFor) {
  const auto list =
      SymbolList::Parse("wrap renameat\nwrap clone\nnumber clone : why\n");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(NumberGaps(*list, {"renameat"},
                         {"renameat", "renameat2", "clone", "getpid"}),
              ElementsAre("renameat2: a wrapped call, whose number syscall() "
                          "does not know"));
}

TEST(SymbolListTest, KnowsWhatOnly32BitLibcsExport) {
  const SymbolList list = ListOf(
      "wrap __wait4_time64\n"
      "wrap openat2\n"
      "since __wait4_time64 : 32-bit glibc 2.34\n"
      "since openat2 : glibc 2.43\n");
  EXPECT_TRUE(list.OnlyIn32Bits("__wait4_time64"));
  EXPECT_FALSE(list.OnlyIn32Bits("openat2"));
  EXPECT_FALSE(list.OnlyIn32Bits("open"));
}

TEST(SymbolListTest, RejectsBadLines) {
  EXPECT_THAT(ErrorOf("wrap open\nwarp close\n"),
              StartsWith("line 2: neither"));
  EXPECT_THAT(ErrorOf("wrap open close\n"), HasSubstr("not one name"));
  EXPECT_THAT(ErrorOf("wrap open*\n"), HasSubstr("not one name"));
  EXPECT_THAT(ErrorOf("wrap open\nwrap open\n"), HasSubstr("listed twice"));
  EXPECT_THAT(ErrorOf("wrap open\npass open : no\n"),
              HasSubstr("listed twice"));
  EXPECT_THAT(ErrorOf("pass memcpy\n"), HasSubstr("no reason"));
  EXPECT_THAT(ErrorOf("pass memcpy :\n"), HasSubstr("no reason"));
  EXPECT_THAT(ErrorOf("pass mem[cs]py : memory\n"), HasSubstr("not one name"));
  EXPECT_THAT(ErrorOf("since openat2 : glibc 2.43\n"),
              HasSubstr("is not wrapped"));
}

}  // namespace
}  // namespace filemon
