// The libcs of this machine, as objects to read.
#ifndef FILEMON_TESTS_COVERAGE_LIBC_H_
#define FILEMON_TESTS_COVERAGE_LIBC_H_

#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace filemon {

// A libc as a program meets it: the object itself, its dynamic linker and, for
// programs linked before glibc 2.34, the libraries that it swallowed.
struct Libc {
  std::string name;  // fit for a test's name
  bool is_64;
  std::vector<std::string> folders;  // the first that has any object counts
  std::vector<std::string> objects;

  // All that are known, installed or not.
  static const std::vector<Libc>& All();

  // The names it exports; empty when it is not installed.
  std::set<std::string> Exports() const;
  // The same without data, which nobody calls.
  std::set<std::string> Functions() const;
};

// For GoogleTest's messages.
inline void PrintTo(const Libc& libc, std::ostream* out) { *out << libc.name; }

}  // namespace filemon

#endif  // FILEMON_TESTS_COVERAGE_LIBC_H_
