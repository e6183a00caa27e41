#include "core/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <stdlib.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace filemon {
namespace {

// What the child tells through the pipe that an exec closes.
struct Attempt {
  int candidate;
  // 0: about to be tried. Otherwise the end: nothing could be executed.
  int error;
};

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& s : strings) {
    pointers.push_back(const_cast<char*>(s.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// Everything that the child needs, made before the fork.
struct Prepared {
  std::vector<std::string> candidates;
  std::vector<char*> argv;
  // For a file that is no program: sh FILE ARGS...
  std::vector<char*> shell_argv;
  std::vector<char*> envp;
};

// Tries the candidates as execvp(3) does; returns the errno when none works.
int ExecFirst(Prepared* prepared, int report_fd) {
  int error = ENOENT;
  const int n = static_cast<int>(prepared->candidates.size());
  for (int i = 0; i < n; ++i) {
    const char* file = prepared->candidates[i].c_str();
    const Attempt attempt = {i, 0};
    if (write(report_fd, &attempt, sizeof(attempt)) < 0) return errno;
    execve(file, prepared->argv.data(), prepared->envp.data());
    if (errno == ENOEXEC) {
      const Attempt shell = {-1, 0};
      if (write(report_fd, &shell, sizeof(shell)) < 0) return errno;
      prepared->shell_argv[1] = const_cast<char*>(file);
      execve(_PATH_BSHELL, prepared->shell_argv.data(), prepared->envp.data());
      return ENOEXEC;
    }
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    if (errno == EACCES) {
      error = EACCES;
    } else if (!absent) {
      return errno;
    }
  }
  return error;
}

}  // namespace

Launched Launch(const Command& command, const std::function<void()>& in_child) {
  Launched launched;
  const char* path = getenv("PATH");
  Prepared prepared;
  prepared.candidates = ProgramCandidates(
      command.arguments[0], path != nullptr ? path : _PATH_DEFPATH);
  prepared.argv = Pointers(command.arguments);
  prepared.shell_argv = prepared.argv;
  prepared.shell_argv.insert(prepared.shell_argv.begin(),
                             const_cast<char*>("sh"));
  prepared.envp = Pointers(command.environment);
  launched.path = command.arguments[0];

  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) {
    launched.error = errno;
    return launched;
  }
  launched.pid = fork();
  if (launched.pid == 0) {
    in_child();
    Attempt failed = {0, 0};
    fcntl(command.inherited_fd, F_SETFD, 0);
    failed.error = ExecFirst(&prepared, report[1]);
    if (write(report[1], &failed, sizeof(failed)) < 0) _exit(126);
    _exit(127);
  }
  if (launched.pid < 0) launched.error = errno;
  close(report[1]);
  Attempt attempt;
  for (;;) {
    const ssize_t n = read(report[0], &attempt, sizeof(attempt));
    if (n < 0 && errno == EINTR) continue;
    if (n != sizeof(attempt)) break;
    launched.error = attempt.error;
    if (attempt.error != 0) break;
    launched.path = attempt.candidate < 0
                        ? _PATH_BSHELL
                        : prepared.candidates[attempt.candidate];
  }
  close(report[0]);
  return launched;
}

std::vector<std::string> ProgramCandidates(absl::string_view program,
                                           absl::string_view path) {
  if (program.empty()) return {};
  if (program.find('/') != program.npos) return {std::string(program)};
  std::vector<std::string> candidates;
  for (absl::string_view dir : absl::StrSplit(path, ':')) {
    candidates.push_back(absl::StrCat(dir.empty() ? "." : dir, "/", program));
  }
  return candidates;
}

}  // namespace filemon
