#include "interpose/lent_environment.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interpose/preload.h"
#include "interpose/process.h"
#include "interpose/session.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class LentEnvironmentTest : public ::testing::Test {
 protected:
  LentEnvironmentTest() {
    ThisSession().fd = 500;
    ThisSession().state = kTracing;
    ThisSession().pid = getpid();
    g_preload.entry = "/opt/libfilemon.so";
    clearenv();
    setenv("A", "1", 1);
  }
  ~LentEnvironmentTest() override { ThisSession() = DormantSession(); }

  // What a child would get, without the session's numbers.
  static std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (char** entry = environ; entry != nullptr && *entry != nullptr;
         ++entry) {
      names.push_back(std::string(*entry, strcspn(*entry, "=")));
    }
    return names;
  }
};

TEST_F(LentEnvironmentTest, IsThereForTheTimeOfTheCall) {
  char** const own = environ;
  {
    const LentEnvironment lent;
    EXPECT_THAT(Names(), ElementsAre("A", "FILEMON_SESSION", "LD_PRELOAD"));
    EXPECT_STREQ(getenv("A"), "1");
  }
  EXPECT_EQ(environ, own);
  EXPECT_THAT(Names(), ElementsAre("A"));
}

TEST_F(LentEnvironmentTest, IsThereWithoutAnyEnvironment) {
  environ = nullptr;
  {
    const LentEnvironment lent;
    EXPECT_THAT(Names(), ElementsAre("FILEMON_SESSION", "LD_PRELOAD"));
  }
  EXPECT_EQ(environ, nullptr);
}

TEST_F(LentEnvironmentTest, LeavesWhatIsRight) {
  std::string session = "FILEMON_SESSION=";
  session.resize(session.size() + kSessionValueSize);
  WriteSessionValue(CurrentProcess(), 0, &session[16]);
  char* right[] = {&session[0],
                   const_cast<char*>("LD_PRELOAD=/opt/libfilemon.so"), nullptr};
  environ = right;
  {
    const LentEnvironment lent;
    EXPECT_EQ(environ, right);
  }
  EXPECT_EQ(environ, right);
  environ = nullptr;
}

TEST_F(LentEnvironmentTest, TakesNoNewMemoryForTheSameVariables) {
  char** lent_first = nullptr;
  for (int i = 0; i < 1000; ++i) {
    const LentEnvironment lent;
    if (i == 0) lent_first = environ;
    ASSERT_EQ(environ, lent_first);
  }
}

TEST_F(LentEnvironmentTest, FollowsTheProgramsChanges) {
  for (int i = 0; i < 100; ++i) {
    const std::string value = std::to_string(i);
    setenv("A", value.c_str(), 1);
    const LentEnvironment lent;
    EXPECT_STREQ(getenv("A"), value.c_str());
    EXPECT_THAT(Names(), ElementsAre("A", "FILEMON_SESSION", "LD_PRELOAD"));
  }
  EXPECT_THAT(Names(), ElementsAre("A"));
}

// What the program does to its environment meanwhile stays done.
TEST_F(LentEnvironmentTest, KeepsWhatIsChangedInIt) {
  setenv("B", "old", 1);
  setenv("C", "3", 1);
  for (int round = 0; round < 3; ++round) {
    {
      const LentEnvironment lent;
      setenv("B", std::to_string(round).c_str(), 1);
      unsetenv("C");
    }
    EXPECT_EQ(getenv("B"), std::to_string(round));
    EXPECT_THAT(Names(), UnorderedElementsAre("A", "B"));
    setenv("C", "3", 1);
  }
}

TEST_F(LentEnvironmentTest, KeepsWhatIsAddedToIt) {
  {
    const LentEnvironment lent;
    setenv("B", "2", 1);
    setenv("C", "3", 1);
  }
  EXPECT_THAT(Names(), ElementsAre("A", "B", "C"));
  {
    const LentEnvironment lent;
    clearenv();
  }
  EXPECT_THAT(Names(), IsEmpty());
}

// Its own entries of our names, which the lent one has changed.
TEST_F(LentEnvironmentTest, KeepsTheProgramsOwnPreload) {
  setenv("LD_PRELOAD", "x.so", 1);
  {
    const LentEnvironment lent;
    EXPECT_STREQ(getenv("LD_PRELOAD"), "x.so:/opt/libfilemon.so");
    unsetenv("A");
  }
  EXPECT_STREQ(getenv("LD_PRELOAD"), "x.so");
  EXPECT_THAT(Names(), ElementsAre("LD_PRELOAD"));
}

TEST_F(LentEnvironmentTest, ACancelledThreadPutsItBack) {
  std::thread thread([] {
    const LentEnvironment lent;
    for (;;) pause();
  });
  while (getenv("LD_PRELOAD") == nullptr) std::this_thread::yield();
  pthread_cancel(thread.native_handle());
  thread.join();
  EXPECT_THAT(Names(), ElementsAre("A"));
}

TEST_F(LentEnvironmentTest, TheLastUserPutsItBack) {
  auto first = std::make_unique<LentEnvironment>();
  auto second = std::make_unique<LentEnvironment>();
  first.reset();
  EXPECT_THAT(Names(), ElementsAre("A", "FILEMON_SESSION", "LD_PRELOAD"));
  second.reset();
  EXPECT_THAT(Names(), ElementsAre("A"));
}

TEST_F(LentEnvironmentTest, TheProgramMaySetAnotherMeanwhile) {
  char* other[] = {const_cast<char*>("B=2"), nullptr};
  {
    const LentEnvironment lent;
    environ = other;
  }
  EXPECT_EQ(environ, other);
  environ = nullptr;
}

TEST_F(LentEnvironmentTest, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 5000; ++n) {
        const LentEnvironment lent;
        const char* const value = getenv("A");
        ASSERT_TRUE(value != nullptr && value[0] == '1');
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Names(), ElementsAre("A"));
}

// A cancelled thread does not come back for it.
TEST_F(LentEnvironmentTest, AnAbandonedOneStaysReadable) {
  new LentEnvironment;
  EXPECT_STREQ(getenv("A"), "1");
  setenv("B", "2", 1);
  const LentEnvironment lent;
  EXPECT_STREQ(getenv("A"), "1");
  EXPECT_STREQ(getenv("B"), "2");
}

}  // namespace
}  // namespace filemon
