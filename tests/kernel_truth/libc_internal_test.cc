#include "tests/kernel_truth/libc_internal.h"

#include "gtest/gtest.h"

namespace filemon {
namespace truth {
namespace {

TEST(LibcInternal, KnowsItsClasses) {
  EXPECT_EQ(LibcInternalClass("/etc/passwd", "O_RDONLY|O_CLOEXEC"), "NSS");
  EXPECT_EQ(LibcInternalClass("/usr/lib/locale/C.utf8/LC_CTYPE",
                              "O_RDONLY|O_CLOEXEC"),
            "locale");
  EXPECT_EQ(LibcInternalClass("/opt/x/de/LC_MESSAGES/x.mo", "O_RDONLY"),
            "message catalogue");
}

TEST(LibcInternal, AProgramsOwnOpenIsNone) {
  EXPECT_EQ(LibcInternalClass("/etc/passwd", "O_RDONLY"), "");
  EXPECT_EQ(LibcInternalClass("/etc/shadow", "O_RDONLY|O_CLOEXEC"), "");
  EXPECT_EQ(LibcInternalClass("/etc/ld.so.cache", "O_RDONLY|O_CLOEXEC"), "");
}

}  // namespace
}  // namespace truth
}  // namespace filemon
