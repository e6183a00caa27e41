// The longest common subsequence of two sequences.
#ifndef FILEMON_TESTS_KERNEL_TRUTH_ALIGN_H_
#define FILEMON_TESTS_KERNEL_TRUTH_ALIGN_H_

#include <functional>
#include <vector>

namespace filemon {
namespace truth {

// For each element of the first sequence its partner in the second, or -1.
// Partners are in order.
class Alignment {
 public:
  explicit Alignment(int size) : partner_(size, -1) {}
  int& operator[](size_t i) { return partner_[i]; }
  int operator[](size_t i) const { return partner_[i]; }
  size_t size() const { return partner_.size(); }

 private:
  std::vector<int> partner_;
};

// Myers, "An O(ND) difference algorithm and its variations" (1986): time and
// memory grow with the number of differences, which a right log has none of.
Alignment Align(int n, int m, const std::function<bool(int, int)>& same);

}  // namespace truth
}  // namespace filemon

#endif  // FILEMON_TESTS_KERNEL_TRUTH_ALIGN_H_
