// A program that gets along with a small stack gets along with it under
// filemon: each case of //tests/programs:calls in a thread with the smallest
// stack, and in a signal handler on an alternate stack of 8 KiB.
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

std::string Calls() { return HardProgram("../programs/calls"); }

class StackTest : public ::testing::Test {
 public:
  StackTest(std::string how, std::string name)
      : how_(std::move(how)), name_(std::move(name)) {}
  void TestBody() override {
    FilemonProcess bare;
    bare.Start({how_, name_}, Calls());
    if (bare.Wait().exit_status != 0) {
      GTEST_SKIP() << "the stack is too small for it without filemon too";
    }
    FilemonProcess filemon;
    const Result result = filemon.Run({Calls(), how_, name_});
    EXPECT_EQ(result.exit_status, 0) << result.err;
  }

 private:
  const std::string how_;
  const std::string name_;
};

void RegisterCases() {
  FILE* const list = popen(absl::StrCat(Calls(), " --list").c_str(), "r");
  char line[256];
  while (list != nullptr && fgets(line, sizeof(line), list) != nullptr) {
    const std::string name(line, strlen(line) - 1);
    // The environment of the new image is put together on the stack, and this
    // one has 2,000 variables.
    if (name == "exec_large") continue;
    // A handler in a handler: of 8 KiB, the registers alone take 6 there.
    if (absl::EndsWith(name, "_in_a_signal_handler")) continue;
    for (const auto& [suite, how] :
         {std::pair("SmallThread", "--in-small-thread"),
          std::pair("SignalStack", "--on-signal-stack")}) {
      ::testing::RegisterTest(suite, name.c_str(), nullptr, nullptr, __FILE__,
                              __LINE__,
                              [how = how, name]() -> ::testing::Test* {
                                return new StackTest(how, name);
                              });
    }
  }
  if (list != nullptr) pclose(list);
}

}  // namespace
}  // namespace filemon

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  filemon::RegisterCases();
  return RUN_ALL_TESTS();
}
