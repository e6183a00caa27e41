// `filemon log` on logs of real runs, judged by those who read what it prints:
// make and ninja.
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <utime.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class LogTest : public testing::Test {
 protected:
  // A shell command in this test's folder; `$F` is filemon.
  Result Shell(const std::string& command) {
    FilemonProcess shell;
    shell.Start({"-c", absl::StrCat("cd ", folder_, "; F='", FilemonPath(),
                                    "'; ", command)},
                "/bin/sh");
    return shell.Wait();
  }
  // The same; it must succeed without a word on standard error.
  std::string Out(const std::string& command) {
    const Result result = Shell(command);
    EXPECT_EQ(result.exit_status, 0) << command << "\n" << result.err;
    EXPECT_EQ(result.err, "") << command;
    return result.out;
  }
  std::vector<std::string> Lines(const std::string& command) {
    return absl::StrSplit(Out(command), '\n', absl::SkipEmpty());
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(InFolder(name)) << text;
  }
  // Changed after all that has been done so far.
  void Touch(const std::string& name) {
    now_ += 10;
    const utimbuf times = {now_, now_};
    ASSERT_EQ(utime(InFolder(name).c_str(), &times), 0) << name;
  }
  time_t now_ = time(nullptr);

 private:
  std::string InFolder(const std::string& name) const {
    return absl::StrCat(folder_, "/", name);
  }

  const std::string folder_ = NewFolder();
};

TEST_F(LogTest, FilesByWhatBecameOfThem) {
  Write("in", "text\n");
  Write("old", "text\n");
  Out("$F -o x.log -- sh -c 'sort in > tmp; mv tmp out; cp out copy; rm old; "
      ": > t2; rm t2; ln -s out link'");
  EXPECT_THAT(Lines("$F log files x.log"),
              ElementsAre("read      in", "written   copy", "linked    link",
                          "renamed   out", "deleted   old", "temporary t2",
                          "temporary tmp"));
  EXPECT_THAT(Lines("$F log files --system --only='*/sort' x.log"),
              ElementsAre(MatchesRegex("executed  .*/sort")));
  EXPECT_EQ(Out("$F log files -0 --only=in --only=out x.log"),
            std::string("in\0out\0", 7));
}

TEST_F(LogTest, WhoMadeItUnderItsOldName) {
  Out("$F -o x.log -- sh -c 'sort /dev/null > tmp; mv tmp out; cat out'");
  const std::vector<std::string> lines = Lines("$F log who out x.log");
  EXPECT_THAT(lines, Contains(AllOf(StartsWith("made by renaming"),
                                    HasSubstr("mv "), HasSubstr(" < sh "))));
  EXPECT_THAT(lines, Contains(AllOf(StartsWith("wrote  tmp  sh "))));
  EXPECT_THAT(lines, Contains(StartsWith("read  cat ")));
  const Result nobody = Shell("$F log who nothing x.log");
  EXPECT_EQ(nobody.exit_status, 1);
  EXPECT_EQ(nobody.err, "filemon log: nobody has touched nothing\n");
}

TEST_F(LogTest, TreeOfProcesses) {
  Out("$F -o x.log -- sh -c 'true; true; sh -c \": > made; exit 3\"; exit 0'");
  const std::string tree =
      Out("$F log tree x.log | sed 's/ [0-9][0-9]*$//; "
          "s/ [0-9][0-9]*  / /'");
  EXPECT_THAT(tree, StartsWith("sh\n"));
  EXPECT_THAT(tree, HasSubstr("\n  sh exit 3  wrote made\n"));
}

TEST_F(LogTest, StaleTellsWhy) {
  Write("in", "1");
  Out("$F -o x.log -- sh -c 'cat in > out'");
  EXPECT_EQ(Out("$F log stale x.log"), "");
  Touch("in");
  Result stale = Shell("$F log stale x.log");
  EXPECT_EQ(stale.exit_status, 1);
  EXPECT_EQ(stale.out, "an input is newer: in\n");
  stale = Shell("rm in out; $F log stale x.log");
  EXPECT_EQ(stale.exit_status, 1);
  EXPECT_EQ(stale.out, "an output is gone: out\nan input is gone: in\n");
  stale = Shell("$F -o y.log -- sh -c 'exit 4'; $F log stale y.log");
  EXPECT_EQ(stale.out, "the command failed\n");
  stale = Shell("$F log stale no.log");
  EXPECT_EQ(stale.exit_status, 1);
  EXPECT_THAT(stale.err, HasSubstr("cannot read no.log: No such file"));
}

TEST_F(LogTest, UnusedFiles) {
  Out("mkdir -p d/sub; : > d/used; : > d/unused; : > 'd/sub/new\nline'; "
      "$F -o x.log -- sh -c 'cat d/used > d/made'");
  EXPECT_THAT(Lines("$F log unused d x.log"),
              ElementsAre("d/sub/new\\nline", "d/unused"));
}

TEST_F(LogTest, DiffOfTwoRuns) {
  Write("a", "");
  Write("b", "");
  Out("$F -o 1.log -- sh -c 'cat a; true'; $F -o 2.log -- sh -c 'cat b; true'");
  const Result diff = Shell("$F log diff 1.log 2.log");
  EXPECT_EQ(diff.exit_status, 1);
  EXPECT_EQ(diff.out, "- read a  by cat < sh\n+ read b  by cat < sh\n");
  EXPECT_EQ(Out("$F log diff 1.log 1.log"), "");
}

TEST_F(LogTest, PackagesAgainstWhatIsDeclared) {
  Out("mkdir -p db/info debian; : > tool; : > header; "
      "printf '%s\\n' $PWD/tool > db/info/tools.list; "
      "printf '%s\\n' $PWD/header > db/info/headers.list");
  std::string status;
  for (const char* package : {"tools", "headers", "spare"}) {
    absl::StrAppend(&status, "Package: ", package,
                    "\nStatus: install ok installed\n\n");
  }
  Write("db/status", status);
  Write("debian/control", "Source: x\nBuild-Depends: headers, spare\n");
  Out("$F -o x.log -- sh -c 'cat tool header > made'");
  EXPECT_THAT(Lines("$F log packages --database=db x.log"),
              ElementsAre(AllOf(StartsWith("headers  1 file  "),
                                HasSubstr("/header  by cat ")),
                          StartsWith("tools  1 file  ")));
  const Result result =
      Shell("$F log packages --database=db --against=debian/control x.log");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.out, AllOf(StartsWith("used, not declared: tools  1 file"),
                                HasSubstr("\ndeclared, not used: spare\n"),
                                Not(HasSubstr("headers"))));
  EXPECT_THAT(Shell("$F log packages --database=none x.log").err,
              HasSubstr("cannot read none/status: No such file"));
}

TEST_F(LogTest, CheckNamesWhatIsMissing) {
  Out("$F -o x.log -- true");
  EXPECT_THAT(Out("$F log check x.log"), StartsWith("complete: "));
  Result check = Shell("head -n -1 x.log > cut.log; $F log check cut.log");
  EXPECT_EQ(check.exit_status, 1);
  EXPECT_EQ(check.out, "cut.log: ends without its last line\n");
  check = Shell("$F log files --strict cut.log");
  EXPECT_EQ(check.exit_status, 2);
  EXPECT_THAT(check.err, HasSubstr("1 log that ends too early"));
}

TEST_F(LogTest, HostileLogs) {
  const struct {
    const char* make;
    const char* error;
  } kCases[] = {
      {": > x", "x: is no filemon log"},
      {"echo 'int main() { return 0; }' > x", "x: is no filemon log"},
      {"head -c 100000 /dev/urandom > x", "x: is no filemon log"},
      {"mkdir x", "cannot read x: Is a directory"},
  };
  for (const auto& hostile : kCases) {
    for (const char* verb : {"files", "tree", "json", "check", "stale"}) {
      const Result result = Shell(
          absl::StrCat("rm -rf x; ", hostile.make, "; $F log ", verb, " x"));
      EXPECT_EQ(result.exit_status, 2) << hostile.make << verb;
      EXPECT_EQ(result.err, absl::StrCat("filemon log: ", hostile.error, "\n"));
    }
  }
  // 10 MiB in a line; a pid of another life; a name that is no text.
  Out("{ printf '# filemon version 5\\nV 5\\nR 7 /'; head -c 10485760 "
      "/dev/zero "
      "| tr '\\0' a; printf '\\nF 7 8\\nX 8 0 0\\nF 7 8\\nR 8 /\\377\\nX 8 0 "
      "0\\n"
      "X 7 0 0\\n# Bye bye\\n'; } > long");
  EXPECT_THAT(Out("$F log json long | tail -n 3 | head -n 1"),
              HasSubstr("\"path_base64\":\"L/8=\""));
  EXPECT_EQ(Out("$F log files long | wc -l"), "2\n");
}

TEST_F(LogTest, WordsThatAreWrong) {
  const struct {
    const char* words;
    const char* error;
  } kCases[] = {
      {"flies x", "there is no verb flies; do you mean files?"},
      {"files", "LOG is required"},
      {"who", "PATH is required"},
      {"files --nonsense x.log", "--nonsense"},
      {"deps x.log", "name a target"},
      {"diff x.log", "it takes two logs"},
  };
  Out("$F -o x.log -- true");
  for (const auto& wrong : kCases) {
    const Result result = Shell(absl::StrCat("$F log ", wrong.words));
    EXPECT_EQ(result.exit_status, 2) << wrong.words;
    EXPECT_THAT(result.err,
                AllOf(StartsWith("filemon log: "), HasSubstr(wrong.error)));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
        << result.err;
  }
  EXPECT_THAT(Shell("$F log files --only='*.none' x.log").err,
              HasSubstr("nothing matches *.none"));
  EXPECT_THAT(Out("$F log --help"), HasSubstr("stale"));
}

TEST_F(LogTest, AProgramOfTheSameNameIsRunBehindTheDashes) {
  Out("mkdir bin; printf '#!/bin/sh\\necho ran\\n' > bin/log; chmod +x "
      "bin/log");
  EXPECT_EQ(Out("PATH=$PWD/bin:$PATH $F -o x.log -- log"), "ran\n");
}

TEST_F(LogTest, AClosedPipeIsNoError) {
  Out("$F -o x.log -- sh -c 'true; true'");
  const Result result = Shell(
      "mkfifo gone; ( $F log json x.log; echo $? >&2 ) > gone & "
      "exec 3< gone; exec 3<&-; wait");
  EXPECT_EQ(result.err, "0\n");
}

// ---- Dependency files -------------------------------------------------------

// Names that make and ninja both can be told of.
const char* const kNames[] = {
    "plain.c",  "a b",      " a",    "a#b",   "a$b",     "$$",   "a:b",
    "a%b",      "a=b",      "a\\b",  "a\\ b", "a\\\\ b", "~ab",  "a[b]",
    "a{b}",     "a,b",      "a@b",   "a!b",   "-ab",     "a+b",  ".x",
    "\xc3\xa9", "\xff\xfe", "a\\nb", "..x",   "a=b c:d", "100%", "a$(b)c",
};

class DepsTest : public LogTest {
 protected:
  // `out` is made from a file `name`, by a command that tells nobody.
  void SetUpBuild(const std::string& name) {
    Out("rm -rf ./* ./.x ./..x");
    Write(name, "1");
    Write("build.ninja",
          "rule traced\n"
          "  command = " +
              FilemonPath() + " -o $out.log -- sh cmd && " + FilemonPath() +
              " log deps --target=$out $out.log > $out.d\n"
              "  depfile = $out.d\n  deps = gcc\nbuild out: traced\n");
    Write("Makefile",
          "out:\n\t" + FilemonPath() + " -o out.log -- sh cmd\n\t" +
              FilemonPath() +
              " log deps --target=out out.log > out.d\n-include out.d\n");
    std::string quoted = name;
    for (size_t at = 0; (at = quoted.find('\'', at)) != std::string::npos;
         at += 4) {
      quoted.replace(at, 1, "'\\''");
    }
    Write("cmd",
          absl::StrCat("cat './", quoted, "' > tmp; cat tmp > out; rm tmp"));
  }
};

TEST_F(DepsTest, MakeAndNinjaRebuildWhenAFileHasChangedAndOnlyThen) {
  for (const char* name : kNames) {
    for (const std::string& tool :
         {std::string("make"), std::string("ninja")}) {
      SCOPED_TRACE(absl::StrCat(tool, " ", name));
      SetUpBuild(name);
      // How often it ran the command.
      const std::string build =
          absl::StrCat(tool == "ninja" ? "ninja -v" : "make",
                       " > said 2>&1 || { cat said; exit 1; }; "
                       "grep -c 'sh cmd' said || :");
      EXPECT_EQ(Out(build), "1\n");
      EXPECT_EQ(Out(build), "0\n") << Out("cat said");
      Touch(name);
      EXPECT_EQ(Out(build), "1\n");
    }
  }
}

// One line in a rule of each.
TEST_F(DepsTest, WhileTracing) {
  Write("in", "1");
  Write("build.ninja",
        absl::StrCat("rule traced\n  command = ", FilemonPath(),
                     " -o $out.log --deps=$out.d -- sh -c 'cat in > out'\n"
                     "  depfile = $out.d\n  deps = gcc\nbuild out: traced\n"));
  Write("Makefile",
        absl::StrCat("out:\n\t", FilemonPath(),
                     " -o $@.log --deps=$@.d -- sh -c 'cat in > out'\n"
                     "-include out.d\n"));
  Write("CMakeLists.txt",
        absl::StrCat("cmake_minimum_required(VERSION 3.20)\nproject(p NONE)\n"
                     "add_custom_command(OUTPUT out DEPFILE out.d COMMAND ",
                     FilemonPath(),
                     " -o out.log --deps=out.d -- sh -c "
                     "\"cat ${CMAKE_SOURCE_DIR}/in > out\" VERBATIM)\n"
                     "add_custom_target(all_of_it ALL DEPENDS out)\n"));
  const struct {
    const char* set_up;
    const char* build;
  } kTools[] = {
      {"rm -f out out.d", "make"},
      {"rm -f out out.d", "ninja -v"},
      {"cmake -G 'Unix Makefiles' -S . -B m > said", "VERBOSE=1 make -C m"},
      {"cmake -G Ninja -S . -B n > said", "ninja -v -C n"},
  };
  for (const auto& tool : kTools) {
    SCOPED_TRACE(tool.build);
    Write("in", "1");
    Out(tool.set_up);
    const std::string build =
        absl::StrCat(tool.build,
                     " > said 2>&1 || { cat said; exit 1; }; "
                     "grep -c -e '--deps=' said || :");
    EXPECT_EQ(Out(build), "1\n");
    EXPECT_EQ(Out(build), "0\n") << Out("cat said");
    Touch("in");
    EXPECT_EQ(Out(build), "1\n") << Out("cat said");
  }
}

TEST_F(DepsTest, AFailedCommandLeavesTheOldOne) {
  Write("in", "1");
  Write("out.d", "old");
  EXPECT_EQ(Shell("$F --deps=out.d -- sh -c 'cat in; exit 3'").exit_status, 3);
  EXPECT_EQ(Out("cat out.d"), "old");
  const Result result = Shell("$F --deps=no/out.d -- true");
  EXPECT_EQ(result.exit_status, 125);
  EXPECT_EQ(result.err,
            "filemon: cannot write the dependency file no/out.d: No such file "
            "or directory\n");
  EXPECT_EQ(Shell("$F --deps=no/out.d -- false").exit_status, 1);
  EXPECT_THAT(Out("ls"), Not(HasSubstr("out.d.")));
}

TEST_F(DepsTest, StrictWritesNoneThatMayLackFiles) {
  Write("a;b", "1");
  Result result = Shell("$F --deps=out.d -- cat 'a;b'");
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.err, HasSubstr("cannot have the name a;b\n"));
  result = Shell("rm out.d; $F --strict --deps=out.d -- cat 'a;b'");
  EXPECT_EQ(result.exit_status, 125);
  EXPECT_EQ(Shell("ls out.d").exit_status, 2);
}

TEST_F(DepsTest, WordsThatAreWrong) {
  for (const char* words :
       {"--deps=x -- true", "--deps-target=x -- true", "--deps=.d -- true",
        "--deps=x.d --deps-for=scons -- true"}) {
    const Result result = Shell(absl::StrCat("$F ", words));
    EXPECT_EQ(result.exit_status, 125) << words;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1);
  }
}

TEST_F(DepsTest, OneLineForANameThatCannotBe) {
  Write("a;b", "1");
  Out("$F -o x.log -- cat 'a;b'");
  const Result deps = Shell("$F log deps --target=out x.log");
  EXPECT_EQ(deps.exit_status, 0);
  EXPECT_EQ(deps.err,
            "filemon log: deps: left out, as make or ninja cannot read such a "
            "name: a;b\n");
  EXPECT_EQ(Shell("$F log deps --strict --target=out x.log").exit_status, 2);
}

TEST_F(DepsTest, WhatTheCommandMadeIsNoInput) {
  Write("in", "1");
  Out("$F -o x.log -- sh -c 'mkdir d; cat in > d/a; mv d e; cat e/a > out; cat "
      "out; sort -o in2 in; cat in2'");
  const std::string deps = Out("$F log deps --target=out x.log");
  EXPECT_THAT(deps, HasSubstr("\n  in \\\n"));
  for (const char* name : {"d/a", "e/a", "in2", "  e \\"}) {
    EXPECT_THAT(deps, Not(HasSubstr(name)));
  }
}

}  // namespace
}  // namespace filemon
