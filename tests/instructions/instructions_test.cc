// What filemon adds to a call, to a process and to a record, in instructions: a
// guard against changes that make it slower, on machines that are too busy to
// be timed.
//
// A change that costs more on purpose says so by a new number in kCalls,
// kProcess or kRecords. Every test prints the figure that it has found.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

// Versions of compilers differ by some percent, and pids by a digit. The
// numbers are GCC's; clang's code makes up to a fifth more of some calls.
#ifdef __clang__
constexpr double kSlack = 1.3;
#else
constexpr double kSlack = 1.1;
#endif
constexpr long kLeastSlack = 8;

enum class Session { kNone, kDormant, kTraced };

struct Row {
  const char* name;
  Session session;
  long instructions;  // beyond those without the library
  long system_calls;  // the same
};

// GoogleTest names rows by it.
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

// One call of a process that has made many. A call that is not recorded goes
// straight on to libc; that is all that a dormant process does in any.
constexpr Row kCalls[] = {
    {"open", Session::kTraced, 417, 0},
    {"openat", Session::kTraced, 693, 0},
    {"fopen", Session::kTraced, 466, 0},
    {"close", Session::kTraced, 26, 0},
    {"fclose", Session::kTraced, 21, 0},
    {"dup2", Session::kTraced, 58, 0},
    {"stat", Session::kTraced, 25, 0},
    {"read", Session::kTraced, 0, 0},
    {"write", Session::kTraced, 0, 0},
    {"unlink", Session::kTraced, 356, 0},
    {"rename", Session::kTraced, 556, 0},
    {"chdir", Session::kTraced, 384, 1},
    {"fork", Session::kTraced, 308, 0},
    {"vfork", Session::kTraced, 67, 0},
    {"posix_spawn", Session::kTraced, 6967, 3},
    {"waitpid", Session::kTraced, 307, 0},
    {"open", Session::kDormant, 67, 0},
    {"openat", Session::kDormant, 71, 0},
    {"fopen", Session::kDormant, 53, 0},
    {"close", Session::kDormant, 26, 0},
    {"stat", Session::kDormant, 25, 0},
    {"read", Session::kDormant, 0, 0},
    {"fork", Session::kDormant, 22, 0},
    {"vfork", Session::kDormant, 40, 0},
    {"posix_spawn", Session::kDormant, 174, 0},
};

// A dynamically linked program: from its exec to main(), from there to its exec
// of another one, and from main() to its end. Our part is what libfilemon.so
// does, and what the dynamic linker has to do with it.
constexpr Row kProcess[] = {
    {"start", Session::kTraced, 22005, 15},
    {"exec", Session::kTraced, 5705, 7},
    {"exit", Session::kTraced, 542, 2},
    {"start", Session::kDormant, 16713, 7},
    {"exec", Session::kDormant, 152, 0},
    {"exit", Session::kDormant, 117, 0},
};

struct RecordRow {
  const char* name;
  long instructions;
};

void PrintTo(const RecordRow& row, std::ostream* out) { *out << row.name; }

// In the collector, one record between the pipe's bytes and the log's; of
// `process` seven records, and its end.
constexpr RecordRow kRecords[] = {
    {"open", 598},   {"openat", 925},   {"absolute", 1060},
    {"unlink", 579}, {"process", 9893},
};

// A copy of what is tested whose path is as long everywhere: names take their
// time.
class Copy {
 public:
  Copy() : folder_(NewFolder()) {
    namespace fs = std::filesystem;
    constexpr size_t kLength = 240;
    folder_ += '/';
    folder_.resize(std::max(folder_.size() + 1, kLength), 'x');
    fs::create_directories(folder_ + "/core");
    fs::copy(DataPath("core/filemon"), folder_ + "/core/filemon");
    fs::copy(DataPath("interpose"), folder_ + "/interpose",
             fs::copy_options::recursive);
    for (const char* name : {"calls", "count", "image"}) {
      fs::copy(DataPath(absl::StrCat("tests/instructions/shipped/", name)),
               absl::StrCat(folder_, "/", name));
    }
    fclose(fopen((folder_ + "/file").c_str(), "w"));
  }

  std::string operator/(const std::string& name) const {
    return folder_ + "/" + name;
  }

 private:
  std::string folder_;
};

const Copy& TheCopy() {
  static const Copy copy;
  return copy;
}

// As `count` prints it.
struct Count {
  long library, linker, rest, system_calls, library_calls;

  long all() const { return library + linker + rest; }
};

struct Counted {
  std::vector<Count> regions;
  std::string error;
  bool denied = false;
};

Counted RunCount(Session session, std::vector<std::string> arguments) {
  const Copy& copy = TheCopy();
  std::string program = copy / "count";
  if (session == Session::kTraced) {
    // A session learns of a program from its first image, which costs more than
    // the next ones.
    const std::string twice = "\"$0\" > /dev/null; exec \"$@\"";
    arguments.insert(arguments.begin(), {"-o", copy / "log", "--", "/bin/sh",
                                         "-c", twice, copy / "image", program});
    program = copy / "core/filemon";
  }
  FilemonProcess process;
  process.set_in_child([&] {
    clearenv();
    setenv("PATH", "/usr/bin:/bin", 1);
    setenv("LC_ALL", "C", 1);
    if (session == Session::kDormant) {
      const std::string library = copy / "interpose/$LIB/libfilemon.so";
      setenv("LD_PRELOAD", library.c_str(), 1);
    }
    if (chdir((copy / "").c_str()) != 0) _exit(99);
  });
  process.Start(arguments, program);
  const Result result = process.Wait();
  Counted counted;
  counted.denied = result.exit_status == 77;
  if (result.wait_status != 0) {
    counted.error = absl::StrCat("count: wait status ", result.wait_status,
                                 "\n", result.err);
    return counted;
  }
  std::istringstream lines(result.out);
  for (Count c; lines >> c.library >> c.linker >> c.rest >> c.system_calls >>
                c.library_calls;) {
    counted.regions.push_back(c);
  }
  return counted;
}

// Now and then a call has to do more: when the machine is slow, what it
// remembers is too old before it has been stepped through.
Count Least(const std::vector<Count>& counts) {
  return *std::min_element(
      counts.begin(), counts.end(),
      [](const Count& a, const Count& b) { return a.all() < b.all(); });
}

std::string NameOf(const Row& row) {
  return absl::StrCat(row.session == Session::kDormant ? "dormant_" : "traced_",
                      row.name);
}

void ExpectWithin(const std::string& what, long found, long usual) {
  const long limit =
      std::max(static_cast<long>(usual * kSlack), usual + kLeastSlack);
  printf("%-20s %6ld instructions (limit %ld)\n", what.c_str(), found, limit);
  EXPECT_LE(found, limit) << what << ": " << found << " instructions, limit "
                          << limit;
}

void ExpectWithin(const Row& row, const Count& ours, const Count& bare) {
  const std::string name = NameOf(row);
  ExpectWithin(name, ours.all() - bare.all(), row.instructions);
  const long calls = ours.system_calls - bare.system_calls;
  printf("%-20s %6ld system calls (limit %ld)\n", "", calls, row.system_calls);
  EXPECT_LE(calls, row.system_calls)
      << name << ": " << calls << " system calls, limit " << row.system_calls;
}

#define COUNT_OR_RETURN(counted, call)                 \
  const Counted counted = call;                        \
  if ((counted).denied) GTEST_SKIP() << counted.error; \
  ASSERT_EQ((counted).error, "")

class CallTest : public ::testing::TestWithParam<Row> {};

TEST_P(CallTest, TakesNoMoreInstructions) {
  const Row& row = GetParam();
  const std::vector<std::string> command = {TheCopy() / "calls", row.name};
  COUNT_OR_RETURN(bare, RunCount(Session::kNone, command));
  COUNT_OR_RETURN(ours, RunCount(row.session, command));
  ASSERT_GE(bare.regions.size(), 10u);
  ASSERT_EQ(ours.regions.size(), bare.regions.size());
  ExpectWithin(row, Least(ours.regions), Least(bare.regions));
}

INSTANTIATE_TEST_SUITE_P(Calls, CallTest, ::testing::ValuesIn(kCalls),
                         [](const auto& info) { return NameOf(info.param); });

class ProcessTest : public ::testing::TestWithParam<Row> {
 protected:
  // The command of `count`; the region that the row is about is `region_`.
  std::vector<std::string> Command() {
    const std::string program = TheCopy() / "image";
    const std::string name = GetParam().name;
    region_ = name == "exit" ? 1 : 0;
    if (name == "start") return {"--from-start", program};
    return {program, "again"};
  }

  size_t region_;
};

TEST_P(ProcessTest, TakesNoMoreInstructions) {
  const Row& row = GetParam();
  const std::vector<std::string> command = Command();
  COUNT_OR_RETURN(bare, RunCount(Session::kNone, command));
  COUNT_OR_RETURN(ours, RunCount(row.session, command));
  ASSERT_GT(bare.regions.size(), region_);
  ASSERT_EQ(ours.regions.size(), bare.regions.size());
  ExpectWithin(row, ours.regions[region_], bare.regions[region_]);
}

INSTANTIATE_TEST_SUITE_P(Process, ProcessTest, ::testing::ValuesIn(kProcess),
                         [](const auto& info) { return NameOf(info.param); });

class RecordTest : public ::testing::TestWithParam<RecordRow> {};

// Too many for the stepper.
TEST_P(RecordTest, TakesNoMoreInstructions) {
  constexpr int kTimes = 2000;
  const std::string valgrind = "/usr/bin/valgrind";
  if (!Exists(valgrind)) GTEST_SKIP() << "no " << valgrind;
  const RecordRow& row = GetParam();
  FilemonProcess process;
  process.Start({"--tool=callgrind", "--callgrind-out-file=/dev/null",
                 "--collect-atstart=no", "--toggle-collect=Counted",
                 DataPath("tests/instructions/shipped/feed"), row.name,
                 absl::StrCat(kTimes)},
                valgrind);
  const Result result = process.Wait();
  ASSERT_EQ(result.wait_status, 0) << result.err;
  const std::string collected = "Collected : ";
  const size_t found = result.err.find(collected);
  ASSERT_NE(found, std::string::npos) << result.err;
  const long instructions = atol(&result.err[found + collected.size()]);
  EXPECT_GT(instructions, 0);
  ExpectWithin(absl::StrCat("collector_", row.name), instructions / kTimes,
               row.instructions);
}

INSTANTIATE_TEST_SUITE_P(Records, RecordTest, ::testing::ValuesIn(kRecords),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

}  // namespace
}  // namespace filemon
