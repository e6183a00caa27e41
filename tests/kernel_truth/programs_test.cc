// Every case of //tests/programs:calls, each in three ways: without filemon
// (the case itself must be right), with it, and with --paths=absolute.
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/kernel_truth/judged_test.h"

namespace filemon {
namespace truth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kCalls[] = "tests/programs/calls";

Session CallsSession(const std::string& folder, const std::string& name) {
  Session session = NewSession(folder);
  // No locale: such a program has nothing that libc may hide.
  session.environment.push_back("LC_ALL=C");
  session.command = {Runfile(kCalls), name};
  return session;
}

// What wordexp() does inside libc, without a call that could be wrapped, and
// what a case does past libc. That it is said here keeps it from growing.
std::vector<Gap> KnownGaps(const std::string& name) {
  if (name == "renamed_by_a_system_call") {
    return {{"M '../s' '../t'", "made past libc"}};
  }
  if (name != "wordexp") return {};
  return {{"R top (O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY)",
           "the glob() inside wordexp()"},
          {"W /dev/null (O_WRONLY)",
           "the standard error of the shell that wordexp() runs"}};
}

class CallTest : public ::testing::Test {
 public:
  explicit CallTest(std::string name) : name_(std::move(name)) {}
  void TestBody() override {
    const absl::StatusOr<int> bare =
        RunBare(CallsSession(absl::StrCat(name_, ".bare"), name_));
    constexpr int kSkipped = 77;  // case.h
    if (bare.ok() && *bare == kSkipped) {
      GTEST_SKIP() << "the kernel refuses what the case is about";
    }
    ASSERT_TRUE(bare.ok() && *bare == 0) << "the case is wrong by itself";
    const Judgement judgement =
        ExpectTruth(CallsSession(name_, name_), KnownGaps(name_));
    // Processes that end themselves by a signal have said everything before.
    if (name_ == "killed" || name_ == "crashed" || name_ == "abort") {
      EXPECT_THAT(judgement.verdict.excused, IsEmpty());
    }
    Session absolute = CallsSession(absl::StrCat(name_, ".absolute"), name_);
    absolute.filemon_args.push_back("--paths=absolute");
    absolute.absolute_paths = true;
    std::vector<Gap> gaps = KnownGaps(name_);
    ExpectTruth(absolute, gaps);
  }

 private:
  const std::string name_;
};

std::vector<std::string> CaseNames() {
  FILE* list = popen(absl::StrCat(kCalls, " --list").c_str(), "r");
  std::vector<std::string> names;
  char line[256];
  while (list != nullptr && fgets(line, sizeof(line), list) != nullptr) {
    names.emplace_back(absl::StripSuffix(line, "\n"));
  }
  if (list != nullptr) pclose(list);
  return names;
}

// Of interpose/symbols.txt: what is wrapped, without what no libc here has.
std::set<std::string> WrappedNames() {
  std::set<std::string> names, absent;
  std::ifstream file(Runfile("interpose/symbols.txt"));
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.empty()) continue;
    if (words[0] == "wrap") names.insert(words[1]);
    if (words[0] != "since") continue;
    for (size_t i = 1; i < words.size() && words[i] != ":"; ++i) {
      absent.insert(words[i]);
    }
  }
  for (const std::string& name : absent) names.erase(name);
  return names;
}

TEST(Programs, EveryWrappedNameHasACase) {
  std::set<std::string> names = WrappedNames();
  EXPECT_GT(names.size(), 100u);
  for (const std::string& name : CaseNames()) names.erase(name);
  EXPECT_THAT(names, IsEmpty());
}

TEST(Programs, AStaticRootHasItsFrameOnly) {
  Session session = NewSession("static_root");
  session.command = {Runfile("tests/programs/static_program")};
  const absl::StatusOr<Judgement> judgement = Judge(session);
  ASSERT_TRUE(judgement.ok()) << judgement.status();
  EXPECT_TRUE(judgement->verdict.ok()) << judgement->verdict.Report();
  EXPECT_EQ(judgement->exit_status, 3);
  const Log log = ReadLog(judgement->log, session.directory);
  ASSERT_THAT(log.processes, SizeIs(1));
  const LoggedProcess& process = log.processes[0];
  EXPECT_THAT(process.untraced,
              ElementsAre(HasSubstr(absl::StrCat(session.command[0], ": "))));
  ASSERT_THAT(process.records, SizeIs(2));
  EXPECT_EQ(process.records[0].letter, 'E');
  EXPECT_EQ(process.records[0].text, session.command[0]);
  EXPECT_EQ(process.records[1].letter, 'X');
  EXPECT_EQ(process.records[1].text, "3 0");
}

TEST(Programs, AStaticChildHasItsFrameOnly) {
  Session session = NewSession("static_child");
  const std::string program = Runfile("tests/programs/static_program");
  session.command = {"/bin/sh", "-c", "$0; test $? = 3", program};
  const Judgement judgement = ExpectTruth(session);
  const Log log = ReadLog(judgement.log, session.directory);
  ASSERT_THAT(log.processes, SizeIs(2));
  const LoggedProcess& process = log.processes[1];
  EXPECT_THAT(process.untraced, SizeIs(1));
  ASSERT_THAT(process.records, SizeIs(2));
  EXPECT_EQ(process.records[0].text, program);
  EXPECT_EQ(process.records[1].text, "3 0");
}

// Without --wait-all, for programs that leave nothing behind.
TEST(Programs, PlainSessionsAreTheSame) {
  for (const char* name : {"open", "fork_tree", "system", "killed"}) {
    Session session = CallsSession(absl::StrCat(name, ".plain"), name);
    session.filemon_args.clear();
    ExpectTruth(session);
  }
}

}  // namespace

void RegisterCalls() {
  for (const std::string& name : CaseNames()) {
    ::testing::RegisterTest(
        "Calls", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [name]() -> ::testing::Test* { return new CallTest(name); });
  }
}

}  // namespace truth
}  // namespace filemon

int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  filemon::truth::RegisterCalls();
  return RUN_ALL_TESTS();
}
