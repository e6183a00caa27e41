// The list of interpose/symbols.txt: what is wrapped, and why the rest is not.
#ifndef FILEMON_TESTS_COVERAGE_SYMBOL_LIST_H_
#define FILEMON_TESTS_COVERAGE_SYMBOL_LIST_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace filemon {

// The forms a function's name may be reduced to by taking off, one after the
// other, what libcs put around a name to make another one of it: leading
// underscores, __libc_ and _IO_; 64, _time64, _chk, _nocancel, _np, a final
// digit (dup3, _2), `at`; and which of exec's letters follow. The name itself,
// without leading underscores, is always one of them. Case is ignored (_Exit).
std::set<std::string> Roots(absl::string_view name);

class SymbolList {
 public:
  enum class Answer {
    kWrapped,
    kPassed,
    kSibling,  // of a wrapped name, and no line names it in full
    kUnknown,  // no line speaks for it
  };

  // Reads the text of symbols.txt; its head describes the format.
  // InvalidArgument, with the line: an unknown verb, a `wrap` or `api` that is
  // not one name, a `pass`, `since` or `number` without a reason, a name listed
  // twice, a
  // `since` of what is not wrapped.
  static absl::StatusOr<SymbolList> Parse(absl::string_view text);
  // The same of a file; also NotFound.
  static absl::StatusOr<SymbolList> Read(const std::string& path);

  Answer Find(const std::string& name) const;

  const std::set<std::string>& wrapped() const { return wrapped_; }

  // The functions of libfilemon(3): exported, and in no libc.
  const std::set<std::string>& api() const { return api_; }

  // The `since` names: the name and where it is found.
  const std::map<std::string, std::string>& since() const { return since_; }

  // The system calls of the `number` lines.
  const std::set<std::string>& numbers() const { return numbers_; }

  // Wrapped names that only 32-bit libcs export, by their `since` line.
  bool OnlyIn32Bits(const std::string& name) const;

 private:
  absl::Status AddLine(absl::string_view line);
  absl::Status AddName(absl::string_view name, std::set<std::string>& names);

  std::set<std::string> wrapped_;
  std::set<std::string> passed_;
  std::set<std::string> api_;
  std::vector<std::string> patterns_;
  std::map<std::string, std::string> since_;
  std::set<std::string> numbers_;
  std::set<std::string> wrapped_roots_;
};

// What is wrong with `list` for a libc that exports `functions`: one sentence
// for each function that is neither wrapped nor passed.
std::vector<std::string> Gaps(const SymbolList& list,
                              const std::set<std::string>& functions);

// One sentence for each wrapped name that is not among `functions`, the union
// over all libcs at hand, and has no `since` line either.
std::vector<std::string> Strays(const SymbolList& list,
                                const std::set<std::string>& functions);

// One sentence for each of the kernel's `calls` that a wrapped name makes, and
// that is neither among those that the wrapper of syscall() has `handled` nor
// in a `number` line.
std::vector<std::string> NumberGaps(const SymbolList& list,
                                    const std::set<std::string>& handled,
                                    const std::set<std::string>& calls);

}  // namespace filemon

#endif  // FILEMON_TESTS_COVERAGE_SYMBOL_LIST_H_
