#include "core/log/verbs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/log/line_source.h"

namespace filemon::log {
namespace {

struct GapText {
  Gap gap;
  absl::string_view one;
  absl::string_view many;
};

constexpr GapText kGapTexts[] = {
    {Gap::kIncomplete, "log that ends too early", "logs that end too early"},
    {Gap::kMalformed, "line that is no record", "lines that are no records"},
    {Gap::kUntraced, "untraced program", "untraced programs"},
    {Gap::kUnseen, "program with calls that are not seen",
     "programs with calls that are not seen"},
    {Gap::kLost, "process that lost records", "processes that lost records"},
    {Gap::kDropped, "loss in the pipe", "losses in the pipe"},
    {Gap::kRefused, "refused report", "refused reports"},
    {Gap::kUnproven, "unproven process", "unproven processes"},
    {Gap::kRunning, "process that was still running",
     "processes that were still running"},
    {Gap::kUnknownStatus, "unknown exit status", "unknown exit statuses"},
    {Gap::kUnknownDirectory, "unknown directory", "unknown directories"},
};

}  // namespace

void Complain(absl::string_view message) {
  const std::string line = absl::StrCat("filemon log: ", message, "\n");
  // Nobody is left to tell when this fails.
  if (write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

absl::Status ReadTraces(const std::vector<std::string>& logs, Trace* trace) {
  for (const std::string& log : logs) {
    trace->Begin(log == "-" ? "standard input" : log);
    LinesRead result;
    const absl::Status status = ReadLines(
        log, [&](absl::string_view line) { trace->Line(line); }, &result);
    if (!status.ok()) return status;
    if (trace->is_no_log()) {
      return absl::InvalidArgumentError(absl::StrCat(
          log == "-" ? "standard input" : log, ": is no filemon log"));
    }
    trace->End(result.cut_off);
  }
  return absl::OkStatus();
}

std::string WhatIsMissing(const Trace& trace) {
  std::string what;
  for (const GapText& text : kGapTexts) {
    const size_t count = trace.gaps(text.gap);
    if (count == 0) continue;
    absl::StrAppend(&what, what.empty() ? "" : ", ", count, " ",
                    count == 1 ? text.one : text.many);
  }
  return what;
}

int Conclude(const Trace& trace, const Options& options, const View* view,
             Output* out, int status) {
  const std::string what = WhatIsMissing(trace);
  if (!what.empty()) {
    Complain(absl::StrCat(
        "not everything is in the log: ", what,
        trace.malformed().empty() ? "" : absl::StrCat("; ", trace.malformed()),
        " (filemon log check tells more)"));
    if (options.strict) status = kTrouble;
  }
  if (view != nullptr) {
    const std::string pattern = view->UnmetPattern();
    if (!pattern.empty()) {
      Complain(absl::StrCat("nothing matches ", pattern));
      if (status == kFine) status = kNothing;
    }
  }
  return WriteOut(out) ? status : kTrouble;
}

bool WriteOut(Output* out) {
  if (out->Flush()) return true;
  Complain(absl::StrCat("cannot write to standard output: ", strerror(errno)));
  return false;
}

void AddName(const Options& options, absl::string_view name, Output* out) {
  out->Add(name);
  out->Add(options.zero ? absl::string_view("\0", 1) : "\n");
}

std::string OnDisk(absl::string_view name) {
  std::string path(name);
  struct stat st;
  if (lstat(path.c_str(), &st) == 0) return path;
  std::string with_newlines = absl::StrReplaceAll(path, {{"\\n", "\n"}});
  if (with_newlines != path && lstat(with_newlines.c_str(), &st) == 0) {
    return with_newlines;
  }
  return path;
}

absl::string_view BaseName(absl::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string Ancestry(const Trace& trace, const Process& process) {
  std::string text;
  for (const Process* it = &process; it != nullptr; it = it->parent) {
    const NameId program = ProgramOf(*it);
    absl::StrAppend(&text, text.empty() ? "" : " < ",
                    program == kNoName ? "?" : BaseName(trace.names()[program]),
                    " ", it->pid);
  }
  return text;
}

}  // namespace filemon::log
