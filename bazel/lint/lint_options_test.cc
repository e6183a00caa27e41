#include "bazel/lint/lint_options.h"

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::lint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ErrorOf(const std::vector<std::string>& arguments) {
  return std::string(ParseLintOptions(arguments).status().message());
}

TEST(LintOptionsTest, Defaults) {
  const auto options = ParseLintOptions({"logs"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_THAT(options->logs, ElementsAre("logs"));
  EXPECT_EQ(options->aquery, "-");
  EXPECT_EQ(options->format, ReportFormat::kText);
  EXPECT_TRUE(options->allow_system);
  EXPECT_FALSE(options->all_unread);
  EXPECT_FALSE(options->errors.undeclared);
  EXPECT_EQ(options->most, 10u);
}

TEST(LintOptionsTest, All) {
  const auto options = ParseLintOptions(
      {"--aquery=a.json", "one", "--workspace=/w", "--allow=/opt/",
       "--allow=//third_party", "--allow=third_party/a/", "--strict",
       "--unread=all", "--most=0", "--format=sarif", "--error", "--", "--two"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_THAT(options->logs, ElementsAre("one", "--two"));
  EXPECT_EQ(options->aquery, "a.json");
  EXPECT_EQ(options->workspace, "/w");
  EXPECT_THAT(options->allow,
              ElementsAre("/opt", "third_party", "third_party/a"));
  EXPECT_FALSE(options->allow_system);
  EXPECT_TRUE(options->all_unread);
  EXPECT_EQ(options->most, 0u);
  EXPECT_EQ(options->format, ReportFormat::kSarif);
  EXPECT_TRUE(options->errors.undeclared);
  EXPECT_FALSE(options->errors.outputs);
}

TEST(LintOptionsTest, AllowFile) {
  const std::string file = ::testing::TempDir() + "/allow";
  std::ofstream(file) << "# ours\n\n  /opt/sdk  \n//a b/c\n";
  const auto options = ParseLintOptions({"--allow-file=" + file, "logs"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_THAT(options->allow, ElementsAre("/opt/sdk", "a b/c"));
  EXPECT_THAT(ErrorOf({"--allow-file=/not/there", "logs"}),
              HasSubstr("/not/there"));
}

TEST(LintOptionsTest, Errors) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("which logs"));
  EXPECT_THAT(ErrorOf({"--alow=/x", "logs"}), StartsWith("--alow=/x: no such"));
  EXPECT_THAT(ErrorOf({"--allow", "logs"}), HasSubstr("needs a value"));
  EXPECT_THAT(ErrorOf({"--error=1", "logs"}), HasSubstr("1 is none of"));
  EXPECT_THAT(ErrorOf({"--most=x", "logs"}), HasSubstr("no number"));
  EXPECT_THAT(ErrorOf({"--format=xml", "logs"}), HasSubstr("text, json"));
  EXPECT_THAT(ErrorOf({"--unread=none", "logs"}), HasSubstr("all"));
}

TEST(LintOptionsTest, HelpNeedsNoLogs) {
  const auto options = ParseLintOptions({"--help"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->help);
  EXPECT_THAT(std::string(LintHelp()), HasSubstr("--allow-file"));
}

}  // namespace
}  // namespace filemon::lint
