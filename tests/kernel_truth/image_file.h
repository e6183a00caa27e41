// What the judge reads from executed files.
#ifndef FILEMON_TESTS_KERNEL_TRUTH_IMAGE_FILE_H_
#define FILEMON_TESTS_KERNEL_TRUTH_IMAGE_FILE_H_

#include <string>

#include "tests/kernel_truth/compare.h"
#include "tests/kernel_truth/truth.h"

namespace filemon {
namespace truth {

// Lookups in the real file system.
Lookup RealLookup();

// Whether the kernel and ld.so would preload a library into `path`: not into a
// program without an interpreter, nor into a set-user-ID one.
Untraceable CannotLoad(const std::string& path);

}  // namespace truth
}  // namespace filemon

#endif  // FILEMON_TESTS_KERNEL_TRUTH_IMAGE_FILE_H_
