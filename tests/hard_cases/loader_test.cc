// The dynamic linker's locks are the program's business, and a library that was
// not preloaded works like one that was.
#include <stdlib.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TracedRun RunCase(const char* name) {
  return RunBoth({HardProgram("loader_cases"), name}, [] {
    setenv("PLUGIN", HardProgram("plug_in.so").c_str(), 1);
    setenv("LD_LIBRARY_PATH",
           DataPath("interpose/lib/x86_64-linux-gnu").c_str(), 1);
  });
}

TEST(LinkersLockTest, IsNotWaitedForAtExit) {
  EXPECT_THAT(RunCase("exit_while_objects_are_listed").Seen(),
              ElementsAre("R seen", "W seen"));
}

TEST(LinkersLockTest, IsNotWaitedForInAForkedChild) {
  EXPECT_THAT(RunCase("fork_while_objects_are_listed").Seen(),
              ElementsAre("R seen-child", "W seen-child", "R seen-child",
                          "W seen-child"));
}

TEST(LinkersLockTest, IsNotWaitedForAnywhereElse) {
  EXPECT_THAT(RunCase("use_while_objects_are_listed").Seen(),
              ElementsAre("R seen", "W seen", "R seen-too", "W seen-too"));
}

TEST(LoadTest, IsReportedOnceEachTime) {
  const TracedRun run = RunCase("load_and_unload_in_threads");
  EXPECT_THAT(run.Seen(), SizeIs(100));
  EXPECT_THAT(Comments(run.log, "lost"), IsEmpty());
}

// A listener (fanotify(7)) may be asked for permission, and expects one open.
TEST(ExecTest, OpensTheProgramOnce) {
  const TracedRun run = RunCase("watched_exec");
  EXPECT_EQ(run.traced.out, "1 opens\n1 opens\n");
}

TEST(PlugInTest, WorksAndIsSeen) {
  for (const char* name : {"plug_in_deepbind", "plug_in_namespace"}) {
    const TracedRun run = RunCase(name);
    EXPECT_THAT(run.Seen(), ElementsAre("W seen-plug-in", "R seen-plug-in",
                                        "D seen-plug-in"));
    int images = 0;
    for (const LogRecord& record : run.log) images += record.letter == 'E';
    EXPECT_EQ(images, 1);
  }
}

}  // namespace
}  // namespace filemon
