#include "tests/kernel_truth/align.h"

#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace truth {
namespace {

Alignment AlignText(const std::string& a, const std::string& b) {
  return Align(a.size(), b.size(), [&](int i, int j) { return a[i] == b[j]; });
}

// What both have in common, after a check that the partners are in order.
std::string Common(const std::string& a, const std::string& b) {
  const Alignment alignment = AlignText(a, b);
  EXPECT_EQ(alignment.size(), a.size());
  std::string common;
  int last = -1;
  for (size_t i = 0; i < alignment.size(); ++i) {
    if (alignment[i] < 0) continue;
    EXPECT_GT(alignment[i], last);
    last = alignment[i];
    EXPECT_EQ(a[i], b[alignment[i]]);
    common += a[i];
  }
  return common;
}

size_t LongestByTable(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> table(a.size() + 1,
                                         std::vector<size_t>(b.size() + 1));
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      table[i][j] = a[i - 1] == b[j - 1]
                        ? table[i - 1][j - 1] + 1
                        : std::max(table[i - 1][j], table[i][j - 1]);
    }
  }
  return table[a.size()][b.size()];
}

TEST(Align, FindsTheCommonPart) {
  EXPECT_EQ(Common("", ""), "");
  EXPECT_EQ(Common("abc", ""), "");
  EXPECT_EQ(Common("", "abc"), "");
  EXPECT_EQ(Common("abc", "abc"), "abc");
  EXPECT_EQ(Common("abc", "xyz"), "");
  EXPECT_EQ(Common("aba", "ba"), "ba");
  EXPECT_EQ(Common("kernel", "kerl"), "kerl");
}

TEST(Align, IsTheLongest) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string a(random() % 12, ' '), b(random() % 12, ' ');
    for (char& c : a) c = "abc"[random() % 3];
    for (char& c : b) c = "abc"[random() % 3];
    EXPECT_EQ(Common(a, b).size(), LongestByTable(a, b)) << a << " " << b;
  }
}

}  // namespace
}  // namespace truth
}  // namespace filemon
