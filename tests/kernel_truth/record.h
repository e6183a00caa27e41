// One record of a filemon log in the form in which the judge compares it: what
// strace says ought to be there, and what is there.
#ifndef FILEMON_TESTS_KERNEL_TRUTH_RECORD_H_
#define FILEMON_TESTS_KERNEL_TRUTH_RECORD_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace filemon {
namespace truth {

struct Record {
  char letter = '?';
  // The text behind the pid, byte for byte.
  std::string text;
  // The same with every name absolute and lexically clean: equal for two
  // records about the same file under differently written names.
  std::string absolute;
  // The names of the A records that belong to this record.
  std::vector<std::string> at_names;
};

// "R 12 name", with its A records in front if it has any.
std::string Describe(int pid, const Record& record);

// `name` as the log writes it: a newline as the two characters \n.
std::string LogName(absl::string_view name);

// 'a' 'b', as L and M carry two names.
std::string Quoted(absl::string_view a, absl::string_view b);

// Where a symbolic link leads; nothing of what is none.
using FollowLink =
    std::function<absl::optional<std::string>(const std::string&)>;

// `name` below `dir` unless it is absolute, without ".", ".." and "//". With
// `follow`, ".." behind a symbolic link is above where the link leads.
std::string Absolute(absl::string_view dir, absl::string_view name,
                     const FollowLink& follow = nullptr);

}  // namespace truth
}  // namespace filemon

#endif  // FILEMON_TESTS_KERNEL_TRUTH_RECORD_H_
