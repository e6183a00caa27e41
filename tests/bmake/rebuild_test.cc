// bmake's meta mode with our /dev/filemon: after each change of a project,
// bmake makes again what used the changed file, directly or not, and nothing
// else.
//
// The project's makefile does not say which files are used for what. bmake has
// that from the logs alone.

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/log_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

// How bmake runs commands.
struct Mode {
  const char* name;
  std::vector<std::string> options;
};
const Mode kModes[] = {
    {"Compat", {}},  // one shell for each command
    {"B", {"-B"}},
    {"J1", {"-j1"}},  // one shell for each target
    {"J4", {"-j4"}},
};

void PrintTo(const Mode& mode, std::ostream* out) { *out << mode.name; }

struct Change {
  const char* name;
  // For sh, in the project's folder.
  const char* command;
  // What is made again then.
  const char* targets;
};
void PrintTo(const Change& change, std::ostream* out) {
  *out << change.name << ": " << change.command;
}

const Change kChanges[] = {
    // ---- C ----
    {"Source", "touch src/area.c", "area.o libshapes.a shapes report staged"},
    {"MainSource", "touch src/main.c", "main.o shapes report staged"},
    {"Header", "touch src/geometry.h",
     "area.o list.o main.o libshapes.a shapes report staged"},
    {"HeaderOfHeader", "touch src/types.h",
     "area.o list.o main.o libshapes.a shapes report staged"},
    {"HeaderOfNobody", "touch src/unused.h", ""},
    {"PluginHeader", "touch src/plugin.h", "libplugin.so report staged"},
    {"Object", "touch obj/list.o", "libshapes.a shapes report staged"},
    {"ObjectGone", "rm obj/list.o", "list.o libshapes.a shapes report staged"},
    {"Library", "touch obj/libshapes.a", "shapes report staged"},
    {"ProgramThatARuleRuns", "touch obj/shapes", "report staged"},
    {"InputOfProgram", "touch data/sizes", "report staged"},

    // ---- Generated code ----
    {"InputOfGenerator", "touch VERSION",
     "version.h main.o shapes report staged"},
    {"Generator", "touch scripts/version.sh",
     "version.h main.o shapes report staged"},
    {"ScriptOfScript", "touch scripts/common.sh",
     "version.h main.o shapes report staged"},
    {"ProgramForAwk", "touch scripts/names.awk",
     "names.h main.o shapes report staged"},
    {"GeneratedHeader", "touch obj/version.h", "main.o shapes report staged"},

    // ---- Pipes, cd, background jobs, renames, short-lived files ----
    {"ReadByPipeCdAndRename", "touch data/names",
     "names.h main.o shapes report staged index upper"},
    {"ReadAfterCd", "touch data/more", "index summary"},
    {"ReadInBackground", "touch data/west", "merged"},
    {"ReadInBackgroundAndWithoutEnvironment", "touch data/east", "merged tidy"},
    {"ScriptWithoutEnvironment", "touch scripts/tidy.sh", "tidy"},
    {"NameWithBlank", "touch 'data/two words'", "spaced"},

    // ---- Links ----
    {"FileBehindLinks", "touch data/page.en", "page"},
    {"FileBehindNoLink", "touch data/page.de", ""},
    {"LinkToAnotherFile", "touch data/page.de; ln -sf page.de data/page",
     "page"},
    {"HardLink", "touch data/ledger", "ledger"},
    {"OtherNameOfHardLink", "touch obj/ledger.copy", "ledger"},

    // ---- Files that may be missing ----
    {"OptionalFile", "touch config/local", "settings"},
    {"OptionalFileGone", "rm config/local", "settings"},
    {"NewFile", "touch config/new src/new.h data/new", ""},

    // ---- Outside of the folder of objects ----
    {"StagedFileGone", "rm stage/share/report", "staged"},
    {"StagedLinkGone", "rm stage/bin/report", "staged"},
    {"StageGone", "rm -r stage", "staged"},

    // ---- Commands and meta files ----
    {"Flags", "sed -i s/-O/-O1/ flags.mk",
     "area.o list.o main.o libshapes.a libplugin.so shapes report staged"},
    {"CommandThatIsNotCompared", "sed -i s/somebody/me/ flags.mk", ""},
    {"CommentInMakefile", "echo '# more' >> Makefile", ""},
    {"MetaFileGone", "rm obj/page.meta", "page"},
    {"MetaFileWithHalfALine", "printf 'R 1' >> obj/index.meta", "index"},
    {"MetaFileWithoutLog", "sed -i '/^-- filemon/,$d' obj/merged.meta",
     "merged"},
    {"EverythingGone", "rm obj/*",
     "version.h names.h area.o list.o main.o libshapes.a libplugin.so shapes "
     "report page ledger index merged upper summary tidy settings spaced stamp "
     "staged"},

    // ---- Another make ----
    {"SourceOfAnotherMake", "touch sub/text", "greeting"},

    {"Nothing", "true", ""},
};

constexpr char kAllTargets[] =
    "version.h names.h area.o list.o main.o libshapes.a libplugin.so shapes "
    "report page ledger index merged upper summary tidy settings spaced stamp "
    "staged greeting";

std::vector<std::string> Words(absl::string_view text) {
  return absl::StrSplit(text, ' ', absl::SkipEmpty());
}

// A file of this test's data. Tests start in the workspace.
std::string InWorkspace(const std::string& path) {
  return std::filesystem::absolute(path);
}

Result Sh(const std::string& command) {
  FilemonProcess process;
  process.Start({"-c", command}, "/bin/sh");
  return process.Wait();
}

// Where bmake and the project are kept: in the user's cache, since bmake
// ignores all files below /tmp and /var/tmp, where Bazel's folders may be.
std::string CacheFolder() {
  const char* home = getenv("XDG_CACHE_HOME");
  if (home != nullptr && home[0] == '/') return absl::StrCat(home, "/filemon");
  const passwd* user = getpwuid(getuid());
  return absl::StrCat(user != nullptr ? user->pw_dir : "", "/.cache/filemon");
}

// bmake, and the project as it is when it has just been made in each mode.
class Workshop {
 public:
  Workshop() {
    const Result got = Sh(absl::StrCat(
        "'", InWorkspace("tests/bmake/get_bmake"), "' '",
        InWorkspace("include/dev/filemon/filemon.h"), "' ", CacheFolder()));
    constexpr int kNoSource = 3;
    if (got.exit_status == kNoSource) reason_ = got.err;
    if (got.exit_status != 0) return;
    bmake_ = std::string(absl::StripSuffix(got.out, "\n"));
    root_ = absl::StrCat(CacheFolder(), "/rebuild_test.XXXXXX");
    if (mkdtemp(&root_[0]) == nullptr) root_.clear();
  }
  ~Workshop() {
    if (!root_.empty()) Sh(absl::StrCat("rm -rf ", root_));
  }

  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  bool ready() const { return !root_.empty(); }
  // Why there can be no bmake here; empty if there should be one.
  const std::string& reason() const { return reason_; }
  std::string project() const { return absl::StrCat(root_, "/project"); }

  Result InProject(const std::string& command) const {
    return Sh(absl::StrCat("cd ", project(), " && { ", command, "\n}"));
  }

  Result Make(const Mode& mode, const std::string& target) const {
    FilemonProcess process;
    process.set_in_child([this] {
      if (chdir(project().c_str()) != 0) _exit(97);
      clearenv();
      setenv("PATH", "/usr/bin:/bin", 1);
      setenv("LC_ALL", "C", 1);
      setenv("LD_PRELOAD", library_.c_str(), 1);
    });
    std::vector<std::string> arguments = mode.options;
    // Without the system's makefiles.
    arguments.push_back("-r");
    arguments.push_back(target);
    process.Start(arguments, bmake_);
    return process.Wait();
  }

  // Puts a project there in which nothing has been made.
  void LayOutSources() const {
    const Result done = Sh(absl::StrCat(
        "rm -rf ", project(), " && cp -rL '",
        InWorkspace("tests/bmake/project"), "' ", project(), " && cd ",
        project(),
        " && chmod -R u+w . && mkdir obj sub/obj && ln -s page.en data/page"
        // A name that Bazel does not like.
        " && echo words > 'data/two words' && mkfifo fifo"));
    ASSERT_EQ(done.exit_status, 0) << done.err;
  }

  // Puts a project there in which all has been made.
  void LayOutMade(const Mode& mode) {
    const std::string copy = absl::StrCat(root_, "/", mode.name);
    if (!Exists(copy)) {
      LayOutSources();
      const Result made = Make(mode, "all");
      ASSERT_EQ(made.exit_status, 0) << made.out << made.err;
      // bmake compares seconds: whatever changes from now on is younger.
      const Result aged = InProject(
          "find . -exec touch -h -d '10 seconds ago' {} + && cp -a . " + copy);
      ASSERT_EQ(aged.exit_status, 0) << aged.err;
    }
    const Result done = Sh(
        absl::StrCat("rm -rf ", project(), " && cp -a ", copy, " ", project()));
    ASSERT_EQ(done.exit_status, 0) << done.err;
  }

 private:
  const std::string library_ = InWorkspace("interpose/$LIB/libfilemon.so");
  std::string reason_;
  std::string bmake_;
  std::string root_;
};

// What bmake says that it has made (.MAKE.META.PREFIX in the makefiles).
std::vector<std::string> Made(const Result& result) {
  std::vector<std::string> made;
  for (absl::string_view line : absl::StrSplit(result.out, '\n')) {
    if (absl::ConsumePrefix(&line, "built ")) made.emplace_back(line);
  }
  return made;
}

std::string Said(const Result& result) {
  return absl::StrCat("status ", result.exit_status, "\n", result.out,
                      result.err);
}

class BmakeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { workshop_ = new Workshop; }
  static void TearDownTestSuite() {
    delete workshop_;
    workshop_ = nullptr;
  }

  void SetUp() override {
    if (!workshop_->reason().empty()) GTEST_SKIP() << workshop_->reason();
    ASSERT_TRUE(workshop_->ready());
  }

  // Makes `target`, and all the targets in `expected`.
  Result ExpectMade(const Mode& mode, absl::string_view expected,
                    const std::string& target = "all") {
    const Result result = workshop_->Make(mode, target);
    EXPECT_EQ(result.exit_status, 0) << Said(result);
    EXPECT_THAT(Made(result), UnorderedElementsAreArray(Words(expected)))
        << Said(result);
    return result;
  }

  static Workshop* workshop_;
};

Workshop* BmakeTest::workshop_;

// ---- After a change ---------------------------------------------------------

class ChangeTest
    : public BmakeTest,
      public ::testing::WithParamInterface<std::tuple<Mode, Change>> {};

TEST_P(ChangeTest, MakesWhatIsAffected) {
  const auto& [mode, change] = GetParam();
  ASSERT_NO_FATAL_FAILURE(workshop_->LayOutMade(mode));
  const Result changed = workshop_->InProject(change.command);
  ASSERT_EQ(changed.exit_status, 0) << Said(changed);
  ExpectMade(mode, change.targets);
  EXPECT_THAT(ExpectMade(mode, "").err, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(, ChangeTest,
                         ::testing::Combine(::testing::ValuesIn(kModes),
                                            ::testing::ValuesIn(kChanges)),
                         [](const auto& info) {
                           return absl::StrCat(std::get<0>(info.param).name,
                                               "_",
                                               std::get<1>(info.param).name);
                         });

// ---- In each mode -----------------------------------------------------------

class ModeTest : public BmakeTest, public ::testing::WithParamInterface<Mode> {
 protected:
  void SetUp() override {
    BmakeTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    workshop_->LayOutSources();
  }

  std::string ProjectFile(const std::string& name) {
    return absl::StrCat(workshop_->project(), "/", name);
  }

  // The log in a meta file.
  std::string LogOf(const std::string& meta) {
    const std::string text = ReadFile(ProjectFile(meta));
    constexpr absl::string_view kHead = "\n-- filemon acquired metadata --\n";
    const size_t head = text.find(std::string(kHead));
    EXPECT_NE(head, std::string::npos) << meta << "\n" << text;
    if (head == std::string::npos) return "";
    return text.substr(head + kHead.size());
  }
};

TEST_P(ModeTest, MakesEverythingOnce) {
  EXPECT_THAT(ExpectMade(GetParam(), kAllTargets).err, IsEmpty());
  EXPECT_EQ(ReadFile(ProjectFile("obj/report")),
            "shapes 1.2: 26 of 2 by anna\n");
  // Without a second having to pass.
  ExpectMade(GetParam(), "");
  ExpectMade(GetParam(), "");
}

TEST_P(ModeTest, WritesCompleteLogs) {
  ExpectMade(GetParam(), kAllTargets);
  for (const std::string& target : Words(kAllTargets)) {
    const std::string folder = target == "greeting" ? "sub/obj/" : "obj/";
    const std::string text = LogOf(absl::StrCat(folder, target, ".meta"));
    EXPECT_THAT(text, ::testing::StartsWith("# filemon version 5\n"));
    EXPECT_THAT(text, ::testing::EndsWith("\n# Bye bye\n"));
    const auto log = ParseLog(text);
    ASSERT_TRUE(log.ok()) << target << ": " << log.status() << "\n" << text;
    for (const char* flaw : {"untraced", "running", "lost", "unknown",
                             "dropped", "refused", "unproven"}) {
      EXPECT_THAT(Comments(*log, flaw), IsEmpty()) << target << "\n" << text;
    }
  }
}

TEST_P(ModeTest, MakesAgainWhatHasFailed) {
  ASSERT_EQ(
      workshop_->InProject("echo 'exit 1' > scripts/check.sh").exit_status, 0);
  const Result failed = workshop_->Make(GetParam(), "checked");
  EXPECT_NE(failed.exit_status, 0) << Said(failed);
  EXPECT_THAT(LogOf("obj/checked.meta"), HasSubstr("# Bye bye\n"));
  ASSERT_EQ(
      workshop_->InProject("echo 'exit 0' > scripts/check.sh").exit_status, 0);
  ExpectMade(GetParam(), "checked", "checked");
  ExpectMade(GetParam(), "", "checked");
}

TEST_P(ModeTest, DoesNotWaitForADaemon) {
  ExpectMade(GetParam(), "daemon", "daemon");
  EXPECT_THAT(LogOf("obj/daemon.meta"), HasSubstr("\n# running "));
  EXPECT_THAT(LogOf("obj/daemon.meta"), HasSubstr("\n# Bye bye\n"));
  ExpectMade(GetParam(), "", "daemon");
  // The daemon may end. O_RDWR waits for nobody, should it have died.
  const int fifo = open(ProjectFile("fifo").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fifo, 0) << strerror(errno);
  close(fifo);
}

INSTANTIATE_TEST_SUITE_P(, ModeTest, ::testing::ValuesIn(kModes),
                         [](const auto& info) { return info.param.name; });

}  // namespace

}  // namespace filemon
