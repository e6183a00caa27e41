#include "tests/kernel_truth/truth.h"

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace truth {
namespace {

using ::testing::ElementsAre;

constexpr absl::string_view kLoads =
    "1.1 openat(AT_FDCWD</w>, \"/x/libfilemon.so\", O_RDONLY) = 3</x/l.so>\n";

class ExpectedRecordsTest : public ::testing::Test {
 protected:
  void File(int tid, absl::string_view text) {
    for (absl::string_view line :
         absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      absl::StatusOr<StraceLine> parsed = ParseStraceLine(line);
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      parsed->tid = tid;
      files_[tid].push_back(*std::move(parsed));
    }
  }

  // The program "/bin/p" of process 1, which does `text`.
  void Program(absl::string_view text) {
    File(1, "1.0 execve(\"/bin/p\", [\"p\"], 0x7f /* 3 vars */) = 0");
    File(1, kLoads);
    File(1, text);
    File(1, "9.0 exit_group(0) = ?\n9.1 +++ exited with 0 +++");
  }

  std::vector<Process> Get() {
    Lookup lookup;
    lookup.head =
        [this](const std::string& path) -> absl::optional<std::string> {
      auto found = heads_.find(path);
      if (found == heads_.end()) return absl::nullopt;
      return found->second;
    };
    lookup.real_path = [](const std::string&) {
      return absl::optional<std::string>();
    };
    lookup.follow_link =
        [this](const std::string& path) -> absl::optional<std::string> {
      auto found = links_.find(path);
      if (found == links_.end()) return absl::nullopt;
      return found->second;
    };
    absl::StatusOr<std::vector<Process>> processes =
        ExpectedRecords(files_, 1, "/w", lookup);
    EXPECT_TRUE(processes.ok()) << processes.status();
    return processes.ok() ? *processes : std::vector<Process>();
  }

  // Between the E and the X of process 1.
  std::vector<std::string> Inner() {
    std::vector<std::string> all;
    for (const Process& process : Get()) {
      if (process.pid != 1) continue;
      for (const Expected& e : process.records) {
        all.push_back(Describe(1, e.record));
      }
    }
    EXPECT_EQ(all.front(), "E 1 /bin/p");
    EXPECT_EQ(all.back(), "X 1 0 0");
    return {all.begin() + 1, all.end() - 1};
  }

  StraceFiles files_;
  std::map<std::string, std::string> links_;
  std::map<std::string, std::string> heads_{{"/bin/p", "\177ELF"}};
};

TEST_F(ExpectedRecordsTest, Opens) {
  Program(
      "2.0 openat(AT_FDCWD</w>, \"r\", O_RDONLY|O_CREAT, 0666) = 3</w/r>\n"
      "2.1 openat(AT_FDCWD</w>, \"w\", O_WRONLY) = 3</w/w>\n"
      "2.2 openat(3</d>, \"b\\n\", O_RDWR) = 4</d/b\\n>\n"
      "2.3 openat(3</d>, \"/abs\", O_RDONLY|O_DIRECTORY) = 4</abs>\n"
      "2.4 openat(AT_FDCWD</w>, \"p\", O_RDONLY|O_PATH) = 3</w/p>\n"
      "2.5 openat(AT_FDCWD</w>, \".\", O_RDWR|O_TMPFILE, 0600) = "
      "3</w/#12>(deleted)\n"
      "2.6 open(\"no\", O_RDONLY) = -1 ENOENT (No such file)\n"
      "2.7 creat(\"c\", 0644) = 3</w/c>\n"
      "2.8 openat2(AT_FDCWD</w>, \"o2\", {flags=O_RDWR, resolve=0}, 24) = "
      "3</w/o2>\n");
  EXPECT_THAT(Inner(), ElementsAre("R 1 r", "W 1 w", "A 1 b\\n; R 1 /d/b\\n",
                                   "A 1 b\\n; W 1 /d/b\\n", "R 1 /abs", "W 1 c",
                                   "R 1 o2", "W 1 o2"));
}

TEST_F(ExpectedRecordsTest, Names) {
  Program(
      "2.0 unlink(\"a\") = 0\n"
      "2.1 unlinkat(3</d>, \"b\", AT_REMOVEDIR) = 0\n"
      "2.2 renameat2(3</d>, \"a\", AT_FDCWD</w>, \"b\", RENAME_EXCHANGE) = 0\n"
      "2.3 link(\"a\", \"b\") = 0\n"
      "2.4 symlinkat(\"t\", 3</d>, \"s\") = 0\n"
      "2.5 openat(AT_FDCWD</w>, \".\", O_WRONLY|O_TMPFILE, 0600) = "
      "3</w/#12>(deleted)\n"
      "2.6 linkat(AT_FDCWD</w>, \"/proc/self/fd/3\", AT_FDCWD</w>, \"n\", "
      "AT_SYMLINK_FOLLOW) = 0\n"
      "2.7 openat(AT_FDCWD</w>, \".\", O_WRONLY|O_TMPFILE, 0600) = "
      "4</w/#13>(deleted)\n"
      "2.8 linkat(4</w/#13>(deleted), \"\", AT_FDCWD</w>, \"m\", "
      "AT_EMPTY_PATH) = 0\n"
      // It is a file as any other now.
      "2.9 linkat(AT_FDCWD</w>, \"/proc/self/fd/4\", AT_FDCWD</w>, \"o\", "
      "AT_SYMLINK_FOLLOW) = 0\n");
  EXPECT_THAT(Inner(),
              ElementsAre("D 1 a", "A 1 b; D 1 /d/b", "A 1 a; M 1 '/d/a' 'b'",
                          "A 1 a; M 1 'b' '/d/a'", "L 1 'a' 'b'",
                          "A 1 s; L 1 't' '/d/s'", "W 1 n", "W 1 m",
                          "L 1 '/proc/self/fd/4' 'o'"));
}

TEST_F(ExpectedRecordsTest, Directories) {
  Program(
      "2.0 chdir(\"link\") = 0\n"
      "2.1 getcwd(\"/real\", 4096) = 6\n"
      "2.2 unlink(\"a\") = 0\n"
      "2.3 chdir(\"..\") = 0\n"
      "2.4 openat(AT_FDCWD</>, \"b\", O_RDONLY) = 3</b>\n"
      "2.5 fchdir(3</d>) = 0\n"
      "2.6 unlink(\"a\") = 0\n"
      "2.7 chdir(\"sub\") = 0\n");
  EXPECT_THAT(Inner(), ElementsAre("C 1 /real", "D 1 a", "C 1 /", "R 1 b",
                                   "C 1 /d", "D 1 a", "C 1 /d/sub"));
  const Process process = Get()[0];
  EXPECT_EQ(process.records[2].record.absolute, "/real/a");
  EXPECT_EQ(process.records[6].record.absolute, "/d/a");
}

TEST_F(ExpectedRecordsTest, DotDotBehindALinkIsNotWhatItLooksLike) {
  links_["/w/l"] = "/real/deep";
  Program(
      "2.0 openat(AT_FDCWD</w>, \"l/../a\", O_RDONLY) = 3</real/a>\n"
      "2.1 openat(AT_FDCWD</w>, \"d/../a\", O_RDONLY) = 3</w/a>\n"
      "2.2 openat(AT_FDCWD</w>, \"l/a\", O_RDONLY) = 3</real/deep/a>\n");
  EXPECT_THAT(Inner(), ElementsAre("R 1 l/../a", "R 1 d/../a", "R 1 l/a"));
  const Process process = Get()[0];
  EXPECT_EQ(process.records[1].record.absolute, "/real/a");
  EXPECT_EQ(process.records[2].record.absolute, "/w/a");
  EXPECT_EQ(process.records[3].record.absolute, "/w/l/a");
}

TEST_F(ExpectedRecordsTest, ChildrenInheritTheDirectory) {
  Program(
      "2.0 chdir(\"/x\") = 0\n"
      "2.1 vfork() = 2\n"
      "2.2 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 3\n"
      "2.3 chdir(\"/y\") = 0\n");
  File(2, "2.15 unlink(\"a\") = 0\n2.16 +++ killed by SIGKILL +++");
  File(3, "2.25 unlink(\"t\") = 0\n2.26 +++ exited with 0 +++");
  EXPECT_THAT(Inner(), ElementsAre("C 1 /x", "F 1 2", "D 1 t", "C 1 /y"));
  const std::vector<Process> all = Get();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].threaded);
  EXPECT_FALSE(all[1].threaded);
  EXPECT_EQ(all[1].records[0].record.absolute, "/x/a");
  EXPECT_EQ(Describe(2, all[1].records[1].record), "X 2 0 9");
}

TEST_F(ExpectedRecordsTest, ScriptsRunTheirInterpreter) {
  heads_["/w/s"] = "#! /w/t -x\nrest";
  heads_["/w/t"] = "#!/bin/sh\n";
  heads_["/bin/sh"] = "\177ELF";
  Program("2.0 execve(\"./s\", [\"s\"], 0x7f) = 0\n" + std::string(kLoads) +
          "2.2 execve(\"/gone\", [\"s\"], 0x7f) = 0\n" + std::string(kLoads));
  EXPECT_THAT(Inner(), ElementsAre("E 1 /bin/sh", "E 1 /gone"));
  EXPECT_TRUE(Get()[0].records[2].any_name);
}

TEST_F(ExpectedRecordsTest, ExecInAThreadGoesOnInTheLeader) {
  heads_["/bin/q"] = "\177ELF";
  Program(
      "2.0 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 3\n"
      "2.2 +++ superseded by execve in pid 3 +++\n"
      "2.3 <... execve resumed>) = 0\n" +
      std::string(kLoads));
  File(3, "2.1 execve(\"/bin/q\", [\"q\"], 0x7f <pid changed to 1 ...>");
  EXPECT_THAT(Inner(), ElementsAre("E 1 /bin/q"));
}

TEST_F(ExpectedRecordsTest, AThreadMayExecBeforeItsCloneReturns) {
  heads_["/bin/q"] = "\177ELF";
  Program(
      "2.0 clone3({flags=CLONE_VM|CLONE_THREAD} <unfinished ...>) = ?\n"
      "2.2 +++ superseded by execve in pid 3 +++\n"
      "2.3 <... execve resumed>) = 0\n" +
      std::string(kLoads));
  File(3, "2.1 execve(\"/bin/q\", [\"q\"], 0x7f <pid changed to 1 ...>");
  EXPECT_THAT(Inner(), ElementsAre("E 1 /bin/q"));
}

TEST_F(ExpectedRecordsTest, FilemonsOwnStepsAreLeftOut) {
  File(9,
       "0.1 pipe2([4<pipe:[77]>, 5<pipe:[77]>], O_CLOEXEC) = 0\n"
       "0.2 clone(child_stack=NULL, flags=SIGCHLD) = 1\n"
       "9.9 +++ exited with 0 +++");
  File(1,
       "0.5 openat(AT_FDCWD</w>, \"/proc/self/fd/5\", O_RDWR) = "
       "6<pipe:[77]>\n");
  Program(
      "2.0 openat(AT_FDCWD</w>, \"/proc/9/fd/5\", O_RDWR) = 6<pipe:[77]>\n"
      "2.1 openat(AT_FDCWD</w>, \"/dev/fd/7\", O_RDONLY) = 6<pipe:[78]>\n"
      "2.2 openat(AT_FDCWD</w>, \"/proc/9/fd/6\", O_RDWR) = "
      "7</memfd:filemon lanes>(deleted)\n");
  EXPECT_THAT(Inner(), ElementsAre("R 1 /dev/fd/7"));
}

TEST_F(ExpectedRecordsTest, UnloadedImagesAreOptionalButForTheirFrame) {
  heads_["/bin/static"] = "\177ELF";
  Program(
      "2.0 vfork() = 2\n"
      "2.5 execve(\"/bin/static\", [\"s\"], 0x7f) = 0\n"
      "2.6 unlink(\"a\") = 0\n"
      "2.7 fork() = 3\n");
  File(2, "2.1 +++ exited with 0 +++");
  File(3, "2.8 unlink(\"b\") = 0\n2.9 +++ exited with 0 +++");
  const std::vector<Process> all = Get();
  ASSERT_EQ(all.size(), 3u);
  std::vector<std::string> required;
  for (const Process& process : all) {
    for (const Expected& e : process.records) {
      if (e.excuse == Cause::kNone)
        required.push_back(Describe(process.pid, e.record));
    }
  }
  EXPECT_THAT(required, ElementsAre("E 1 /bin/p", "F 1 2", "E 1 /bin/static",
                                    "X 1 0 0", "X 2 0 0"));
  EXPECT_FALSE(all[0].images[1].loaded);
  EXPECT_FALSE(all[2].visible);
}

TEST_F(ExpectedRecordsTest, AReusedNumberIsAnotherProcess) {
  Program("2.0 fork() = 2\n4.0 fork() = 2\n");
  File(2,
       "2.1 unlink(\"a\") = 0\n2.2 +++ exited with 1 +++\n"
       "4.1 unlink(\"b\") = 0\n4.2 +++ exited with 2 +++\n");
  const std::vector<Process> all = Get();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].records[0].record.text, "a");
  EXPECT_EQ(all[2].records[0].record.text, "b");
}

TEST_F(ExpectedRecordsTest, ANumberMayComeAsAThreadsAndAsAProcess) {
  Program(
      "2.0 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 2\n"
      "3.0 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 2\n"
      "4.0 fork() = 2\n");
  File(2,
       "2.1 unlink(\"a\") = 0\n2.2 exit(0) = ?\n2.3 +++ exited with 0 +++\n"
       "3.1 unlink(\"b\") = 0\n3.2 exit(0) = ?\n3.3 +++ exited with 0 +++\n"
       "4.1 unlink(\"c\") = 0\n4.2 +++ exited with 2 +++\n");
  EXPECT_THAT(Inner(), ElementsAre("D 1 a", "D 1 b", "F 1 2"));
  const std::vector<Process> all = Get();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].records[0].record.text, "c");
  EXPECT_EQ(all[1].parent, 1);
  EXPECT_EQ(all[0].records[1].tid, 2);
}

TEST_F(ExpectedRecordsTest, AForkThatNeverReturnedHasAChild) {
  Program("2.0 fork() = 2\n");
  File(2, "2.1 fork( <unfinished ...>) = ?\n2.3 +++ killed by SIGKILL +++");
  File(3, "2.2 unlink(\"a\") = 0\n2.4 +++ exited with 0 +++");
  const std::vector<Process> all = Get();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(Describe(2, all[1].records[0].record), "F 2 3");
  EXPECT_EQ(all[2].parent, 2);
  EXPECT_FALSE(all[2].stray);
}

TEST_F(ExpectedRecordsTest, AnExecThatWasKilledRanNothing) {
  Program("2.0 fork() = 2\n");
  File(2,
       "2.1 execve(\"/bin/q\", [\"q\"], 0x7f /* 3 vars */) = 59\n"
       "2.2 +++ killed by SIGSYS +++");
  const std::vector<Process> all = Get();
  ASSERT_EQ(all.size(), 2u);
  ASSERT_EQ(all[1].records.size(), 1u);
  EXPECT_EQ(all[1].records[0].record.text, "0 31");
}

TEST_F(ExpectedRecordsTest, AnUntracedChildIsNone) {
  Program(
      "2.0 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_VFORK|CLONE_UNTRACED) "
      "= 2\n"
      "2.1 openat(AT_FDCWD</w>, \"/proc/1/task/1/children\", "
      "O_RDONLY|O_CLOEXEC) = 3</proc/1/task/1/children>\n");
  const std::vector<Process> all = Get();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].records[1].excuse, Cause::kOwnDoing);
}

TEST_F(ExpectedRecordsTest, LooksAtWhatNobodyMade) {
  File(9,
       "0.2 clone(child_stack=NULL, flags=SIGCHLD) = 1\n"
       "0.3 clone(child_stack=NULL, flags=SIGCHLD) = 8\n"
       "9.9 +++ exited with 0 +++");
  File(8, "0.4 unlink(\"filemons\") = 0\n0.5 +++ exited with 0 +++");
  Program("2.0 unlink(\"a\") = 0\n");
  File(7, "5.0 unlink(\"b\") = 0\n5.1 +++ exited with 0 +++");
  const std::vector<Process> all = Get();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_FALSE(all[0].stray);
  EXPECT_TRUE(all[1].stray);
  EXPECT_EQ(Describe(7, all[1].records[0].record), "D 7 b");
}

TEST_F(ExpectedRecordsTest, KnowsWhatAThreadCouldNotReport) {
  Program(
      "2.0 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 3\n"
      "2.1 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 4\n");
  File(3,
       "3.0 unlink(\"a\") = 0\n3.1 unlink(\"b\") = 0\n"
       "9.05 +++ exited with 0 +++");
  File(4,
       "3.2 unlink(\"c\") = 0\n3.3 exit(0) = ?\n"
       "3.4 +++ exited with 0 +++");
  const Process process = Get()[0];
  for (const Expected& e : process.records) {
    EXPECT_EQ(e.excuse == Cause::kCutOff, e.record.text == "b")
        << Describe(1, e.record);
  }
}

TEST_F(ExpectedRecordsTest, ExcusesTheLastCallBeforeAKillOnly) {
  Program("2.0 fork() = 2\n3.0 fork() = 3\n");
  File(2,
       "2.1 unlink(\"a\") = 0\n2.2 unlink(\"b\") = 0\n"
       "2.3 +++ killed by SIGTERM +++");
  File(3,
       "3.1 unlink(\"c\") = 0\n3.2 exit_group(0) = ?\n"
       "3.3 +++ exited with 0 +++");
  const std::vector<Process> all = Get();
  for (const Process& process : all) {
    for (const Expected& e : process.records) {
      EXPECT_EQ(e.excuse == Cause::kCutOff, e.record.text == "b")
          << Describe(process.pid, e.record);
    }
  }
}

TEST_F(ExpectedRecordsTest, ExcusesTheChildOfAFailedSpawnOnly) {
  Program(
      "2.0 clone3({flags=CLONE_VM|CLONE_VFORK}, 88) = 2\n"
      "3.0 clone3({flags=CLONE_VM|CLONE_VFORK}, 88) = 3\n"
      "4.0 vfork() = 4\n");
  File(2, "2.1 unlink(\"a\") = 0\n2.2 +++ exited with 127 +++");
  File(3, "3.1 +++ exited with 1 +++");
  File(4, "4.1 +++ exited with 127 +++");
  const std::vector<Process> all = Get();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].records[1].excuse, Cause::kFailedSpawn);
  EXPECT_EQ(all[0].records[2].excuse, Cause::kNone);
  EXPECT_EQ(all[0].records[3].excuse, Cause::kNone);
  EXPECT_EQ(all[1].records[0].excuse, Cause::kFailedSpawn);
  EXPECT_EQ(all[1].records[1].excuse, Cause::kFailedSpawn);
  EXPECT_EQ(all[3].records[0].excuse, Cause::kNone);
}

TEST_F(ExpectedRecordsTest, ReadsANewSemaphore) {
  Program(
      "2.0 openat(AT_FDCWD</w>, \"/dev/shm/sem.aB1cD2\", "
      "O_RDWR|O_CREAT|O_EXCL, 0600) = 3</dev/shm/sem.aB1cD2>\n"
      "2.1 link(\"/dev/shm/sem.aB1cD2\", \"/dev/shm/sem.x\") = 0\n"
      "2.2 unlink(\"/dev/shm/sem.aB1cD2\") = 0\n"
      "3.0 openat(AT_FDCWD</w>, \"/dev/shm/sem.aB1cD3\", "
      "O_RDWR|O_CREAT|O_EXCL, 0600) = 3</dev/shm/sem.aB1cD3>\n"
      "3.2 unlink(\"/dev/shm/sem.aB1cD3\") = 0\n"
      "4.0 unlink(\"/dev/shm/sem.x\") = 0\n");
  EXPECT_THAT(Inner(), ElementsAre("R 1 /dev/shm/sem.x", "W 1 /dev/shm/sem.x",
                                   "D 1 /dev/shm/sem.x"));
}

TEST_F(ExpectedRecordsTest, ExcusesTheSearchForAnNssModuleOnly) {
  Program(
      "2.0 openat(AT_FDCWD</w>, \"/etc/ld.so.cache\", O_RDONLY) = 3</c>\n"
      "2.1 openat(AT_FDCWD</w>, \"/etc/nsswitch.conf\", O_RDONLY) = 3</c>\n"
      "2.2 openat(AT_FDCWD</w>, \"/etc/ld.so.cache\", O_RDONLY) = 3</c>\n"
      "2.3 openat(AT_FDCWD</w>, \"/etc/ld.so.cache\", O_RDONLY) = 3</c>\n");
  const Process process = Get()[0];
  EXPECT_EQ(process.records[1].excuse, Cause::kNone);
  EXPECT_EQ(process.records[3].excuse, Cause::kModuleSearch);
  EXPECT_EQ(process.records[4].excuse, Cause::kNone);
}

TEST_F(ExpectedRecordsTest, LibcsModulesMayComeLate) {
  Program(
      "2.0 openat(AT_FDCWD</w>, \"/etc/ld.so.cache\", O_RDONLY|O_CLOEXEC) = "
      "3</c>\n"
      "2.1 openat(AT_FDCWD</w>, \"/l/libnss_x.so.2\", O_RDONLY|O_CLOEXEC) = "
      "3</l>\n"
      "2.2 openat(AT_FDCWD</w>, \"/l/libm.so.6\", O_RDONLY|O_CLOEXEC) = "
      "3</l>\n"
      "2.3 openat(AT_FDCWD</w>, \"/etc/group\", O_RDONLY|O_CLOEXEC) = 3</g>\n"
      "2.35 openat(AT_FDCWD</w>, \"/l/gconv/KOI8-R.so\", "
      "O_RDONLY|O_CLOEXEC) = 3</l>\n"
      "2.36 openat(AT_FDCWD</w>, \"a\", O_RDONLY|O_CLOEXEC) = 3</a>\n"
      "2.4 openat(AT_FDCWD</w>, \"/l/libz.so.1\", O_RDONLY|O_CLOEXEC) = "
      "3</l>\n");
  const Process process = Get()[0];
  std::vector<bool> late;
  for (const Expected& e : process.records) late.push_back(e.late);
  EXPECT_THAT(late, ElementsAre(false, true, true, true, false, true, false,
                                false, false));
}

TEST_F(ExpectedRecordsTest, LooksForScriptsBelowTheRootDirectory) {
  Program("2.0 chroot(\"new\") = 0\n2.1 fork() = 2\n");
  File(2,
       "2.2 execve(\"/s\", [\"s\"], 0x7f /* 3 vars */) = 0\n"
       "2.3 exit_group(0) = ?\n2.4 +++ exited with 0 +++");
  heads_["/s"] = "#!/bin/outside\n";
  heads_["/w/new/s"] = "#!/bin/inside\n";
  heads_["/w/new/bin/inside"] =
      "\x7f"
      "ELF";
  const Process process = Get()[1];
  EXPECT_EQ(Describe(2, process.records[0].record), "E 2 /bin/inside");
  EXPECT_TRUE(process.images[0].rooted);
}

TEST_F(ExpectedRecordsTest, OutsideOfTheRootNothingHasAName) {
  Program(
      "2.0 chroot(\"new\") = 0\n"
      "2.1 openat(AT_FDCWD</w>, \"d\", O_RDONLY) = 3</w/d>\n"
      "2.2 openat(3</w/d>, \"a\", O_RDONLY) = 4</w/d/a>\n"
      "2.3 fchdir(3</w/d>) = 0\n"
      "2.4 openat(AT_FDCWD</w/d>, \"a\", O_RDONLY) = 4</w/d/a>\n"
      "2.5 fchdir(5</w/new/d>) = 0\n"
      "2.6 openat(6</w/new/d>, \"b\", O_RDONLY) = 4</w/new/d/b>\n");
  EXPECT_THAT(Inner(), ElementsAre("R 1 d", "R 1 a", "R 1 a", "C 1 /w/new/d",
                                   "A 1 b; R 1 /w/new/d/b"));
  EXPECT_EQ(Get()[0].records[2].record.absolute, "a");
}

TEST_F(ExpectedRecordsTest, KnowsWhereASignalCame) {
  Program(
      "2.0 unlink(\"a\") = 0\n2.1 --- SIGALRM {si_signo=SIGALRM} ---\n"
      "2.2 unlink(\"b\") = 0\n");
  const Process process = Get()[0];
  EXPECT_TRUE(process.records[1].interrupted);
  EXPECT_FALSE(process.records[2].interrupted);
}

TEST_F(ExpectedRecordsTest, LibcClimbsOutOfADeepDirectory) {
  const std::string climb =
      "openat(AT_FDCWD, \"..\", O_RDONLY) = 3</w>\n"
      "2.5 openat(3</w>, \"..\", O_RDONLY) = 4</>\n";
  Program(
      "2.0 getcwd(0x7f, 4096) = -1 ERANGE (Numerical result)\n2.1 " + climb +
      "3.0 getcwd(0x7f, 4096) = -1 ENAMETOOLONG (File name too long)\n"
      "3.1 " +
      climb + "4.0 openat(AT_FDCWD, \"a\", O_RDONLY) = 3</w/a>\n4.1 " + climb);
  std::vector<bool> libcs;
  const auto processes = Get();
  for (const Expected& e : processes[0].records) {
    libcs.push_back(e.excuse == Cause::kGetcwd);
  }
  EXPECT_THAT(libcs, ElementsAre(false, false, false, true, true, false, false,
                                 false, false));
}

TEST_F(ExpectedRecordsTest, ALineThatIsMissingIsAnError) {
  Program("2.0 fork() = 2\n");
  Lookup lookup;
  lookup.head = [](const std::string&) { return absl::nullopt; };
  lookup.real_path = lookup.head;
  EXPECT_FALSE(ExpectedRecords(files_, 1, "/w", lookup).ok());
}

}  // namespace
}  // namespace truth
}  // namespace filemon
