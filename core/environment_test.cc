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

TEST(TracedEnvironment, IsNotListedAsALibrary) {
  for (const char* variable :
       {"LD_TRACE_LOADED_OBJECTS=1", "LD_TRACE_PRELINKING="}) {
    EXPECT_THAT(TracedEnvironment({"A=1", variable}, "/f.so", "s"),
                ElementsAre("A=1", variable));
  }
}

TEST(OnlyLists, GoesByTheOptions) {
  EXPECT_TRUE(OnlyLists({"/lib64/ld-linux-x86-64.so.2", "--list", "/bin/ls"}));
  EXPECT_TRUE(OnlyLists({"ld.so", "--inhibit-cache", "--verify", "/bin/ls"}));
  EXPECT_FALSE(OnlyLists({"ld.so", "/bin/ls", "--list"}));
  EXPECT_FALSE(OnlyLists({"/bin/ls", "--list"}));
  EXPECT_FALSE(OnlyLists({}));
}

TEST(TracedEnvironment, IsNotThereTwice) {
  EXPECT_THAT(
      TracedEnvironment({"LD_PRELOAD=/a.so:/f.so", "FILEMON_SESSION=old"},
                        "/f.so", "new"),
      ElementsAre("LD_PRELOAD=/a.so:/f.so", "FILEMON_SESSION=new"));
}

}  // namespace
}  // namespace filemon
