// The scripts in cases/: real tools, each script traced as a whole. A comment
// line in a script may say
//   # needs: TOOL...   skip the script where one of these is missing; a tool on
//                      PATH, or a file
//   # untraced: N      so many programs in it do not load the library; 0 if it
//                      says nothing
//   # gap: RECORD because REASON
//                      this record is known to be missing, and must be
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "tests/kernel_truth/judged_test.h"

namespace filemon {
namespace truth {
namespace {

constexpr char kCases[] = "tests/kernel_truth/cases";

struct Script {
  std::string path;
  std::vector<std::string> needs;
  size_t untraced = 0;
  std::vector<Gap> gaps;
};

Script ReadScript(const std::string& name) {
  Script script;
  script.path = Runfile(absl::StrCat(kCases, "/", name, ".sh"));
  std::ifstream file(script.path);
  for (std::string text; std::getline(file, text);) {
    absl::string_view line = text;
    if (absl::ConsumePrefix(&line, "# needs: ")) {
      script.needs = absl::StrSplit(line, ' ');
    } else if (absl::ConsumePrefix(&line, "# untraced: ")) {
      EXPECT_TRUE(absl::SimpleAtoi(line, &script.untraced)) << text;
    } else if (absl::ConsumePrefix(&line, "# gap: ")) {
      const std::vector<std::string> gap = absl::StrSplit(line, " because ");
      EXPECT_EQ(gap.size(), 2u) << text;
      script.gaps.push_back({gap.front(), gap.back()});
    }
  }
  return script;
}

bool IsThere(const std::string& tool) {
  if (absl::StartsWith(tool, "/")) return access(tool.c_str(), R_OK) == 0;
  for (const char* folder : {"/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"}) {
    if (access(absl::StrCat(folder, tool).c_str(), X_OK) == 0) return true;
  }
  return false;
}

class ScriptTest : public ::testing::Test {
 public:
  explicit ScriptTest(std::string name) : name_(std::move(name)) {}
  void TestBody() override {
    const Script script = ReadScript(name_);
    for (const std::string& tool : script.needs) {
      if (!IsThere(tool)) GTEST_SKIP() << tool << " is not installed";
    }
    Session session = NewSession(name_);
    session.environment.push_back("LC_ALL=C.UTF-8");
    session.environment.push_back(
        absl::StrCat("EXAMPLE=", Runfile("examples/tally")));
    session.command = {"/bin/sh", "-eu", script.path};
    const Judgement judgement = ExpectTruth(session, script.gaps);
    EXPECT_EQ(judgement.verdict.untraced.size(), script.untraced)
        << judgement.verdict.Report();
  }

 private:
  const std::string name_;
};

std::vector<std::string> ScriptNames() {
  std::vector<std::string> names;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(kCases), closedir);
  while (dir != nullptr) {
    const dirent* entry = readdir(dir.get());
    if (entry == nullptr) break;
    absl::string_view name = entry->d_name;
    if (absl::ConsumeSuffix(&name, ".sh")) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Cases, AreThere) { EXPECT_GT(ScriptNames().size(), 10u); }

}  // namespace

void RegisterScripts() {
  for (const std::string& name : ScriptNames()) {
    ::testing::RegisterTest(
        "Script", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [name]() -> ::testing::Test* { return new ScriptTest(name); });
  }
}

}  // namespace truth
}  // namespace filemon

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  filemon::truth::RegisterScripts();
  return RUN_ALL_TESTS();
}
