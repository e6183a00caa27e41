#include "tests/elf/preload_rules.h"

#include <elf.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PreloadRulesTest : public ::testing::Test {
 protected:
  // A good object: each test spoils one thing.
  PreloadRulesTest()
      : list_(
            *SymbolList::Parse("wrap open\n"
                               "wrap __wait4_time64\n"
                               "since __wait4_time64 : 32-bit glibc 2.34\n")) {
    object_.is_64 = true;
    object_.dynamic = {{DT_SONAME, 1}, {DT_INIT_ARRAYSZ, 8}};
    object_.segments = {{PT_LOAD, PF_R | PF_X, 0, 0x2345, 0x2345},
                        {PT_LOAD, PF_R | PF_W, 0x3000, 0x1080, 0x1fff},
                        {PT_GNU_STACK, PF_R | PF_W}};
    object_.symbols = {{"open", STT_FUNC, STB_GLOBAL, true},
                       {"dlsym", STT_NOTYPE, STB_GLOBAL, false},
                       {"gnu_only", STT_NOTYPE, STB_WEAK, false}};
    object_.relocations = 3;
  }

  std::vector<std::string> Faults() const {
    return PreloadFaults(
        object_, list_,
        {{"glibc", {"dlsym", "gnu_only"}}, {"musl", {"dlsym"}}});
  }

  SymbolList list_;
  ElfFile object_;
};

TEST_F(PreloadRulesTest, AcceptsAGoodObject) {
  EXPECT_THAT(Faults(), IsEmpty());
}

TEST_F(PreloadRulesTest, RejectsANeededLibrary) {
  object_.needed = {"libc.so.6"};
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("libc.so.6")));
}

TEST_F(PreloadRulesTest, RejectsAVersionedReference) {
  object_.dynamic.push_back({DT_VERNEED, 0x400});
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("version")));
}

TEST_F(PreloadRulesTest, RejectsASearchPath) {
  object_.dynamic.push_back({DT_RUNPATH, 5});
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("search path")));
}

TEST_F(PreloadRulesTest, RejectsTextRelocations) {
  object_.dynamic.push_back({DT_TEXTREL, 0});
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("text relocations")));
}

TEST_F(PreloadRulesTest, RejectsTextRelocationsByFlag) {
  object_.dynamic.push_back({DT_FLAGS, DF_TEXTREL});
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("text relocations")));
}

TEST_F(PreloadRulesTest, RejectsMemoryThatTakesAMapping) {
  object_.segments[1].memory_size = 0x2001;
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("3 mappings")));
}

TEST_F(PreloadRulesTest, RejectsAThirdSegment) {
  object_.segments.insert(object_.segments.begin(),
                          {PT_LOAD, PF_R, 0, 0x100, 0x100});
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("3 mappings")));
}

TEST_F(PreloadRulesTest, RejectsTooManyRelocations) {
  object_.relocations = kMaxRelocations + 1;
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("relocations")));
}

TEST_F(PreloadRulesTest, RejectsAnExecutableStack) {
  object_.segments.back().flags |= PF_X;
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("stack executable")));
}

TEST_F(PreloadRulesTest, RejectsAnObjectSilentAboutTheStack) {
  object_.segments.pop_back();
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("no GNU_STACK")));
}

TEST_F(PreloadRulesTest, RejectsWritableCode) {
  object_.segments[0].flags |= PF_W;
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("writable and executable")));
}

TEST_F(PreloadRulesTest, RejectsASecondConstructor) {
  object_.dynamic[1].second = 16;
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("2 constructors")));
}

TEST_F(PreloadRulesTest, RejectsStartFiles) {
  object_.dynamic.push_back({DT_INIT, 0x1000});
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("start files")));
}

TEST_F(PreloadRulesTest, RejectsADestructor) {
  object_.dynamic.push_back({DT_FINI_ARRAY, 0x1000});
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("destructors")));
}

TEST_F(PreloadRulesTest, RejectsAStrayExport) {
  object_.symbols.push_back({"memcpy", STT_FUNC, STB_GLOBAL, true});
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("exports memcpy")));
}

TEST_F(PreloadRulesTest, RejectsAMissingExport) {
  object_.symbols.erase(object_.symbols.begin());
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("does not export open")));
}

TEST_F(PreloadRulesTest, Wants32BitNamesOf32BitObjects) {
  object_.is_64 = false;
  object_.dynamic[1].second = 4;
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("__wait4_time64")));
}

TEST_F(PreloadRulesTest, RejectsASymbolThatALibcLacks) {
  object_.symbols.back().binding = STB_GLOBAL;
  EXPECT_THAT(Faults(), ElementsAre("needs gnu_only, which musl lacks"));
}

}  // namespace
}  // namespace filemon
