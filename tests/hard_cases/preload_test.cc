// Other preloads and sanitizers in the same process: they stay in place and in
// order, do their work, and filemon does its own.
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/hard_cases/traced_run.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

constexpr char kLibraries[] = "/usr/lib/x86_64-linux-gnu/";
constexpr char kFaketime[] = "/usr/bin/faketime";

std::string Program() { return HardProgram("preload_cases"); }

std::vector<std::string> Shell(const std::string& line) {
  return {"/bin/sh", "-c", line, Program()};
}

// What the case `work` does, once for each of its calls.
std::vector<std::string> Work() {
  std::vector<std::string> records = {"W seen-fork", "W seen-shell",
                                      "M seen-shell", "R seen-moved",
                                      "D seen-moved"};
  for (int i = 0; i < 8; ++i) records.push_back(absl::StrCat("W seen-", i));
  return records;
}

class PreloadTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    library_ = absl::StrCat(kLibraries, GetParam());
    if (!Exists(library_)) GTEST_SKIP() << library_ << " is not installed";
  }
  std::string library_;
};

TEST_P(PreloadTest, BeforeFilemon) {
  for (const char* which : {"order", "work"}) {
    const TracedRun run = RunBoth({Program(), which}, [this] {
      setenv("LD_PRELOAD", library_.c_str(), 1);
    });
    if (which[0] == 'w') {
      EXPECT_THAT(run.Seen(), UnorderedElementsAreArray(Work()));
    } else {
      EXPECT_THAT(run.traced.out, HasSubstr(library_));
    }
  }
}

TEST_P(PreloadTest, SetByTheCommand) {
  for (const char* which : {"order", "work"}) {
    const TracedRun run = RunBoth(
        Shell(absl::StrCat("LD_PRELOAD=", library_, " \"$0\" ", which)));
    if (which[0] == 'w') {
      EXPECT_THAT(run.Seen(), UnorderedElementsAreArray(Work()));
    } else {
      EXPECT_THAT(run.traced.out, HasSubstr(library_));
    }
  }
}

TEST_P(PreloadTest, BehindFilemon) {
  for (const char* which : {"order", "work"}) {
    const TracedRun run = RunBoth(Shell(absl::StrCat(
        "LD_PRELOAD=\"$LD_PRELOAD:", library_, "\" exec \"$0\" ", which)));
    if (which[0] == 'w') {
      EXPECT_THAT(run.Seen(), UnorderedElementsAreArray(Work()));
    } else {
      EXPECT_THAT(run.traced.out, HasSubstr(library_));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Libraries, PreloadTest,
                         testing::Values("libeatmydata.so", "libjemalloc.so.2",
                                         "libtcmalloc_minimal.so.4",
                                         "libmimalloc.so.2", "libasan.so.8"));

TEST(PreloadToolTest, Fakeroot) {
  if (!Exists("/usr/bin/fakeroot")) GTEST_SKIP() << "no fakeroot";
  // Only in fakeroot's mind is it a device.
  const TracedRun run = RunBoth(
      {"/usr/bin/fakeroot", "/bin/sh", "-c",
       "mknod seen c 1 3; chown 12:34 seen; stat -c '%F %u:%g' seen; "
       "mv seen seen-moved; cat seen-moved; rm seen-moved; : > seen-file"});
  EXPECT_THAT(run.traced.out, HasSubstr("character special file 12:34"));
  EXPECT_THAT(run.Seen(), ElementsAre("W seen", "M seen", "R seen-moved",
                                      "D seen-moved", "W seen-file"));
}

TEST(PreloadToolTest, InFakeroot) {
  if (!Exists("/usr/bin/fakeroot")) GTEST_SKIP() << "no fakeroot";
  FilemonProcess fakeroot;
  fakeroot.Start({FilemonPath(), "/bin/sh", "-c",
                  "mknod seen c 1 3; stat -c %F seen; rm seen"},
                 "/usr/bin/fakeroot");
  const Result result = fakeroot.Wait();
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, "character special file\n");
  const auto log = fakeroot.Log();
  EXPECT_THAT(RecordsOf(log, PidOf(log, "/rm")), testing::Contains("D seen"));
}

TEST(PreloadToolTest, Eatmydata) {
  if (!Exists("/usr/bin/eatmydata")) GTEST_SKIP() << "no eatmydata";
  const TracedRun run =
      RunBoth({"/usr/bin/eatmydata", "/bin/sh", "-c",
               "echo x > seen; sync seen; dd if=seen of=seen-copy conv=fsync "
               "status=none; cat seen-copy"});
  EXPECT_THAT(run.Seen(),
              testing::IsSupersetOf({"W seen", "R seen", "R seen-copy"}));
}

TEST(PreloadToolTest, Faketime) {
  if (!Exists(kFaketime)) GTEST_SKIP() << "no faketime";
  const TracedRun run =
      RunBoth({kFaketime, "-f", "2001-02-03 04:05:06", "/bin/sh", "-c",
               "date +%Y-%m-%d > seen; cat seen"});
  EXPECT_EQ(run.traced.out, "2001-02-03\n");
  EXPECT_THAT(run.Seen(), ElementsAre("W seen", "R seen"));
}

TEST(PreloadToolTest, Stdbuf) {
  const TracedRun run =
      RunBoth({"/usr/bin/stdbuf", "-oL", "/bin/sh", "-c",
               "echo x > seen; tr x y < seen; env | grep -c STDBUF"});
  EXPECT_THAT(run.traced.out, "y\n1\n");
  EXPECT_THAT(run.Seen(), ElementsAre("W seen", "R seen"));
}

TEST(PreloadToolTest, SeveralAtOnce) {
  for (const char* library : {"libjemalloc.so.2", "libeatmydata.so"}) {
    if (!Exists(absl::StrCat(kLibraries, library))) {
      GTEST_SKIP() << "no " << library;
    }
  }
  const TracedRun run =
      RunBoth(Shell("LD_PRELOAD='libjemalloc.so.2 libeatmydata.so' \"$0\" "
                    "order && LD_PRELOAD='libjemalloc.so.2:libeatmydata.so' "
                    "fakeroot \"$0\" work"));
  EXPECT_THAT(run.Seen(), UnorderedElementsAreArray(Work()));
}

// ---- Programs that carry a sanitizer --------------------------------------

class SanitizedProgramTest : public testing::TestWithParam<const char*> {
 protected:
  std::string SanitizedProgram() { return HardProgram(GetParam()); }
};

TEST_P(SanitizedProgramTest, Works) {
  const TracedRun run = RunBoth({SanitizedProgram(), "work"});
  EXPECT_THAT(run.traced.err, IsEmpty());
  EXPECT_THAT(run.Seen(), UnorderedElementsAreArray(Work()));
}

// The line that says what was found; the rest of a report has addresses in it.
std::string Summary(const std::string& report) {
  const size_t start = report.find("SUMMARY: ");
  if (start == report.npos) return "";
  return report.substr(start, report.find('\n', start) - start);
}

// The runtime finds what it finds without us.
TEST_P(SanitizedProgramTest, FindsMistakes) {
  const std::string program = SanitizedProgram();
  int found = 0;
  for (const char* mistake : {"overflow", "leak", "race"}) {
    FilemonProcess bare;
    bare.Start({mistake}, program);
    const Result without = bare.Wait();
    FilemonProcess traced;
    const Result with = traced.Run({program, mistake});
    EXPECT_EQ(with.wait_status, without.wait_status) << mistake << with.err;
    EXPECT_EQ(Summary(with.err), Summary(without.err));
    found += !Summary(with.err).empty();
    const auto log = traced.Log();
    EXPECT_THAT(RecordsOf(log, PidOf(log, GetParam())),
                testing::Contains("W seen"));
  }
  EXPECT_GT(found, 0);
}

INSTANTIATE_TEST_SUITE_P(Programs, SanitizedProgramTest,
                         testing::Values("preload_cases_gcc_asan",
                                         "preload_cases_clang_asan",
                                         "preload_cases_clang_shared_asan",
                                         "preload_cases_gcc_tsan",
                                         "preload_cases_clang_tsan"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace filemon
