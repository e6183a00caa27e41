#include "bazel/lint/findings.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bazel/lint/graph_builder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon::lint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kOpen[] = "/ob/execroot/ws";
constexpr char kSandbox[] = "/ob/sandbox/linux-sandbox/4/execroot/ws";

class FindingsTest : public ::testing::Test {
 protected:
  FindingsTest() { rules_.allowed = SystemFolders(); }

  // The findings of action `index`, each as "letter path": i(nput),
  // d(erived input), o(utput), u(nread). A `%` in the records is the folder.
  std::vector<std::string> Findings(const ActionGraph& graph, size_t index,
                                    const std::string& records,
                                    const std::string& folder = kOpen,
                                    const std::string& end = "X 7 0 0\n") {
    std::string log = "# Target pid 7\n";
    for (const char c : records) {
      if (c == '%') {
        log += folder;
      } else {
        log += c;
      }
    }
    log += end + "# Bye bye\n";
    std::vector<std::string> names;
    for (const Finding& finding :
         FindingsOf(graph.actions()[index], ReadFileUse(log),
                    ExecRoot(folder, "/src"), graph, rules_)) {
      names.push_back(
          absl::StrCat(std::string(1, "idou"[static_cast<int>(finding.kind)]),
                       " ", finding.path));
    }
    return names;
  }

  FindingRules rules_;
  const ActionGraph graph_ =
      GraphBuilder()
          .Add("//a:t", "Genrule",
               {"a/x", "a/dir", "bazel-out/k8/bin/a/tree/",
                "external/tools/setup.sh"},
               {"bazel-out/k8/bin/a/o", "bazel-out/k8/bin/a/otree/"})
          .Add("//a:other", "Genrule", {"a/x"}, {"bazel-out/k8/bin/a/p"})
          .Add("//a:tree", "Tree", {"a/x"}, {"bazel-out/k8/bin/a/tree/"})
          .Build();
  // What a well-behaved run of the first action does.
  const std::string fine_ =
      "E 7 /bin/sh\nR 7 %/external/tools/setup.sh\nR 7 %/a/x\n"
      "R 7 %/a/dir/in/it\nR 7 %/bazel-out/k8/bin/a/tree/f\n"
      "W 7 %/bazel-out/k8/bin/a/o\nW 7 %/bazel-out/k8/bin/a/otree/f\n";
};

TEST_F(FindingsTest, NoneWhenAllIsDeclared) {
  for (const char* folder : {kOpen, kSandbox}) {
    EXPECT_THAT(Findings(graph_, 0, fine_, folder), IsEmpty()) << folder;
  }
}

TEST_F(FindingsTest, UndeclaredInputs) {
  EXPECT_THAT(
      Findings(graph_, 0, fine_ + "R 7 %/a/y\nE 7 /opt/tool\nR 7 /src/a/z\n"),
      ElementsAre("i /opt/tool", "i a/y", "i a/z"));
}

// The same file, by its name in the execution root and by that of its source.
TEST_F(FindingsTest, EachFileOnce) {
  EXPECT_THAT(Findings(graph_, 0, fine_ + "R 7 %/a/y\nR 7 /src/a/y\n"),
              ElementsAre("i a/y"));
}

TEST_F(FindingsTest, DeclaredInputsByOtherNames) {
  EXPECT_THAT(
      Findings(graph_, 0, fine_ + "R 7 /src/a/x\nR 7 /ob/execroot/ws/a/dir/f\n",
               kSandbox),
      IsEmpty());
}

TEST_F(FindingsTest, LookingAtFoldersOfInputsIsNothing) {
  EXPECT_THAT(Findings(graph_, 0,
                       fine_ + "R 7 %\nR 7 %/a\nR 7 %/bazel-out/k8\n"
                               "R 7 /src\n"),
              IsEmpty());
}

// What is in a sandbox was put there by Bazel.
TEST_F(FindingsTest, ASandboxHoldsNothingUndeclared) {
  EXPECT_THAT(
      Findings(graph_, 0, fine_ + "R 7 %/a/generated_by_bazel\n", kSandbox),
      IsEmpty());
  EXPECT_THAT(
      Findings(graph_, 0, fine_ + "R 7 /ob/execroot/ws/a/y\n", kSandbox),
      ElementsAre("i a/y"));
}

TEST_F(FindingsTest, OutputsOfOtherActions) {
  EXPECT_THAT(Findings(graph_, 0, fine_ + "R 7 %/bazel-out/k8/bin/a/p\n"),
              ElementsAre("d bazel-out/k8/bin/a/p"));
  EXPECT_THAT(
      Findings(graph_, 0, fine_ + "R 7 /ob/execroot/ws/bazel-out/k8/bin/a/p\n",
               kSandbox),
      ElementsAre("d bazel-out/k8/bin/a/p"));
}

TEST_F(FindingsTest, UndeclaredOutputs) {
  EXPECT_THAT(Findings(graph_, 0,
                       fine_ + "W 7 %/bazel-out/k8/bin/a/side\n"
                               "W 7 %/a/tmp\nD 7 %/a/tmp\n"
                               "M 7 '%/bazel-out/k8/bin/a/side' '%/a/kept'\n"
                               "W 7 /home/me/.cache/x\nW 7 /tmp/scratch\n",
                       kSandbox),
              ElementsAre("o /home/me/.cache/x", "o a/kept"));
}

TEST_F(FindingsTest, UnreadInputs) {
  const std::string writes = "W 7 %/bazel-out/k8/bin/a/o\n";
  EXPECT_THAT(Findings(graph_, 0, writes),
              ElementsAre("u a/dir", "u a/x", "u bazel-out/k8/bin/a/tree"));
  rules_.all_unread = true;
  EXPECT_THAT(Findings(graph_, 0, writes),
              ElementsAre("u a/dir", "u a/x", "u bazel-out/k8/bin/a/tree",
                          "u external/tools/setup.sh"));
}

TEST_F(FindingsTest, LinkingAndRenamingCountAsReading) {
  EXPECT_THAT(Findings(graph_, 0,
                       "L 7 '%/a/x' '%/bazel-out/k8/bin/a/o'\nR 7 %/a/dir\n"
                       "M 7 '%/bazel-out/k8/bin/a/tree/f' '%/t'\n"
                       "D 7 %/t\n"),
              IsEmpty());
}

TEST_F(FindingsTest, UnreadIsUnknownWhenSomethingIsMissing) {
  const std::string writes = "W 7 %/bazel-out/k8/bin/a/o\n";
  for (const char* end :
       {"X 7 1 0\n", "X 7 0 9\n", "", "# untraced 8 /opt/t: static\nX 7 0 0\n",
        "# lost 1 records of 7\nX 7 0 0\n", "bad\nX 7 0 0\n"}) {
    EXPECT_THAT(Findings(graph_, 0, writes, kOpen, end), IsEmpty()) << end;
  }
}

TEST_F(FindingsTest, Allowed) {
  rules_.allowed = {"/opt", "third_party", "a/x2"};
  EXPECT_THAT(Findings(graph_, 0,
                       fine_ + "R 7 /opt/x\nR 7 %/third_party/a/b\n"
                               "R 7 %/a/x2\nR 7 /optional\n"),
              ElementsAre("i /bin/sh", "i /optional"));
}

TEST_F(FindingsTest, ParamFilesAreBazels) {
  EXPECT_THAT(Findings(graph_, 0,
                       fine_ + "R 7 %/bazel-out/k8/bin/a/o-0.params\n"
                               "R 7 %/bazel-out/k8/bin/a/o.params\n"
                               "R 7 %/bazel-out/k8/bin/a/q-0.params\n"),
              ElementsAre("i bazel-out/k8/bin/a/q-0.params"));
}

// Bazel removes unread headers from the inputs by itself.
TEST_F(FindingsTest, CompilersAreForgivenUnreadHeaders) {
  const ActionGraph graph = GraphBuilder()
                                .Add("//a:l", "CppCompile", {"a/x.cc", "a/x.h"},
                                     {"bazel-out/k8/bin/a/x.o"})
                                .Build();
  const std::string records = "R 7 %/a/x.cc\nW 7 %/bazel-out/k8/bin/a/x.o\n";
  EXPECT_THAT(Findings(graph, 0, records), IsEmpty());
  rules_.all_unread = true;
  EXPECT_THAT(Findings(graph, 0, records), ElementsAre("u a/x.h"));
}

class RunfilesTest : public FindingsTest {
 protected:
  const ActionGraph runfiles_ =
      GraphBuilder()
          .Add("//a:test", "TestRunner",
               {"external/bazel_tools/tools/test/test-setup.sh",
                "bazel-out/k8/internal/_middlemen/a_Stest-runfiles"},
               {"bazel-out/k8/testlogs/a/test/test.log"})
          .Add("//a:test", "Middleman",
               {"a/data", "a/test.sh", "bazel-out/k8/bin/a/test",
                "bazel-out/k8/bin/a/gen",
                "bazel-out/k8/bin/a/test.runfiles/MANIFEST"},
               {"bazel-out/k8/internal/_middlemen/a_Stest-runfiles"})
          .Add("//a:test", "ExecutableSymlink", {"a/test.sh"},
               {"bazel-out/k8/bin/a/test"})
          .Add("//a:gen", "Genrule",
               {"bazel-out/k8/internal/_middlemen/a_Stest-runfiles"},
               {"bazel-out/k8/bin/a/gen2"})
          .Build();
  const std::string setup_ =
      "R 7 %/external/bazel_tools/tools/test/test-setup.sh\n"
      "R 7 %/bazel-out/k8/bin/a/test.runfiles/MANIFEST\n"
      "R 7 %/bazel-out/k8/bin/a/test.runfiles/ws/a/test\n"
      "W 7 %/bazel-out/k8/testlogs/a/test/test.xml\n"
      "W 7 %/_tmp/0123/scratch\n";
};

TEST_F(RunfilesTest, AreDeclared) {
  EXPECT_THAT(
      Findings(runfiles_, 0,
               setup_ + "R 7 %/bazel-out/k8/bin/a/test.runfiles/ws/a/data\n"
                        "R 7 %/bazel-out/k8/bin/a/test.runfiles/ws/a/gen\n"
                        "R 7 %/bazel-out/k8/bin/a/test.runfiles/ws\n"
                        "R 7 %/bazel-out/k8/bin/a/test.runfiles/ws/a\n"),
      IsEmpty());
}

TEST_F(RunfilesTest, OrNot) {
  EXPECT_THAT(
      Findings(runfiles_, 0,
               setup_ + "R 7 %/bazel-out/k8/bin/a/test.runfiles/ws/a/no\n"
                        "R 7 %/a/test.sh\nR 7 %/a/data\nR 7 %/a/no\n"),
      ElementsAre("i a/no", "i bazel-out/k8/bin/a/test.runfiles/ws/a/no",
                  "u bazel-out/k8/bin/a/gen"));
}

TEST_F(RunfilesTest, UnreadOnesAreATestsAffair) {
  EXPECT_THAT(Findings(runfiles_, 0, setup_),
              ElementsAre("u a/data", "u bazel-out/k8/bin/a/gen"));
  // A genrule cannot choose the runfiles of its tools.
  EXPECT_THAT(Findings(runfiles_, 3, "W 7 %/bazel-out/k8/bin/a/gen2\n"),
              IsEmpty());
}

}  // namespace
}  // namespace filemon::lint
