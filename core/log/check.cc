// `filemon log check`: is everything in the log?
#include "absl/strings/str_cat.h"
#include "core/log/verbs.h"

namespace filemon::log {

int RunCheck(const Options& options, Output* out) {
  Trace trace(nullptr);
  const absl::Status status = ReadTraces(options.logs, &trace);
  if (!status.ok()) {
    Complain(status.message());
    return kTrouble;
  }
  const auto add = [&](absl::string_view text) {
    if (options.json) {
      std::string line = "{";
      AddJsonName("missing", text, &line);
      out->Add(absl::StrCat(line, "}\n"));
    } else {
      AddName(options, text, out);
    }
  };
  for (const std::string& text : trace.explanations()) add(text);
  if (!trace.malformed().empty()) {
    add(absl::StrCat(trace.malformed(), ", and so are ",
                     trace.gaps(Gap::kMalformed) - 1, " more"));
  }
  if (trace.complete() && !options.json && !options.zero) {
    out->Add(absl::StrCat("complete: ", trace.records(), " records of ",
                          trace.processes().size(), " processes\n"));
  }
  if (!WriteOut(out)) return kTrouble;
  if (trace.complete()) return kFine;
  return options.strict ? kTrouble : kNothing;
}

}  // namespace filemon::log
