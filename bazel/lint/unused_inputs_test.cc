#include "bazel/lint/unused_inputs.h"

#include <string.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::lint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kEnd[] = "X 7 0 0\n# Bye bye\n";

std::vector<std::string> Unused(const std::string& records,
                                const std::string& end = kEnd) {
  return UnusedInputs(
      {"a", "b c", "tree", "src/link"},
      ReadFileUse(absl::StrCat("# Target pid 7\n", records, end)), "/box",
      [](const std::string& path) {
        for (const char* links : {"/box/src/", "/box/tool.runfiles/"}) {
          if (absl::StartsWith(path, links)) {
            return "/home/src/" + path.substr(strlen(links));
          }
        }
        return path;
      });
}

TEST(UnusedInputsTest, AreThoseThatWereNotRead) {
  EXPECT_THAT(Unused("R 7 /box/b c\nR 7 other\n"),
              ElementsAre("a", "tree", "src/link"));
  EXPECT_THAT(Unused("R 7 a\nR 7 /box/b c/\nR 7 /box/tree/in/it\n"
                     "E 7 /box/src/link\n"),
              IsEmpty());
}

TEST(UnusedInputsTest, ReadByTheirRealNamesIsRead) {
  EXPECT_THAT(Unused("R 7 /home/src/link\n"), ElementsAre("a", "b c", "tree"));
  // One link for another.
  EXPECT_THAT(Unused("R 7 /box/tool.runfiles/link\n"),
              ElementsAre("a", "b c", "tree"));
}

TEST(UnusedInputsTest, LinkedOrRenamedIsRead) {
  EXPECT_THAT(Unused("L 7 '/box/a' '/box/out'\nM 7 'tree/x' '/box/out2'\n"),
              ElementsAre("b c", "src/link"));
}

TEST(UnusedInputsTest, NoneIfSomethingMayBeMissing) {
  EXPECT_THAT(Unused("", ""), IsEmpty());
  EXPECT_THAT(Unused("", "X 7 1 0\n# Bye bye\n"), IsEmpty());
  EXPECT_THAT(Unused("# untraced 8 /t: statically linked\n"), IsEmpty());
  EXPECT_THAT(Unused("# lost 1 records of 7\n"), IsEmpty());
}

}  // namespace
}  // namespace filemon::lint
