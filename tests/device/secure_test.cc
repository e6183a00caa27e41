// A set-user-ID program that is linked with libfilemon.so must not obey the
// environment of whoever calls it (getauxval(3), AT_SECURE).
#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

using ::testing::HasSubstr;

constexpr uid_t kNobody = 65534;

TEST(SecureTest, ASetUserIdProgramKeepsToItself) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make a set-user-ID file";
  FilemonProcess process;
  const std::string folder = process.folder();
  ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
  // ld.so of such a program does not follow $ORIGIN: the library has to be
  // where an absolute path says, and to be readable.
  const std::string library =
      DataPath("interpose/lib/x86_64-linux-gnu/libfilemon.so");
  const std::string collector =
      DataPath("interpose/lib/x86_64-linux-gnu/filemon-collector");
  const std::string build =
      absl::StrCat("cp ", library, " ", collector, " ", folder, " && gcc -I",
                   DataPath("include"), " -o ", folder, "/program ",
                   DataPath("tests/device/example.c"), " -L", folder,
                   " -lfilemon -Wl,-rpath,", folder, " && chmod 4755 ", folder,
                   "/program && mkdir -m 777 ", folder, "/work");
  ASSERT_EQ(system(build.c_str()), 0) << build;
  {
    std::ofstream trap(folder + "/trap");
    trap << "#!/bin/sh\n: > " << folder << "/work/sprung\n";
  }
  ASSERT_EQ(chmod((folder + "/trap").c_str(), 0755), 0);
  process.set_in_child([&folder] {
    setenv("FILEMON_COLLECTOR", (folder + "/trap").c_str(), 1);
    setenv("FILEMON_LOG", (folder + "/secret").c_str(), 1);
    if (chdir("work") != 0 || setgroups(0, nullptr) != 0 ||
        setuid(kNobody) != 0) {
      _exit(97);
    }
  });
  process.Start({}, folder + "/program");
  const Result result = process.Wait();
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_FALSE(Exists(folder + "/work/sprung"));
  EXPECT_FALSE(Exists(folder + "/secret"));
  // The device itself works for it. Its children are executed with different
  // user ids too, and do not load the library.
  EXPECT_THAT(ReadFile(folder + "/work/filemon.out"), HasSubstr("/cat\n"));
}

TEST(SecureTest, AnotherUsersProcessIsNotTraced) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  FilemonProcess process;
  ASSERT_EQ(chmod(process.folder().c_str(), 0777), 0);
  const std::string library = DataPath("interpose") + "/$LIB/libfilemon.so";
  process.set_in_child([&library] {
    setenv("LD_PRELOAD", library.c_str(), 1);
    if (setgroups(0, nullptr) != 0 || setuid(kNobody) != 0) _exit(97);
  });
  process.Start({"set_pid_of_another_user"},
                DataPath("tests/device/device_cases"));
  const Result result = process.Wait();
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_TRUE(Exists(process.InFolder("log")));
}

}  // namespace
}  // namespace filemon
