#include "bazel/lint/lint.h"

#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bazel/lint/aquery.h"
#include "bazel/lint/judge.h"
#include "bazel/lint/lint_options.h"
#include "bazel/lint/report.h"
#include "bazel/lint/whole_file.h"
#include "core/paths.h"

namespace filemon::lint {
namespace {

namespace fs = std::filesystem;

constexpr int kErrors = 1;
constexpr int kNoReport = 2;

int Fail(absl::string_view why) {
  fprintf(stderr, "filemon bazel lint: %s\n", std::string(why).c_str());
  return kNoReport;
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::string FindWorkspace() {
  std::error_code error;
  fs::path folder = fs::current_path(error);
  if (error) return "";
  while (true) {
    for (const char* name :
         {"MODULE.bazel", "REPO.bazel", "WORKSPACE.bazel", "WORKSPACE"}) {
      if (Exists(folder / name)) return folder;
    }
    if (folder == folder.parent_path()) return "";
    folder = folder.parent_path();
  }
}

// The BUILD file in a folder of the workspace, relative to it; empty if there
// is none.
std::string BuildFile(const std::string& workspace, absl::string_view folder) {
  for (const char* name : {"BUILD.bazel", "BUILD"}) {
    const std::string file = JoinPath(folder, name);
    if (Exists(JoinPath(workspace, file))) return file;
  }
  return "";
}

// A log that a folder holds is named by its path; so is one that was named.
std::vector<std::string> LogFiles(const std::vector<std::string>& names) {
  std::vector<std::string> files;
  for (const std::string& name : names) {
    std::error_code error;
    if (!fs::is_directory(name, error)) {
      files.push_back(name);
      continue;
    }
    for (fs::recursive_directory_iterator entry(name, error), end;
         !error && entry != end; entry.increment(error)) {
      if (!entry->is_directory(error)) files.push_back(entry->path());
    }
  }
  absl::c_sort(files);
  return files;
}

std::string Printed(const Report& report, const LintOptions& options,
                    const std::string& workspace) {
  switch (options.format) {
    case ReportFormat::kText:
      return TextReport(report, options.most);
    case ReportFormat::kJson:
      return JsonReport(report);
    case ReportFormat::kSarif:
      return SarifReport(report, [&workspace](absl::string_view package) {
        const absl::string_view folder = absl::StripPrefix(package, "//");
        const std::string file = BuildFile(workspace, folder);
        return file.empty() ? JoinPath(folder, "BUILD") : file;
      });
  }
  return "";
}

bool HasErrors(const Report& report, const LintOptions::Errors& errors) {
  const auto has = [&report](FindingKind kind) {
    return CountOf(report, kind) > 0;
  };
  return (errors.undeclared && HasUndeclaredInputs(report)) ||
         (errors.outputs && has(FindingKind::kUndeclaredOutput)) ||
         (errors.unread && has(FindingKind::kUnreadInput)) ||
         (errors.incomplete && !report.problems.empty());
}

}  // namespace

int RunLint(const std::vector<std::string>& arguments) {
  const auto options = ParseLintOptions(arguments);
  if (!options.ok()) return Fail(options.status().message());
  if (options->help) {
    fputs(std::string(LintHelp()).c_str(), stdout);
    return 0;
  }

  const auto aquery = WholeFile(options->aquery);
  if (!aquery.ok()) return Fail(aquery.status().message());
  const auto graph = ParseAquery(*aquery);
  if (!graph.ok()) {
    return Fail(absl::StrCat(
        options->aquery == "-" ? "standard input" : options->aquery, ": ",
        graph.status().message()));
  }

  std::vector<Log> logs;
  for (const std::string& file : LogFiles(options->logs)) {
    logs.push_back({file, WholeFile(file)});
  }
  if (logs.empty()) {
    return Fail("there are no logs: has the build run with --config=filemon?");
  }

  std::error_code error;
  const std::string workspace =
      options->workspace.empty()
          ? FindWorkspace()
          : std::string(fs::canonical(options->workspace, error));
  if (error) return Fail(absl::StrCat(options->workspace, ": not there"));

  FindingRules rules;
  rules.all_unread = options->all_unread;
  rules.allowed = options->allow;
  if (options->allow_system) {
    absl::c_copy(SystemFolders(), std::back_inserter(rules.allowed));
  }
  const Labels labels(*graph, [&workspace](const std::string& folder) {
    return !workspace.empty() && !BuildFile(workspace, folder).empty();
  });
  const Report report = Judge(logs, *graph, labels, rules, workspace);
  if (fputs(Printed(report, *options, workspace).c_str(), stdout) < 0 ||
      fflush(stdout) != 0) {
    return Fail("cannot write to standard output");
  }
  // A check that has checked nothing must not be green.
  for (const Problem& problem : report.problems) {
    if (problem.kind == ProblemKind::kUnreadableLog ||
        problem.kind == ProblemKind::kNoLog) {
      return Fail(absl::StrCat(problem.log, ": ", problem.text));
    }
  }
  if (report.actions.empty()) {
    return Fail(
        "no action could be judged: are the logs, and aquery's answer, "
        "of the same build?");
  }
  return HasErrors(report, options->errors) ? kErrors : 0;
}

}  // namespace filemon::lint
