#include "tests/kernel_truth/renumber.h"

#include "gtest/gtest.h"

namespace filemon {
namespace truth {
namespace {

Process Made(int pid, int parent, int inner = 0) {
  Process process;
  process.pid = pid;
  process.parent = parent;
  process.inner = inner;
  return process;
}

// 10 makes 11, the first process of a namespace, which makes 12, which is 2
// there; 2 comes again, as 13.
const std::vector<Process> kNested = {Made(10, 0), Made(11, 10),
                                      Made(12, 11, 2), Made(13, 11, 2)};

TEST(Renumber, ProcessesOfANamespaceAreStraces) {
  EXPECT_EQ(Renumber("# Target pid 10\nF 10 11\nF 11 4194306\n"
                     "# untraced 4194306 /x y: reason\nR 4194306 a b\n"
                     "X 4194306 0 0\nF 11 4194306\nX 4194306 1 0\n",
                     kNested),
            "# Target pid 10\nF 10 11\nF 11 12\n"
            "# untraced 12 /x y: reason\nR 12 a b\n"
            "X 12 0 0\nF 11 13\nX 13 1 0\n");
}

TEST(Renumber, WhatIsNotInTheTruthStays) {
  const std::string text = "F 10 11\nF 11 4194307\nR 4194307 a\nR 77 b\n\n";
  EXPECT_EQ(Renumber(text, kNested), text);
}

}  // namespace
}  // namespace truth
}  // namespace filemon
