#include "core/options.h"

#include <stdlib.h>

#include "absl/flags/reflection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OptionsTest : public ::testing::Test {
 protected:
  OptionsTest() { unsetenv("FILEMON_PATHS"); }

  // absl's flags are global: each test leaves them as it found them.
  absl::FlagSaver saver_;
};

TEST_F(OptionsTest, HasDefaults) {
  const auto options = ParseOptions({"make"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->output, "filemon.out");
  EXPECT_EQ(options->paths, PathStyle::kGiven);
  EXPECT_FALSE(options->wait_all);
  EXPECT_FALSE(options->stats);
  EXPECT_THAT(options->command, ElementsAre("make"));
}

TEST_F(OptionsTest, TakesTheOutputInEachForm) {
  const std::vector<std::vector<std::string>> forms = {{"-o", "f", "c"},
                                                       {"-of", "c"},
                                                       {"--output", "f", "c"},
                                                       {"--output=f", "c"},
                                                       {"-o", "f", "--", "c"}};
  for (const auto& form : forms) {
    const auto options = ParseOptions(form);
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_EQ(options->output, "f");
    EXPECT_THAT(options->command, ElementsAre("c"));
  }
}

TEST_F(OptionsTest, LeavesTheCommandItsOptions) {
  for (const bool dashes : {false, true}) {
    std::vector<std::string> arguments = {"--stats"};
    if (dashes) arguments.push_back("--");
    for (const char* argument : {"make", "--version", "-o", "x", "--"}) {
      arguments.push_back(argument);
    }
    const auto options = ParseOptions(arguments);
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_TRUE(options->stats);
    EXPECT_FALSE(options->version);
    EXPECT_EQ(options->output, "filemon.out");
    EXPECT_THAT(options->command,
                ElementsAre("make", "--version", "-o", "x", "--"));
  }
}

TEST_F(OptionsTest, TakesSwitchesAndPaths) {
  const auto options =
      ParseOptions({"--wait-all", "--stats", "--paths=absolute", "c"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->wait_all);
  EXPECT_TRUE(options->stats);
  EXPECT_EQ(options->paths, PathStyle::kAbsolute);
}

TEST_F(OptionsTest, TakesPathsFromTheEnvironment) {
  setenv("FILEMON_PATHS", "absolute", 1);
  EXPECT_EQ(ParseOptions({"c"})->paths, PathStyle::kAbsolute);
  EXPECT_EQ(ParseOptions({"--paths=given", "c"})->paths, PathStyle::kGiven);
}

TEST_F(OptionsTest, TakesTheWaitFromTheEnvironment) {
  for (const auto& [value, waits] :
       {std::pair("1", true), {"0", false}, {"", false}}) {
    const absl::FlagSaver saver;
    setenv("FILEMON_WAIT_ALL", value, 1);
    EXPECT_EQ(ParseOptions({"c"})->wait_all, waits) << value;
  }
  setenv("FILEMON_WAIT_ALL", "2", 1);
  EXPECT_EQ(ParseOptions({"c"}).status().message(),
            "FILEMON_WAIT_ALL: bad value '2': it is `1` or `0`");
  unsetenv("FILEMON_WAIT_ALL");
}

TEST_F(OptionsTest, NeedsNoCommandForHelpAndVersion) {
  EXPECT_TRUE(ParseOptions({"--help"})->help);
  EXPECT_TRUE(ParseOptions({"-h"})->help);
  EXPECT_TRUE(ParseOptions({"--version"})->version);
}

TEST_F(OptionsTest, SaysWhatIsWrong) {
  const struct {
    std::vector<std::string> arguments;
    const char* message;
  } kCases[] = {
      {{}, "no command"},
      {{"--"}, "no command"},
      {{"--stats"}, "no command"},
      {{"--bogus", "c"}, "unknown option --bogus"},
      {{"-x", "c"}, "unknown option -x"},
      {{"--flagfile=x", "c"}, "unknown option --flagfile=x"},
      {{"-o"}, "-o needs a value"},
      {{"--output=", "c"}, "the name is empty"},
      {{"--stats=1", "c"}, "--stats takes no value"},
      {{"--paths=both", "c"}, "--paths: bad value 'both': it is `given`"},
  };
  for (const auto& c : kCases) {
    const absl::FlagSaver saver;
    EXPECT_THAT(std::string(ParseOptions(c.arguments).status().message()),
                HasSubstr(c.message));
  }
  setenv("FILEMON_PATHS", "x", 1);
  EXPECT_THAT(std::string(ParseOptions({"c"}).status().message()),
              HasSubstr("FILEMON_PATHS: bad value 'x'"));
}

}  // namespace
}  // namespace filemon
