#include "tests/instructions/stepper.h"

#include "gtest/gtest.h"

namespace filemon {
namespace {

Counts CountCase(const char* name, Regions regions = Regions::kBetweenMarks) {
  return CountInstructions({"tests/instructions/stepper_cases", name}, regions);
}

#define COUNT_OR_RETURN(counts, call)              \
  const Counts counts = call;                      \
  if (counts.denied) GTEST_SKIP() << counts.error; \
  ASSERT_EQ(counts.error, "")

TEST(StepperTest, CountsBetweenMarks) {
  COUNT_OR_RETURN(counts, CountCase("nops"));
  ASSERT_EQ(counts.regions.size(), 2u);
  EXPECT_EQ(counts.regions[0].all(), 3);
  EXPECT_EQ(counts.regions[1].all(), 1);
  EXPECT_EQ(counts.regions[0].rest, 3);
}

TEST(StepperTest, CountsWhatIsExecutedAgain) {
  COUNT_OR_RETURN(counts, CountCase("loop"));
  ASSERT_EQ(counts.regions.size(), 1u);
  EXPECT_EQ(counts.regions[0].all(), 1 + 2 * 100);
}

TEST(StepperTest, CountsARepeatedInstructionOnce) {
  COUNT_OR_RETURN(counts, CountCase("repeat"));
  ASSERT_EQ(counts.regions.size(), 1u);
  EXPECT_EQ(counts.regions[0].all(), 4);
}

TEST(StepperTest, CountsSystemCalls) {
  COUNT_OR_RETURN(counts, CountCase("system_calls"));
  ASSERT_EQ(counts.regions.size(), 1u);
  EXPECT_EQ(counts.regions[0].all(), 4);
  EXPECT_EQ(counts.regions[0].system_calls, 2);
  EXPECT_EQ(counts.regions[0].library_calls, 0);
}

TEST(StepperTest, PassesSignalsOn) {
  COUNT_OR_RETURN(counts, CountCase("signal"));
  ASSERT_EQ(counts.regions.size(), 1u);
  // The kill, and the return from the handler.
  EXPECT_GE(counts.regions[0].system_calls, 2);
}

TEST(StepperTest, ARegionEndsWithAnExec) {
  COUNT_OR_RETURN(counts, CountCase("exec"));
  ASSERT_EQ(counts.regions.size(), 3u);
  EXPECT_EQ(counts.regions[0].system_calls, 1);
  EXPECT_LT(counts.regions[0].all(), 1000);
  EXPECT_EQ(counts.regions[1].all(), 3);
  EXPECT_EQ(counts.regions[2].all(), 1);
}

TEST(StepperTest, ARegionEndsWithTheProgram) {
  COUNT_OR_RETURN(counts, CountCase("end"));
  ASSERT_EQ(counts.regions.size(), 1u);
  EXPECT_EQ(counts.regions[0].all(), 3);
}

TEST(StepperTest, CountsTheDynamicLinkerFromTheStart) {
  COUNT_OR_RETURN(counts, CountCase("nops", Regions::kFromStart));
  // Up to the first mark, and from the second to the third.
  ASSERT_EQ(counts.regions.size(), 3u);
  EXPECT_GT(counts.regions[0].linker, 10000);
  EXPECT_GT(counts.regions[0].rest, 0);
  EXPECT_EQ(counts.regions[0].library, 0);
}

TEST(StepperTest, SaysWhyThereIsNoCount) {
  EXPECT_EQ(CountCase("fails").error,
            "tests/instructions/stepper_cases: exit status 3");
  EXPECT_TRUE(CountCase("fails").regions.empty());
  EXPECT_NE(CountInstructions({"/no/such/program"}, Regions::kFromStart).error,
            "");
}

}  // namespace
}  // namespace filemon
