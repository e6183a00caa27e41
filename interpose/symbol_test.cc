// In the test's own program, the functions behind libfilemon.so are those
// behind the program: what RTLD_NEXT means to it.
#include "interpose/symbol.h"

#include <dlfcn.h>

#include <iostream>

#include "gtest/gtest.h"

// Defined by libsysv_hash.so.
extern "C" int filemon_test_sysv(int x);

namespace filemon {
namespace {

TEST(NextFunctionTest, FindsWhatDlsymFinds) {
  for (const char* name :
       {"open", "open64", "openat", "fopen", "rename", "fork", "execve",
        "posix_spawn", "posix_spawnp", "dlopen", "on_exit", "nftw", "scandir",
        "realpath", "_IO_fopen", "pclose"}) {
    void* const wanted = dlsym(RTLD_NEXT, name);
    ASSERT_NE(wanted, nullptr) << name;
    EXPECT_EQ(NextFunction(name), wanted) << name;
  }
}

TEST(NextFunctionTest, TakesTheDefaultVersion) {
#if defined(__x86_64__)
  // This one still runs a script without "#!" through the shell.
  void* const old = dlvsym(RTLD_NEXT, "posix_spawn", "GLIBC_2.2.5");
  ASSERT_NE(old, nullptr);
  EXPECT_NE(NextFunction("posix_spawn"), old);
#else
  std::cout << "not tried: the old version has another name here\n";
#endif
}

TEST(NextFunctionTest, ReadsObjectsWithTheOldHashTableAlone) {
  EXPECT_EQ(filemon_test_sysv(1), 2);
  void* const wanted = dlsym(RTLD_NEXT, "filemon_test_sysv");
  ASSERT_NE(wanted, nullptr);
  EXPECT_EQ(NextFunction("filemon_test_sysv"), wanted);
  EXPECT_EQ(NextFunction("filemon_test_sysv_data"), nullptr);
}

TEST(NextFunctionTest, FindsNothingThatIsNotThere) {
  EXPECT_EQ(NextFunction("filemon_no_such_function"), nullptr);
  EXPECT_EQ(NextFunction(""), nullptr);
}

// Imported, so in the symbol tables of other objects as well, but not defined
// there; and a variable is no function.
TEST(NextFunctionTest, TakesDefinitionsOfFunctionsOnly) {
  EXPECT_EQ(NextFunction("environ"), nullptr);
}

}  // namespace
}  // namespace filemon
