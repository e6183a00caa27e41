// bazel/defs.bzl, with the Bazel at hand.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/bazel/hooked_workspace.h"

namespace filemon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Contents(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// One Bazel for all tests: its start takes longer than the rest.
class RulesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (workspace_ == nullptr) workspace_ = new HookedWorkspace;
  }
  static void TearDownTestSuite() {
    delete workspace_;
    workspace_ = nullptr;
  }

  static CommandResult Bazel(const std::string& arguments) {
    return workspace_->Bazel(
        absl::StrCat(arguments, " --noshow_progress --symlink_prefix=built- ",
                     "--action_env=FILEMON=", workspace_->filemon(),
                     " --test_env=FILEMON=", workspace_->filemon()));
  }

  // The output of //run:NAME, which no two runs of its action share.
  static std::string Built(const std::string& name) {
    const CommandResult build =
        Bazel(absl::StrCat("build --output_groups=+filemon //run:", name));
    EXPECT_EQ(build.status, 0) << build.output;
    return Contents(workspace_->File("built-bin/run/" + name + ".txt"));
  }

  static void Change(const std::string& name) {
    std::ofstream(workspace_->File("run/" + name), std::ios::app) << "more\n";
  }

  static HookedWorkspace* workspace_;
};

HookedWorkspace* RulesTest::workspace_ = nullptr;

TEST_F(RulesTest, AChangedInputThatWasNotReadRunsNothing) {
  const std::string first = Built("concat");
  EXPECT_THAT(first, HasSubstr("read\n"));
  EXPECT_EQ(Contents(workspace_->File("built-bin/run/concat.unused")),
            "run/unread.txt\nbazel-out/k8-fastbuild/bin/sane/leaves\n");

  Change("unread.txt");
  EXPECT_EQ(Built("concat"), first);
  // Bazel has it on disk, too.
  workspace_->Bazel("shutdown");
  Change("unread.txt");
  EXPECT_EQ(Built("concat"), first);

  Change("read.txt");
  const std::string second = Built("concat");
  EXPECT_NE(second, first);
  EXPECT_THAT(second, HasSubstr("more\n"));
}

TEST_F(RulesTest, TheLogIsAnOutput) {
  Built("concat");
  EXPECT_THAT(Contents(workspace_->File("built-bin/run/concat.filemon")),
              AllOf(HasSubstr("# filemon version 5\n"),
                    HasSubstr("/run/read.txt\n"), HasSubstr("# Bye bye\n")));
}

TEST_F(RulesTest, TheLogIsOneForTheLint) {
  Built("concat");
  const CommandResult lint =
      workspace_->Lint("//run:concat", "built-bin/run/concat.filemon");
  // Bazel itself has left away the inputs that were not read.
  EXPECT_EQ(lint.output,
            "1 log of 1 action: 0 undeclared inputs, 0 undeclared outputs, "
            "0 unread inputs\n");
}

TEST_F(RulesTest, EveryInputCountsWhereSomethingWasNotTraced) {
  const std::string first = Built("untraced");
  EXPECT_EQ(Contents(workspace_->File("built-bin/run/untraced.unused")), "");
  Change("unread.txt");
  EXPECT_NE(Built("untraced"), first);
}

TEST_F(RulesTest, TestsRunUnderFilemon) {
  const CommandResult test = Bazel(
      "test --run_under=@filemon//bazel:filemon //greet:shell_test "
      "//greet:greet_test");
  ASSERT_EQ(test.status, 0) << test.output;
  // Whether Bazel has put them into an archive depends on its version.
  const std::string outputs =
      workspace_->File("built-testlogs/greet/shell_test/test.outputs");
  const std::string log =
      std::filesystem::exists(outputs + "/outputs.zip")
          ? workspace_->Unzipped(outputs + "/outputs.zip", "test.filemon")
          : Contents(outputs + "/test.filemon");
  EXPECT_THAT(log,
              AllOf(HasSubstr("/data/words.txt\n"), HasSubstr("# Bye bye\n")));
}

}  // namespace
}  // namespace filemon
