// The verbs of `filemon log`: each a function from logs and options to text on
// standard output and an exit status.
#ifndef FILEMON_CORE_LOG_VERBS_H_
#define FILEMON_CORE_LOG_VERBS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/log/depfile.h"
#include "core/log/output.h"
#include "core/log/trace.h"
#include "core/log/view.h"

namespace filemon::log {

// Exit statuses.
inline constexpr int kFine = 0;     // found, or as it should be
inline constexpr int kNothing = 1;  // nothing found, or a difference
inline constexpr int kTrouble = 2;

int RunFiles(const Options& options, Output* out);
int RunWho(const Options& options, const std::vector<std::string>& files,
           Output* out);
int RunTree(const Options& options, Output* out);
int RunStale(const Options& options, Output* out);
int RunUnused(const Options& options, const std::string& folder, Output* out);
int RunDiff(const Options& options, Output* out);
int RunJson(const Options& options, Output* out);
int RunCheck(const Options& options, Output* out);
int RunFsatrace(const Options& options, Output* out);

struct DepsOptions {
  std::vector<std::string> targets;
  DepfileReader reader = DepfileReader::kBoth;
};
int RunDeps(const Options& options, const DepsOptions& deps, Output* out);

struct PackagesOptions {
  // A debian/control; empty for none.
  std::string against;
  std::string database = "/var/lib/dpkg";
};
int RunPackages(const Options& options, const PackagesOptions& packages,
                Output* out);

// ---- What verbs share -------------------------------------------------------

// Says `message` on standard error, in one line.
void Complain(absl::string_view message);

// Reads one log after the other. An error if one cannot be read, or is none.
absl::Status ReadTraces(const std::vector<std::string>& logs, Trace* trace);

// "2 untraced programs, 1 process that lost records"; empty if nothing is.
std::string WhatIsMissing(const Trace& trace);

// Says in one line on standard error what the logs do not have, and turns
// `status` into kTrouble if that, or the output, is a reason to.
int Conclude(const Trace& trace, const Options& options, const View* view,
             Output* out, int status);

// Writes out what is left. False, with a line on standard error, if that cannot
// be done.
bool WriteOut(Output* out);

// Adds a line, or with -0 a text that ends in NUL.
void AddName(const Options& options, absl::string_view name, Output* out);

// The file on disk that a name of a log means: a newline in a name stands as
// two characters in a log, and what cannot be told from the text shows by
// which file is there.
std::string OnDisk(absl::string_view name);

// "cc1 25934 < cc 25926 < make 25216"
std::string Ancestry(const Trace& trace, const Process& process);

// The last part of a path.
absl::string_view BaseName(absl::string_view path);

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_VERBS_H_
