#include "core/environment.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;

TEST(TracedEnvironment, AddsOurs) {
  EXPECT_THAT(
      TracedEnvironment({"A=1", "B"}, "/f.so", "1:2"),
      ElementsAre("A=1", "B", "LD_PRELOAD=/f.so", "FILEMON_SESSION=1:2"));
}

TEST(TracedEnvironment, KeepsOtherPreloadsInFront) {
  EXPECT_THAT(
      TracedEnvironment({"LD_PRELOAD=/a.so /b.so:", "A=1"}, "/f.so", "s"),
      ElementsAre("A=1", "LD_PRELOAD=/a.so /b.so::/f.so", "FILEMON_SESSION=s"));
  EXPECT_THAT(TracedEnvironment({"LD_PRELOAD="}, "/f.so", "s"),
              ElementsAre("LD_PRELOAD=/f.so", "FILEMON_SESSION=s"));
}

// Below a traced process, whose children have it without `$LIB`.
TEST(TracedEnvironment, KnowsItsLibraryByItsOtherName) {
  EXPECT_THAT(
      TracedEnvironment({"LD_PRELOAD=/a.so:/x//lib64/libfilemon.so b.so"},
                        "/x/$LIB/libfilemon.so", "s"),
      ElementsAre("LD_PRELOAD=/a.so:/x/$LIB/libfilemon.so b.so",
                  "FILEMON_SESSION=s"));
  for (const char* other : {"/y//lib64/libfilemon.so", "/x/lib64/libfilemon.so",
                            "/x//lib64/f.so"}) {
    EXPECT_THAT(TracedEnvironment({std::string("LD_PRELOAD=") + other},
                                  "/x/$LIB/libfilemon.so", "s"),
                ElementsAre(std::string("LD_PRELOAD=") + other +
                                ":/x/$LIB/libfilemon.so",
                            "FILEMON_SESSION=s"));
  }
}

TEST(TracedEnvironment, IsNotThereTwice) {
  EXPECT_THAT(
      TracedEnvironment({"LD_PRELOAD=/a.so:/f.so", "FILEMON_SESSION=old"},
                        "/f.so", "new"),
      ElementsAre("LD_PRELOAD=/a.so:/f.so", "FILEMON_SESSION=new"));
}

}  // namespace
}  // namespace filemon
