// In the test's own program, the functions behind libfilemon.so are those
// behind the program: what RTLD_NEXT means to it.
#include "interpose/symbol.h"

#include <dlfcn.h>

#include <iostream>

#include "gtest/gtest.h"

// Defined by libsysv_hash.so.
extern "C" int filemon_test_sysv();

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
  filemon_test_sysv();
  for (const char* name :
       {"filemon_test_sysv", "filemon_test_sysv_a", "filemon_test_sysv_bc",
        "filemon_test_sysv_def", "filemon_test_sysv_ghij"}) {
    void* const wanted = dlsym(RTLD_NEXT, name);
    ASSERT_NE(wanted, nullptr) << name;
    EXPECT_EQ(NextFunction(name), wanted) << name;
  }
}

// That table, unlike the new one, also lists what the library imports.
TEST(NextFunctionTest, PassesOverImports) {
  EXPECT_EQ(NextFunction("getppid"), dlsym(RTLD_NEXT, "getppid"));
}

// Whichever of a name's versions comes first in the table.
TEST(NextFunctionTest, TakesTheDefaultOfManyVersions) {
  for (const char* name : {"glob",
                           "glob64",
                           "nftw",
                           "nftw64",
                           "regexec",
                           "quick_exit",
                           "fmemopen",
                           "pthread_cond_wait",
                           "pthread_cond_signal",
                           "dlsym",
                           "pthread_create",
                           "timer_create",
                           "sem_wait",
                           "posix_spawnp",
                           "pthread_attr_setaffinity_np",
                           "sched_getaffinity",
                           "pthread_join",
                           "sem_init",
                           "dlvsym",
                           "aio_read",
                           "mq_open",
                           "pthread_key_create"}) {
    EXPECT_EQ(NextFunction(name), dlsym(RTLD_NEXT, name)) << name;
  }
}

TEST(NextFunctionTest, AVariableIsNoFunction) {
  ASSERT_NE(dlsym(RTLD_NEXT, "filemon_test_sysv_data"), nullptr);
  EXPECT_EQ(NextFunction("filemon_test_sysv_data"), nullptr);
  EXPECT_EQ(NextFunction("environ"), nullptr);
}

TEST(NextFunctionTest, FindsNothingThatIsNotThere) {
  EXPECT_EQ(NextFunction("filemon_no_such_function"), nullptr);
  EXPECT_EQ(NextFunction(""), nullptr);
}

TEST(IsNextFunctionTest, KnowsAllVersions) {
  void* const open_function = dlsym(RTLD_NEXT, "open");
  EXPECT_TRUE(IsNextFunction("open", open_function));
  EXPECT_FALSE(IsNextFunction("rename", open_function));
  EXPECT_FALSE(IsNextFunction("open", &open_function));
#if defined(__x86_64__)
  EXPECT_TRUE(IsNextFunction("posix_spawn",
                             dlvsym(RTLD_NEXT, "posix_spawn", "GLIBC_2.2.5")));
#endif
}

TEST(HasOneDefinitionTest, CountsTheObjectsBesidesOurs) {
  EXPECT_TRUE(HasOneDefinition("rename"));
  EXPECT_FALSE(HasOneDefinition("filemon_no_such_function"));
}

}  // namespace
}  // namespace filemon
