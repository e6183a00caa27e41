#include "interpose/spawn.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The actions of `object`, each as "kind flags fd name".
std::vector<std::string> Actions(const posix_spawn_file_actions_t* object) {
  std::vector<std::string> actions;
  SpawnActions::ForEach(object, [&](const SpawnActions::Action& action) {
    actions.push_back(absl::StrCat(action.kind, " ", action.flags, " ",
                                   action.fd, " ", action.name()));
  });
  return actions;
}

// libc's object with ours in its padding.
class SpawnActionsTest : public ::testing::Test {
 protected:
  SpawnActionsTest() {
    // What a program's stack may hold.
    memset(&object_, 0xa5, sizeof(object_));
    posix_spawn_file_actions_init(&object_);
    SpawnActions::Init(&object_);
  }
  ~SpawnActionsTest() override {
    SpawnActions::Destroy(&object_);
    posix_spawn_file_actions_destroy(&object_);
  }

  posix_spawn_file_actions_t object_;
};

TEST_F(SpawnActionsTest, BeginsEmpty) {
  EXPECT_TRUE(SpawnActions::IsEmpty(&object_));
  EXPECT_THAT(Actions(&object_), IsEmpty());
}

TEST_F(SpawnActionsTest, NoObjectIsEmpty) {
  EXPECT_TRUE(SpawnActions::IsEmpty(nullptr));
  EXPECT_THAT(Actions(nullptr), IsEmpty());
}

TEST_F(SpawnActionsTest, KeepsOrderAndContents) {
  SpawnActions::Add(&object_, SpawnActions::kChdir, "sub", 0, -1);
  SpawnActions::Add(&object_, SpawnActions::kOpen, "in", O_RDWR | O_CREAT, -1);
  SpawnActions::Add(&object_, SpawnActions::kFchdir, "", 0, 7);
  SpawnActions::Add(&object_, SpawnActions::kOpen, "", O_RDONLY, -1);
  EXPECT_FALSE(SpawnActions::IsEmpty(&object_));
  EXPECT_THAT(Actions(&object_),
              ElementsAre("1 0 -1 sub", "0 66 -1 in", "2 0 7 ", "0 0 -1 "));
}

TEST_F(SpawnActionsTest, GrowsOverPages) {
  std::vector<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    const std::string name(i * 7 % 4095, static_cast<char>('a' + i % 26));
    SpawnActions::Add(&object_, SpawnActions::kOpen, name.c_str(), i, -1);
    expected.push_back(absl::StrCat("0 ", i, " -1 ", name));
  }
  EXPECT_EQ(Actions(&object_), expected);
}

TEST_F(SpawnActionsTest, LeavesLibcsOwnListAlone) {
  const std::string out = testing::TempDir() + "/spawned";
  ASSERT_EQ(posix_spawn_file_actions_addopen(
                &object_, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600),
            0);
  for (int fd = 50; fd < 150; ++fd) {
    SpawnActions::Add(&object_, SpawnActions::kOpen, "x", 0, -1);
    ASSERT_EQ(posix_spawn_file_actions_addclose(&object_, fd), 0);
  }
  EXPECT_EQ(Actions(&object_).size(), 100u);
  char program[] = "/bin/true";
  char* argv[] = {program, nullptr};
  pid_t pid;
  ASSERT_EQ(posix_spawn(&pid, program, &object_, nullptr, argv, nullptr), 0);
  int status;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(unlink(out.c_str()), 0);
}

TEST_F(SpawnActionsTest, IsGoneAfterDestroy) {
  SpawnActions::Add(&object_, SpawnActions::kOpen, "x", 0, -1);
  SpawnActions::Destroy(&object_);
  EXPECT_TRUE(SpawnActions::IsEmpty(&object_));
  SpawnActions::Add(&object_, SpawnActions::kOpen, "x", 0, -1);
  EXPECT_TRUE(SpawnActions::IsEmpty(&object_));
  SpawnActions::Init(&object_);
  SpawnActions::Add(&object_, SpawnActions::kOpen, "y", 0, -1);
  EXPECT_THAT(Actions(&object_), ElementsAre("0 0 -1 y"));
}

// A program may pass its objects round without ever having initialised them by
// a function that we saw.
TEST(SpawnActionsGarbageTest, IsEmpty) {
  for (const int byte : {0, 0x5a, 0xff}) {
    posix_spawn_file_actions_t object;
    memset(&object, byte, sizeof(object));
    EXPECT_TRUE(SpawnActions::IsEmpty(&object));
    SpawnActions::Add(&object, SpawnActions::kOpen, "x", 0, -1);
    EXPECT_THAT(Actions(&object), IsEmpty());
    SpawnActions::Destroy(&object);
  }
}

// The memory belongs to the object that was initialised: what a copy does must
// not free it twice.
TEST_F(SpawnActionsTest, ACopyIsEmptyAndDoesNotShare) {
  SpawnActions::Add(&object_, SpawnActions::kOpen, "x", 0, -1);
  posix_spawn_file_actions_t copy;
  memcpy(&copy, &object_, sizeof(copy));
  EXPECT_TRUE(SpawnActions::IsEmpty(&copy));
  SpawnActions::Add(&copy, SpawnActions::kOpen, "y", 0, -1);
  SpawnActions::Destroy(&copy);
  EXPECT_THAT(Actions(&object_), ElementsAre("0 0 -1 x"));
}

}  // namespace
}  // namespace filemon
