#include "tests/command/filemon_process.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

// Where the test was started; Bazel's runfiles.
const std::string& Workspace() {
  static const std::string* const workspace = [] {
    char cwd[PATH_MAX];
    return new std::string(getcwd(cwd, sizeof(cwd)));
  }();
  return *workspace;
}

// Before main(), as tests change the directory.
const std::string& g_workspace = Workspace();

}  // namespace

namespace {

// Whether every user can reach the folder.
bool IsPublic(std::string folder) {
  while (!folder.empty()) {
    struct stat st;
    if (stat(folder.c_str(), &st) != 0 || (st.st_mode & S_IXOTH) == 0) {
      return false;
    }
    folder.resize(folder.rfind('/'));
  }
  return true;
}

// The test's data, where tests that become another user can reach it: Bazel
// keeps root's in /root. The copy is removed at the end.
class PublicData {
 public:
  PublicData() : owner_(getpid()), root_(g_workspace) {
    if (geteuid() != 0 || IsPublic(g_workspace)) return;
    std::string copy = "/var/tmp/filemon-test-XXXXXX";
    // In Bazel's sandbox there is no such place, and no other user either.
    if (mkdtemp(&copy[0]) == nullptr) return;
    root_ = copy_ = copy;
    const std::string command = absl::StrCat(
        "chmod 755 ", copy, "; cd '", g_workspace,
        "' && cp -rL --parents $(for ",
        "f in core/filemon include interpose tests; do ls -d $f; done 2>&-) ",
        copy);
    if (system(command.c_str()) != 0) abort();
  }
  ~PublicData() {
    if (copy_.empty() || getpid() != owner_) return;
    if (system(absl::StrCat("rm -rf ", copy_).c_str()) != 0) abort();
  }
  PublicData(const PublicData&) = delete;
  PublicData& operator=(const PublicData&) = delete;

  const std::string& root() const { return root_; }

  // Where new folders go.
  std::string scratch() const {
    return copy_.empty() ? ::testing::TempDir() : copy_;
  }

 private:
  const pid_t owner_;
  std::string root_;
  std::string copy_;
};

const PublicData& Data() {
  static const PublicData data;
  return data;
}

}  // namespace

std::string DataPath(const std::string& path) {
  return absl::StrCat(Data().root(), "/", path);
}

std::string FilemonPath() { return DataPath("core/filemon"); }

std::string NewFolder() {
  // bmake's and other consumers' rules for /tmp do not matter here.
  std::string name = absl::StrCat(Data().scratch(), "/filemon-XXXXXX");
  if (mkdtemp(&name[0]) == nullptr) abort();
  char resolved[PATH_MAX];
  return realpath(name.c_str(), resolved);
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

FilemonProcess::FilemonProcess() : folder_(NewFolder()) {}

FilemonProcess::~FilemonProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) close(out_);
}

void FilemonProcess::Start(const std::vector<std::string>& arguments,
                           const std::string& program) {
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& a : arguments) {
    argv.push_back(const_cast<char*>(a.c_str()));
  }
  argv.push_back(nullptr);
  int out[2];
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
  pid_ = fork();
  ASSERT_GE(pid_, 0);
  if (pid_ == 0) {
    const int err = open(InFolder("stderr").c_str(),
                         O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
    if (chdir(folder_.c_str()) != 0) _exit(99);
    dup2(out[1], STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(err);
    in_child_();
    execv(program.c_str(), argv.data());
    _exit(98);
  }
  close(out[1]);
  out_ = out[0];
}

Result FilemonProcess::Wait() {
  Result result;
  char buffer[4096];
  for (ssize_t n; (n = read(out_, buffer, sizeof(buffer))) > 0;) {
    seen_.append(buffer, n);
  }
  EXPECT_EQ(waitpid(pid_, &result.wait_status, 0), pid_);
  pid_ = -1;
  if (WIFEXITED(result.wait_status)) {
    result.exit_status = WEXITSTATUS(result.wait_status);
  }
  result.out = seen_;
  result.err = ReadFile(InFolder("stderr"));
  return result;
}

void FilemonProcess::AwaitLine(const std::string& line) {
  const std::string text = line + "\n";
  while (!absl::EndsWith(seen_, text)) {
    char c;
    ASSERT_EQ(read(out_, &c, 1), 1) << "no line '" << line << "' in " << seen_
                                    << ReadFile(InFolder("stderr"));
    seen_.push_back(c);
  }
}

std::vector<LogRecord> FilemonProcess::LogFrom(const std::string& name) const {
  const std::string text = ReadFile(InFolder(name));
  CheckLog(text);
  auto log = ParseLog(text);
  if (!log.ok()) return {};
  return *std::move(log);
}

void CheckLog(const std::string& text) {
  EXPECT_TRUE(absl::StartsWith(text, "# filemon version 5\n# Target pid "))
      << text;
  EXPECT_TRUE(absl::EndsWith(text, "\n# Bye bye\n")) << text;
  const auto log = ParseLog(text);
  ASSERT_TRUE(log.ok()) << log.status() << "\n" << text;
  std::set<pid_t> alive;
  bool first = true;
  for (const LogRecord& record : *log) {
    if (record.pid == 0) continue;
    if (first) alive.insert(record.pid);
    first = false;
    EXPECT_EQ(alive.count(record.pid), 1u)
        << "a record of " << record.pid << " before its F or after its X\n"
        << text;
    if (record.letter == 'F') {
      EXPECT_TRUE(alive.insert(record.number).second)
          << "a second F of " << record.number << "\n"
          << text;
    } else if (record.letter == 'X') {
      alive.erase(record.pid);
    }
  }
  for (pid_t pid : alive) {
    EXPECT_TRUE(absl::StrContains(text, absl::StrCat("# running ", pid, " ")))
        << "no X of " << pid << "\n"
        << text;
  }
}

std::vector<std::string> RecordsOf(const std::vector<LogRecord>& log,
                                   pid_t pid) {
  std::vector<std::string> records;
  for (const LogRecord& record : log) {
    if (record.pid != pid || record.letter == '#') continue;
    records.push_back(
        absl::StrCat(std::string(1, record.letter), " ", record.path));
  }
  return records;
}

pid_t PidOf(const std::vector<LogRecord>& log, const std::string& suffix) {
  for (const LogRecord& record : log) {
    if (record.letter == 'E' && absl::EndsWith(record.path, suffix)) {
      return record.pid;
    }
  }
  return 0;
}

std::string ExitOf(const std::vector<LogRecord>& log, pid_t pid) {
  for (const LogRecord& record : log) {
    if (record.letter == 'X' && record.pid == pid) {
      return absl::StrCat(record.number, " ", record.signal);
    }
  }
  return "";
}

std::vector<std::string> Comments(const std::vector<LogRecord>& log,
                                  const std::string& word) {
  std::vector<std::string> comments;
  for (const LogRecord& record : log) {
    if (record.letter == '#' && absl::StartsWith(record.path, word)) {
      comments.push_back(record.path);
    }
  }
  return comments;
}

}  // namespace filemon
