// Programs of every kind: traced, or run unharmed and named as untraced.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// `program FILE`, run by a shell that prints its status, as `in_child` leaves
// the folder.
TracedRun RunKind(
    const std::string& program, const std::function<void()>& in_child = [] {}) {
  return RunBoth({"/bin/sh", "-c", "\"$0\" /etc/passwd; echo $?", program},
                 in_child);
}

// The process that ran `file`.
std::vector<std::string> RecordsOfProgram(const TracedRun& run,
                                          const std::string& file) {
  return RecordsOf(run.log, PidOf(run.log, "/" + file));
}

void ExpectUntraced(const TracedRun& run, const std::string& file,
                    const std::string& reason) {
  EXPECT_THAT(run.traced.out, HasSubstr("opened\n3\n"));
  EXPECT_THAT(RecordsOfProgram(run, file),
              ElementsAre(testing::EndsWith("/" + file), "X "));
  EXPECT_EQ(ExitOf(run.log, PidOf(run.log, "/" + file)), "3 0");
  EXPECT_THAT(Comments(run.log, "untraced"),
              ElementsAre(testing::EndsWith("/" + file + ": " + reason)));
}

class TracedKindTest : public testing::TestWithParam<const char*> {};

TEST_P(TracedKindTest, IsTraced) {
  const TracedRun run = RunKind(HardProgram(GetParam()));
  EXPECT_EQ(run.traced.out, "opened\n3\n");
  EXPECT_EQ(run.traced.err, "");
  EXPECT_THAT(RecordsOfProgram(run, GetParam()), Contains("R /etc/passwd"));
  EXPECT_EQ(ExitOf(run.log, PidOf(run.log, std::string("/") + GetParam())),
            "3 0");
  EXPECT_THAT(Comments(run.log, "untraced"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, TracedKindTest,
                         testing::Values("kind_gcc", "kind_clang", "kind_32",
                                         "kind_musl", "kind_no_pie",
                                         "kind_static_libgcc", "kind_now"),
                         [](const auto& info) { return info.param; });

class StaticKindTest : public testing::TestWithParam<const char*> {};

TEST_P(StaticKindTest, RunsUntraced) {
  ExpectUntraced(RunKind(HardProgram(GetParam())), GetParam(),
                 "statically linked");
}

INSTANTIATE_TEST_SUITE_P(Kinds, StaticKindTest,
                         testing::Values("kind_static", "kind_static_pie",
                                         "kind_static_32", "kind_static_musl"),
                         [](const auto& info) { return info.param; });

// ---- Libraries that cannot be seen ------------------------------------------

TEST(LibraryTest, ThatIsBoundToLibcIsNamed) {
  TracedRun run =
      RunBoth({HardProgram("library_cases"), "deepbind_along_the_run_path"});
  EXPECT_THAT(Comments(run.log, "unseen"), IsEmpty());
  // Its caller has no _fini() for us to come back through.
  run = RunBoth(
      {HardProgram("library_cases"), "deepbind_by_an_odd_library"},
      [] { setenv("ODD_LIBRARY", HardProgram("odd_library.so").c_str(), 1); });
  EXPECT_THAT(Comments(run.log, "unseen"),
              ElementsAre(HasSubstr(" libresolv.so.2: bound to libc")));
  int opened = 0;
  for (const LogRecord& record : run.log) {
    opened +=
        record.letter == 'R' && absl::EndsWith(record.path, "/libresolv.so.2");
  }
  EXPECT_EQ(opened, 1);
}

TEST(LibraryTest, InANamespaceOfItsOwnIsNamed) {
  for (const char* name :
       {"namespace_along_the_run_path", "namespace_by_path"}) {
    const TracedRun run = RunBoth({HardProgram("library_cases"), name});
    EXPECT_THAT(Comments(run.log, "unseen"),
                ElementsAre(HasSubstr("libresolv.so.2: loaded into a "
                                      "namespace of its own")));
  }
}

// ---- Privileges -------------------------------------------------------------

constexpr uid_t kNobody = 65534;

// A copy of the program, made by root before he becomes nobody.
void Install(const std::string& preparation) {
  const std::string command = absl::StrCat(
      "cp ", HardProgram("kind_gcc"),
      " ./privileged && chmod 755 privileged && chmod 777 . && ", preparation);
  if (system(command.c_str()) != 0) _exit(97);
}

TEST(PrivilegeTest, SetUserId) {
  if (!IsRoot()) GTEST_SKIP() << "this user is not really root";
  const TracedRun run = RunKind("./privileged", [] {
    Install("chown 65534 privileged && chmod 4755 privileged");
  });
  ExpectUntraced(run, "privileged", "set-user-ID");
}

TEST(PrivilegeTest, SetUserIdOfOnesOwn) {
  const TracedRun run =
      RunKind("./privileged", [] { Install("chmod 4755 privileged"); });
  EXPECT_THAT(RecordsOfProgram(run, "privileged"), Contains("R /etc/passwd"));
}

TEST(PrivilegeTest, SetGroupId) {
  if (!IsRoot()) GTEST_SKIP() << "this user is not really root";
  const TracedRun run = RunKind("./privileged", [] {
    Install("chgrp 65534 privileged && chmod 2755 privileged");
  });
  ExpectUntraced(run, "privileged", "set-group-ID");
}

TEST(PrivilegeTest, FileCapabilities) {
  if (!IsRoot()) GTEST_SKIP() << "this user is not really root";
  if (access("/usr/sbin/setcap", X_OK) != 0) {
    GTEST_SKIP() << "there is no setcap";
  }
  const TracedRun run = RunKind("./privileged", [] {
    Install("/usr/sbin/setcap cap_net_raw+ep privileged");
    if (setresgid(kNobody, kNobody, kNobody) != 0 ||
        setresuid(kNobody, kNobody, kNobody) != 0) {
      _exit(96);
    }
  });
  ExpectUntraced(run, "privileged", "file capabilities");
}

// ---- Scripts ----------------------------------------------------------------

// Three interpreters in a row: s3 is run by s2, which is run by s1, which is
// run by `program`.
void WriteScripts(const std::string& program) {
  char cwd[4096];
  if (getcwd(cwd, sizeof(cwd)) == nullptr) _exit(97);
  std::ofstream("s1") << "#!" << program << " an argument\n";
  std::ofstream("s2") << "#!" << cwd << "/s1\n";
  std::ofstream("s3") << "#! " << cwd << "/s2 -x\n";
  for (const char* name : {"s1", "s2", "s3"}) chmod(name, 0755);
}

TEST(ScriptTest, AChainOfInterpreters) {
  const TracedRun run =
      RunKind("./s3", [] { WriteScripts(HardProgram("kind_gcc")); });
  EXPECT_EQ(run.traced.out, "opened\n3\n");
  EXPECT_THAT(RecordsOfProgram(run, "kind_gcc"), Contains("R /etc/passwd"));
}

TEST(ScriptTest, AChainThatEndsInAStaticProgram) {
  const TracedRun run =
      RunKind("./s3", [] { WriteScripts(HardProgram("kind_static")); });
  ExpectUntraced(run, "kind_static", "statically linked");
}

// The kernel runs an interpreter that root has registered for a file name's
// extension; for the log that is what it is for a script.
TEST(ScriptTest, BinfmtMisc) {
  const std::string folder = "/proc/sys/fs/binfmt_misc/";
  const std::string name = absl::StrCat("filemon-test-", getpid());
  std::ofstream(folder + "register")
      << ":" << name << ":E::" << name << "::/bin/cat:";
  if (!Exists(folder + name)) {
    GTEST_SKIP() << "binfmt_misc cannot be set up here";
  }
  const std::string program = "./seen." + name;
  const TracedRun run =
      RunBoth({"/bin/sh", "-c",
               absl::StrCat("echo text > ", program, "; chmod +x ", program,
                            "; ", program, "; echo $?")});
  std::ofstream(folder + name) << "-1";
  EXPECT_EQ(run.traced.out, "text\n0\n");
  const pid_t pid = PidOf(run.log, "/cat");
  EXPECT_THAT(RecordsOf(run.log, pid), Contains(absl::StrCat("R ", program)));
  EXPECT_EQ(ExitOf(run.log, pid), "0 0");
  EXPECT_THAT(Comments(run.log, "untraced"), IsEmpty());
}

TEST(ScriptTest, WithoutAFirstLine) {
  const TracedRun run = RunBoth({"/bin/sh", "-c", "./script; echo $?"}, [] {
    std::ofstream("script") << ": > seen; exit 3\n";
    chmod("script", 0755);
  });
  EXPECT_THAT(run.Seen(), ElementsAre("W seen"));
}

// ---- Symbols ----------------------------------------------------------------

TEST(SymbolTest, AnOpenOfTheProgramsOwn) {
  for (const char* name : {"kind_own_open", "kind_own_open_exported"}) {
    const TracedRun run = RunBoth({HardProgram(name)});
    EXPECT_EQ(run.traced.out, "my open nothing 0\nmy close 42\n");
    EXPECT_THAT(RecordsOfProgram(run, name), Contains("R /etc/passwd"));
    EXPECT_THAT(RecordsOfProgram(run, name), Not(Contains("R nothing")));
  }
}

// ---- Tools that do the unusual ----------------------------------------------

bool Have(const std::string& tool) {
  return system(absl::StrCat("command -v ", tool, " > /dev/null").c_str()) == 0;
}
#define SKIP_WITHOUT(tool) \
  if (!Have(tool)) GTEST_SKIP() << "there is no " << (tool)

TEST(ToolTest, Gdb) {
  SKIP_WITHOUT("gdb");
  const TracedRun run =
      RunBoth({"/bin/sh", "-c",
               "gdb -nx -q -batch -ex run --args \"$0\" /etc/passwd | "
               "grep -v 'Inferior\\|libthread_db' > out; grep opened out",
               HardProgram("kind_gcc")});
  EXPECT_EQ(run.traced.out, "opened\n");
  const pid_t inferior = PidOf(run.log, "/kind_gcc");
  EXPECT_THAT(RecordsOf(run.log, inferior), Contains("R /etc/passwd"));
  EXPECT_EQ(ExitOf(run.log, inferior), "3 0");
}

TEST(ToolTest, Strace) {
  SKIP_WITHOUT("strace");
  const TracedRun run =
      RunBoth({"/bin/sh", "-c",
               "strace -f -o trace -e trace=openat \"$0\" /etc/passwd; echo $?",
               HardProgram("kind_gcc")});
  EXPECT_EQ(run.traced.out, "opened\n3\n");
  EXPECT_THAT(RecordsOfProgram(run, "kind_gcc"), Contains("R /etc/passwd"));
}

// Whether it can be traced, strace tries on children of its own that end before
// anybody looks.
TEST(ToolTest, StraceTellsHowItsChildrenEnd) {
  SKIP_WITHOUT("strace");
  const TracedRun run =
      RunBoth({"/bin/sh", "-c",
               "for i in 1 2 3 4 5 6 7 8 9 10; do strace -o trace sh -c 'exit "
               "7'; echo $?; done"});
  EXPECT_THAT(Comments(run.log, "unknown"), IsEmpty());
}

TEST(ToolTest, Valgrind) {
  SKIP_WITHOUT("valgrind");
  const TracedRun run =
      RunBoth({"/bin/sh", "-c", "valgrind -q \"$0\" /etc/passwd; echo $?",
               HardProgram("kind_gcc")});
  EXPECT_EQ(run.traced.out, "opened\n3\n");
}

TEST(ToolTest, Node) {
  SKIP_WITHOUT("node");
  const TracedRun run = RunBoth(
      {"/bin/sh", "-c",
       "node -e \"const fs = require('fs'); fs.writeFileSync('seen', 'x'); "
       "console.log(fs.readFileSync('seen', 'utf8'), "
       "require('child_process').execSync('echo sub').toString());\""});
  EXPECT_THAT(run.Seen(), ElementsAre("W seen", "R seen"));
}

// Without performance data: these are kept in a file that is named like the
// process, and locked.
TEST(ToolTest, Javac) {
  SKIP_WITHOUT("javac");
  const TracedRun run =
      RunBoth({"/bin/sh", "-c",
               "echo 'class Seen { public static void main(String[] a) { "
               "System.out.println(7); } }' > Seen.java; javac "
               "-J-XX:-UsePerfData Seen.java; "
               "java -XX:-UsePerfData Seen"});
  EXPECT_EQ(run.traced.out, "7\n");
  int compiled = 0;
  for (const LogRecord& record : run.log) {
    compiled += record.letter == 'W' && absl::EndsWith(record.path, ".class");
  }
  EXPECT_EQ(compiled, 1);
}

}  // namespace
}  // namespace filemon
