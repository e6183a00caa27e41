#include "tests/kernel_truth/align.h"

namespace filemon {
namespace truth {
namespace {

// How far each diagonal k = x - y has come after d differences, k in [-d, d].
class Front {
 public:
  explicit Front(int d) : d_(d), x_(2 * d + 1, 0) {}
  int& operator[](int k) { return x_[k + d_]; }
  int At(int k) const { return k < -d_ || k > d_ ? -1 : x_[k + d_]; }

 private:
  int d_;
  std::vector<int> x_;
};

// Whether the step to diagonal k skips an element of the second sequence.
bool Down(const Front& before, int k) {
  return before.At(k - 1) < before.At(k + 1);
}

int Start(const Front& before, int k) {
  return Down(before, k) ? before.At(k + 1) : before.At(k - 1) + 1;
}

}  // namespace

Alignment Align(int n, int m, const std::function<bool(int, int)>& same) {
  std::vector<Front> fronts;
  bool done = false;
  for (int d = 0; !done; ++d) {
    Front front(d);
    for (int k = -d; k <= d && !done; k += 2) {
      int x = d == 0 ? 0 : Start(fronts.back(), k);
      // Steps may lead off the grid; nothing is the same out there.
      while (x < n && x - k < m && same(x, x - k)) ++x;
      front[k] = x;
      done = x == n && x - k == m;
    }
    fronts.push_back(front);
  }

  Alignment alignment(n);
  int x = n, y = m;
  for (int d = static_cast<int>(fronts.size()) - 1; d >= 0; --d) {
    const int k = x - y;
    const int start = d == 0 ? 0 : Start(fronts[d - 1], k);
    while (x > start) {
      --x;
      --y;
      alignment[x] = y;
    }
    if (d == 0) break;
    const bool down = Down(fronts[d - 1], k);
    x = down ? start : start - 1;
    y = x - (down ? k + 1 : k - 1);
  }
  return alignment;
}

}  // namespace truth
}  // namespace filemon
