// kernel_truth: judges the log of one command's session.
//
//   kernel_truth --filemon=PATH --evidence=DIR [--plain] [--absolute] -- CMD
//   [ARGS...]
//
// runs CMD in the current directory under strace with filemon inside, and
// prints what the log lacks and what it has too much. DIR must be new; the log,
// strace's files and the command's output stay there. The exit status is 0 when
// the log is right, 1 when it is not, 2 when it could not be judged.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/status/statusor.h"
#include "tests/kernel_truth/judge.h"

ABSL_FLAG(std::string, filemon, "",
          "the command to judge, with an absolute path");
ABSL_FLAG(std::string, evidence, "", "a new folder for what was seen");
ABSL_FLAG(bool, plain, false, "without --wait-all");
ABSL_FLAG(bool, absolute, false, "with --paths=absolute");

int main(int argc, char** argv) {
  const std::vector<char*> rest = absl::ParseCommandLine(argc, argv);
  filemon::truth::Session session;
  session.filemon = absl::GetFlag(FLAGS_filemon);
  session.evidence = absl::GetFlag(FLAGS_evidence);
  session.command.assign(rest.begin() + 1, rest.end());
  if (!absl::GetFlag(FLAGS_plain)) session.filemon_args.push_back("--wait-all");
  session.absolute_paths = absl::GetFlag(FLAGS_absolute);
  if (session.absolute_paths)
    session.filemon_args.push_back("--paths=absolute");
  for (char** variable = environ; *variable != nullptr; ++variable) {
    session.environment.emplace_back(*variable);
  }
  char cwd[4096];
  if (session.filemon.empty() || session.evidence.empty() ||
      session.command.empty()) {
    fprintf(stderr, "kernel_truth: --filemon, --evidence and a command\n");
    return 2;
  }
  if (mkdir(session.evidence.c_str(), 0777) != 0 ||
      getcwd(cwd, sizeof(cwd)) == nullptr) {
    fprintf(stderr, "kernel_truth: %s: %s\n", session.evidence.c_str(),
            strerror(errno));
    return 2;
  }
  session.directory = cwd;
  const absl::StatusOr<filemon::truth::Judgement> judgement =
      filemon::truth::Judge(session);
  if (!judgement.ok()) {
    fprintf(stderr, "kernel_truth: %s\n",
            judgement.status().ToString().c_str());
    return 2;
  }
  printf("exit status %d, %s", judgement->exit_status,
         judgement->verdict.Report().c_str());
  return judgement->verdict.ok() ? 0 : 1;
}
