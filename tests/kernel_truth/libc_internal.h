// The opens that libc makes inside itself without any public entry: the only
// records of the kernel's that a log may lack.
#ifndef FILEMON_TESTS_KERNEL_TRUTH_LIBC_INTERNAL_H_
#define FILEMON_TESTS_KERNEL_TRUTH_LIBC_INTERNAL_H_

#include "absl/strings/string_view.h"

namespace filemon {
namespace truth {

// The class of such an open ("locale", "time zone"...); empty if a wrapper
// should have seen it. `path` is absolute; `flags` are the open's, as strace
// writes them.
absl::string_view LibcInternalClass(absl::string_view path,
                                    absl::string_view flags);

}  // namespace truth
}  // namespace filemon

#endif  // FILEMON_TESTS_KERNEL_TRUTH_LIBC_INTERNAL_H_
