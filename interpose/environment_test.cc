#include "interpose/environment.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "core/wire.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interpose/preload.h"
#include "interpose/session.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint32_t kOwnLife = 6;

// Of this process, for its next image, or for a child of it.
std::string SessionFor(uint32_t child) {
  char entry[128];
  snprintf(entry, sizeof(entry),
           "FILEMON_SESSION=4:500:42:9:123456:7:0:8:5:0:%010d:%010u:%010u",
           getpid(), kOwnLife, child);
  return entry;
}
const std::string kSession = SessionFor(0);
constexpr char kPreload[] = "LD_PRELOAD=/opt/$LIB/libfilemon.so";

// A null-terminated environment of the given entries.
class Block {
 public:
  Block(std::initializer_list<std::string> entries) : entries_(entries) {
    for (std::string& entry : entries_) pointers_.push_back(&entry[0]);
    pointers_.push_back(nullptr);
  }
  Block(const Block&) = delete;

  char* const* get() const { return pointers_.data(); }

 private:
  std::vector<std::string> entries_;
  std::vector<char*> pointers_;
};

TEST(FindVariableTest, TakesTheWholeName) {
  const Block block = {"PATHS=no", "XPATH=no",  "PAT=no",
                       "PATH",     "PATH=/bin", "PATH=/x"};
  EXPECT_STREQ(FindVariable(block.get(), "PATH"), "/bin");
  EXPECT_EQ(FindVariable(block.get(), "PA"), nullptr);
  EXPECT_EQ(FindVariable(Block({}).get(), "PATH"), nullptr);
  EXPECT_STREQ(FindVariable(Block({"EMPTY="}).get(), "EMPTY"), "");
}

class TracedEnvironmentTest : public ::testing::Test {
 protected:
  TracedEnvironmentTest() {
    ThisSession().fd = 500;
    ThisSession().cookie = 7;
    ThisSession().collector = 42;
    ThisSession().collector_fd = 9;
    ThisSession().inode = 123456;
    ThisSession().bell = 8;
    ThisSession().lanes = 5;
    ThisSession().pid = getpid();
    ThisSession().life = kOwnLife;
    g_preload.entry = "/opt/$LIB/libfilemon.so";
  }
  ~TracedEnvironmentTest() override {
    ThisSession() = DormantSession();
    g_preload = {};
  }

  // Expects that `environment` passes as it is.
  static void ExpectRight(char* const* environment,
                          PreloadFor image = PreloadFor::kAsItIs) {
    const TracedEnvironment traced(environment, image);
    EXPECT_EQ(traced.size(), 0u);
    EXPECT_EQ(traced.Build(nullptr), environment);
  }

  static int32_t Obstacle(char* const* environment) {
    return TracedEnvironment(environment, PreloadFor::kAsItIs).obstacle();
  }

  // What a new image gets instead, in memory that ASan guards to the byte.
  static std::vector<std::string> Traced(
      char* const* environment, PreloadFor image = PreloadFor::kAsItIs) {
    const TracedEnvironment traced(environment, image);
    const std::vector<char*> memory((traced.size() + sizeof(char*) - 1) /
                                    sizeof(char*));
    char* const* built = traced.Build(const_cast<char**>(memory.data()));
    EXPECT_NE(built, environment);
    std::vector<std::string> entries;
    for (; *built != nullptr; ++built) entries.push_back(*built);
    return entries;
  }
};

TEST_F(TracedEnvironmentTest, DormantChangesNothing) {
  ThisSession().fd = -1;
  ExpectRight(nullptr);
  ExpectRight(Block({}).get());
  ExpectRight(Block({"A=1"}).get());
}

TEST_F(TracedEnvironmentTest, RightIsLeftAlone) {
  ExpectRight(Block({kSession, kPreload}).get());
  ExpectRight(Block({"A=1", kPreload, "B=2", kSession, "C"}).get());
  ExpectRight(
      Block({kSession, "LD_PRELOAD=libasan.so /elsewhere/libfilemon.so:x.so"})
          .get());
}

TEST_F(TracedEnvironmentTest, TellsAChildFromTheNextImage) {
  const Block block = {"A", kSession, kPreload};
  const TracedEnvironment traced(block.get(), PreloadFor::kAsItIs, {}, 4711);
  const std::vector<char*> memory(traced.size() / sizeof(char*) + 1);
  char* const* built = traced.Build(const_cast<char**>(memory.data()));
  ASSERT_NE(built, block.get());
  EXPECT_EQ(built[2], SessionFor(4711));
  // Of somebody else whose environment this one has.
  EXPECT_THAT(Traced(Block({SessionFor(4711), kPreload}).get()),
              ElementsAre(kPreload, kSession));
}

TEST_F(TracedEnvironmentTest, NoneAtAllBecomesOurs) {
  EXPECT_THAT(Traced(nullptr), ElementsAre(kSession, kPreload));
  EXPECT_THAT(Traced(Block({}).get()), ElementsAre(kSession, kPreload));
}

TEST_F(TracedEnvironmentTest, PutsBackWhatIsMissing) {
  EXPECT_THAT(Traced(Block({"A=1", "B=2"}).get()),
              ElementsAre("A=1", "B=2", kSession, kPreload));
  EXPECT_THAT(Traced(Block({"A=1", kSession, "B=2"}).get()),
              ElementsAre("A=1", kSession, "B=2", kPreload));
  EXPECT_THAT(Traced(Block({"A=1", kPreload, "B=2"}).get()),
              ElementsAre("A=1", kPreload, "B=2", kSession));
}

TEST_F(TracedEnvironmentTest, PutsRightWhatHasChanged) {
  EXPECT_THAT(Traced(Block({"FILEMON_SESSION=4:499:42:9:123456:7:0:8:5",
                            kPreload, "FILEMON_SESSIONS=mine"})
                         .get()),
              ElementsAre(kPreload, "FILEMON_SESSIONS=mine", kSession));
  EXPECT_THAT(Traced(Block({"FILEMON_SESSION=", kPreload}).get()),
              ElementsAre(kPreload, kSession));
}

// getenv() and our own look take the first of two.
TEST_F(TracedEnvironmentTest, LeavesNoOtherSessionInFront) {
  EXPECT_THAT(
      Traced(Block({"FILEMON_SESSION=4:3:4:5:6:7:0:8:9", kSession, kPreload})
                 .get()),
      ElementsAre(kPreload, kSession));
}

TEST_F(TracedEnvironmentTest, OtherPreloadsStayFirstAndInOrder) {
  EXPECT_THAT(
      Traced(Block({"LD_PRELOAD=libasan.so /x/libjemalloc.so:f.so", "A=1",
                    kSession})
                 .get()),
      ElementsAre("A=1", kSession,
                  "LD_PRELOAD=libasan.so /x/libjemalloc.so:f.so:/opt/$LIB/"
                  "libfilemon.so"));
  EXPECT_THAT(Traced(Block({"LD_PRELOAD="}).get()),
              ElementsAre(kSession, kPreload));
}

TEST_F(TracedEnvironmentTest, NamesTheLibraryForTheClassOfTheImage) {
  constexpr char kThisClass[] = "LD_PRELOAD=/opt//lib64/libfilemon.so";
  const Block any = {kSession, kPreload};
  const Block one = {kSession, kThisClass};
  EXPECT_THAT(Traced(one.get(), PreloadFor::kAnyClass),
              ElementsAre(kSession, kPreload));
  ExpectRight(one.get(), PreloadFor::kThisClass);
  ExpectRight(one.get(), PreloadFor::kAsItIs);
  ExpectRight(any.get(), PreloadFor::kAnyClass);
  // Where our own is not known there is no other.
  ExpectRight(any.get(), PreloadFor::kThisClass);
  EXPECT_THAT(
      Traced(Block({"A", "LD_PRELOAD=x.so /opt//lib64/libfilemon.so:y.so",
                    kSession, "B"})
                 .get(),
             PreloadFor::kAnyClass),
      ElementsAre("A", kSession, "B",
                  "LD_PRELOAD=x.so /opt/$LIB/libfilemon.so:y.so"));
}

// What a traced process has handed on stays behind when its session does not.
TEST_F(TracedEnvironmentTest, DormantCaresForOtherClasses) {
  ThisSession().fd = kDormant;
  const Block one = {"A", "LD_PRELOAD=/opt//lib64/libfilemon.so", "B"};
  EXPECT_THAT(Traced(one.get(), PreloadFor::kAnyClass),
              ElementsAre("A", "B", kPreload));
  ExpectRight(one.get(), PreloadFor::kAsItIs);
  ExpectRight(Block({kPreload}).get(), PreloadFor::kAnyClass);
  ExpectRight(Block({"LD_PRELOAD=x.so"}).get(), PreloadFor::kAnyClass);
  ExpectRight(nullptr, PreloadFor::kAnyClass);
}

TEST_F(TracedEnvironmentTest, LinkedInPassesNoPreloadOn) {
  g_preload.entry = nullptr;
  EXPECT_THAT(Traced(Block({"LD_PRELOAD=x.so"}).get()),
              ElementsAre("LD_PRELOAD=x.so", kSession));
  ExpectRight(Block({kSession}).get());
}

// `filemon` inside of filemon: the collector's child is about to be traced by
// it.
TEST_F(TracedEnvironmentTest, LeavesASessionThatBeginsAlone) {
  for (const pid_t collector : {getpid(), getppid()}) {
    const std::string theirs =
        "FILEMON_SESSION=4:500:" + std::to_string(collector) +
        ":9:654321:8:0:3:4:0:0000000001:0000000002:0000000003";
    const Block block = {theirs, "LD_PRELOAD=/their/libfilemon.so"};
    ExpectRight(block.get());
    EXPECT_EQ(Obstacle(block.get()), wire::kHandedOver);
  }
  EXPECT_EQ(Obstacle(Block({kSession, kPreload}).get()), 0);
}

TEST_F(TracedEnvironmentTest, TakesOutWhatCannotBeLoaded) {
  g_preload.library = "/none/libfilemon.so";
  const auto preload = [](const std::string& value) {
    return Traced(Block({"A=1", "LD_PRELOAD=" + value, kSession, "B"}).get());
  };
  const std::string ours = g_preload.entry;
  EXPECT_THAT(preload(ours), ElementsAre("A=1", "B"));
  EXPECT_THAT(preload(ours + ":"), ElementsAre("A=1", "B"));
  EXPECT_THAT(preload("x.so:" + ours),
              ElementsAre("A=1", "B", "LD_PRELOAD=x.so"));
  EXPECT_THAT(preload(ours + " x.so"),
              ElementsAre("A=1", "B", "LD_PRELOAD=x.so"));
  EXPECT_THAT(preload("x.so " + ours + ":y.so z.so"),
              ElementsAre("A=1", "B", "LD_PRELOAD=x.so y.so z.so"));
  EXPECT_THAT(preload("x.so"), ElementsAre("A=1", "LD_PRELOAD=x.so", "B"));
  EXPECT_THAT(Traced(Block({kSession}).get()), IsEmpty());
  ExpectRight(Block({"A=1"}).get());
  ExpectRight(nullptr);
  EXPECT_EQ(Obstacle(nullptr), wire::kUnreachable);
}

TEST_F(TracedEnvironmentTest, HasRoomForTheLongestValues) {
  ThisSession().fd = ThisSession().collector = ThisSession().collector_fd =
      INT32_MAX;
  ThisSession().cookie = UINT32_MAX;
  ThisSession().inode = UINT64_MAX;
  ThisSession().first = ThisSession().bell = ThisSession().lanes = INT32_MAX;
  const std::string library(4095, 'l');
  g_preload.entry = library.c_str();
  const std::string others = "LD_PRELOAD=" + std::string(100000, 'o');
  EXPECT_THAT(Traced(Block({others}).get()),
              ElementsAre("FILEMON_SESSION=4:2147483647:2147483647:2147483647:"
                          "18446744073709551615:4294967295:"
                          "2147483647:2147483647:2147483647" +
                              kSession.substr(kSession.size() - 35),
                          others + ":" + library));
}

// The kernel says EFAULT, or finds it in order for all that we know.
TEST_F(TracedEnvironmentTest, WhatCannotBeReadIsLeftAlone) {
  char* const bad = reinterpret_cast<char*>(-1);
  ExpectRight(reinterpret_cast<char* const*>(-1));
  ExpectRight(reinterpret_cast<char* const*>(8));
  char* const element[] = {const_cast<char*>("A=1"), bad, nullptr};
  ExpectRight(element);
  EXPECT_EQ(Obstacle(element), 0);
  EXPECT_EQ(FindReadableVariable(element, "B"), nullptr);
  EXPECT_STREQ(FindReadableVariable(element, "A"), "1");
  // One whose name is ours, and that has no end.
  constexpr size_t kPage = 4096;
  char* const memory =
      static_cast<char*>(mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  mprotect(memory + kPage, kPage, PROT_NONE);
  for (const char* name : {"LD_PRELOAD=", "FILEMON_SESSION=", "L", "F"}) {
    char* const text = memory + kPage - strlen(name);
    memcpy(text, name, strlen(name));
    char* const endless[] = {text, nullptr};
    ExpectRight(endless);
  }
  // Pointers that run into it.
  char** const last = reinterpret_cast<char**>(memory + kPage) - 1;
  *last = const_cast<char*>("A=1");
  ExpectRight(last);
  *last = nullptr;
  EXPECT_THAT(Traced(last), ElementsAre(kSession, kPreload));
  munmap(memory, 2 * kPage);
}

TEST_F(TracedEnvironmentTest, ALargeOneIsNotOnTheStack) {
  std::vector<char*> many(100000, const_cast<char*>("A=1"));
  many.push_back(nullptr);
  FILEMON_TRACED_ENVIRONMENT(traced, many.data(), PreloadFor::kAsItIs);
  EXPECT_STREQ(traced[99999], "A=1");
  EXPECT_EQ(traced[100000], kSession);
  EXPECT_EQ(traced[100002], nullptr);
  const char here = 0;
  const auto distance =
      reinterpret_cast<intptr_t>(traced) - reinterpret_cast<intptr_t>(&here);
  EXPECT_GT(std::abs(distance), intptr_t{1000000});
}

TEST_F(TracedEnvironmentTest, WithoutMemoryItStaysAsItIs) {
  const Block block = {"A=1"};
  const TracedEnvironment traced(block.get(), PreloadFor::kAsItIs);
  EXPECT_GT(traced.size(), 0u);
  EXPECT_EQ(traced.Build(nullptr), block.get());
}

TEST_F(TracedEnvironmentTest, IsBuiltInTheCallersFrame) {
  const Block block = {"A=1"};
  FILEMON_TRACED_ENVIRONMENT(traced, block.get(), PreloadFor::kAsItIs);
  EXPECT_STREQ(traced[0], "A=1");
  EXPECT_EQ(traced[1], kSession);
  EXPECT_STREQ(traced[2], kPreload);
  EXPECT_EQ(traced[3], nullptr);
  FILEMON_TRACED_ENVIRONMENT(again, traced, PreloadFor::kAsItIs);
  EXPECT_EQ(again, traced);
}

}  // namespace
}  // namespace filemon
