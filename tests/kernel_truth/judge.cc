#include "tests/kernel_truth/judge.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/kernel_truth/image_file.h"
#include "tests/kernel_truth/log.h"
#include "tests/kernel_truth/renumber.h"
#include "tests/kernel_truth/truth.h"

namespace filemon {
namespace truth {
namespace {

constexpr char kStrace[] = "/usr/bin/strace";

// The calls of the design's table; chroot, getcwd and pipes help to read them.
constexpr char kCalls[] =
    "trace=open,openat,openat2,open_by_handle_at,creat,unlink,unlinkat,rmdir,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,chdir,fchdir,"
    "chroot,getcwd,execve,execveat,fork,vfork,clone,clone3,exit,exit_group,"
    "pipe,pipe2";

std::vector<std::string> StraceCommand(const Session& session) {
  std::vector<std::string> argv = {
      kStrace, "-ff", "-A", "-ttt", "-y", "--pidns-translation",
      // Longer than PATH_MAX: no name is cut.
      "-s", "5000",
      // --seccomp-bpf would be faster, but strace 6.1 then loses calls of a
      // process whose thread has exec'ed.
      "-e", kCalls,
      // Other signals must stay: they include "killed by".
      "-e", "signal=!SIGCHLD", "--quiet=attach,personality", "-o",
      absl::StrCat(session.evidence, "/strace/t"), session.filemon};
  argv.insert(argv.end(), session.filemon_args.begin(),
              session.filemon_args.end());
  argv.insert(argv.end(), {"-o", absl::StrCat(session.evidence, "/log"), "--"});
  argv.insert(argv.end(), session.command.begin(), session.command.end());
  return argv;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& s : strings) {
    pointers.push_back(const_cast<char*>(s.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void RunChild(const Session& session, char* const* argv,
                           char* const* environment) {
  const std::string output = absl::StrCat(session.evidence, "/output");
  const int in = open("/dev/null", O_RDONLY);
  const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
      dup2(out, 2) < 0 || chdir(session.directory.c_str()) != 0) {
    _exit(125);
  }
  // Neither a test runner's descriptors nor its limits are the command's: this
  // is what a login has.
  closefrom(3);
  const struct rlimit no_core = {0, 0};
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = 1024;
  setrlimit(RLIMIT_NOFILE, &files);
  setrlimit(RLIMIT_CORE, &no_core);
  execve(argv[0], argv, environment);
  _exit(125);
}

absl::StatusOr<int> RunCommand(const Session& session,
                               const std::vector<std::string>& command) {
  const std::vector<char*> argv = Pointers(command);
  const std::vector<char*> environment = Pointers(session.environment);
  const pid_t pid = fork();
  if (pid < 0) return absl::InternalError("fork failed");
  if (pid == 0) RunChild(session, argv.data(), environment.data());
  int status;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return absl::InternalError("waitpid failed");
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

absl::StatusOr<int> RunStrace(const Session& session) {
  const std::string folder = absl::StrCat(session.evidence, "/strace");
  if (mkdir(folder.c_str(), 0777) != 0) {
    return absl::InternalError(
        absl::StrCat("mkdir ", folder, ": ", strerror(errno)));
  }
  return RunCommand(session, StraceCommand(session));
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

absl::StatusOr<StraceFiles> ReadStraceFiles(const std::string& folder) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.c_str()), closedir);
  if (dir == nullptr) return absl::NotFoundError(folder);
  StraceFiles files;
  while (const dirent* entry = readdir(dir.get())) {
    int tid;
    if (strncmp(entry->d_name, "t.", 2) != 0 ||
        !absl::SimpleAtoi(entry->d_name + 2, &tid)) {
      continue;
    }
    std::ifstream file(absl::StrCat(folder, "/", entry->d_name),
                       std::ios::binary);
    for (std::string text; std::getline(file, text);) {
      absl::StatusOr<StraceLine> line = ParseStraceLine(text);
      if (!line.ok()) return line.status();
      if (line->failed && line->call != "getcwd") continue;
      line->tid = tid;
      files[tid].push_back(*std::move(line));
    }
  }
  return files;
}

}  // namespace

absl::StatusOr<int> RunBare(const Session& session) {
  return RunCommand(session, session.command);
}

absl::StatusOr<Judgement> Judge(const Session& session) {
  absl::StatusOr<int> status = RunStrace(session);
  if (!status.ok()) return status.status();
  Judgement judgement;
  judgement.exit_status = *status;
  judgement.output = Contents(absl::StrCat(session.evidence, "/output"));
  judgement.log = Contents(absl::StrCat(session.evidence, "/log"));
  const int target = ReadLog(judgement.log, session.directory).target;
  if (target == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "no log; exit status ", *status, ", output:\n", judgement.output));
  }
  absl::StatusOr<StraceFiles> files =
      ReadStraceFiles(absl::StrCat(session.evidence, "/strace"));
  if (!files.ok()) return files.status();
  absl::StatusOr<std::vector<Process>> truth =
      ExpectedRecords(*files, target, session.directory, RealLookup());
  if (!truth.ok()) return truth.status();
  CompareOptions options;
  options.untraceable = CannotLoad;
  options.absolute_paths = session.absolute_paths;
  const Log log = ReadLog(Renumber(judgement.log, *truth), session.directory);
  judgement.verdict = Compare(*truth, log, options);
  return judgement;
}

}  // namespace truth
}  // namespace filemon
