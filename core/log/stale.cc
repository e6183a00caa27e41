// `filemon log stale`: is the result still what the command would make?
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "core/log/file_states.h"
#include "core/log/verbs.h"

namespace filemon::log {
namespace {

double ModifiedAt(const struct stat& st) {
  return static_cast<double>(st.st_mtim.tv_sec) +
         static_cast<double>(st.st_mtim.tv_nsec) / 1e9;
}

// Why `state` of the file `path` makes the result stale; empty if it does not.
std::string Reason(const FileState& state, absl::string_view path,
                   double start) {
  struct stat st;
  const bool is_there = stat(OnDisk(path).c_str(), &st) == 0;
  if (state.output && !is_there) return "an output is gone";
  if (state.made || state.gone) return "";
  if (state.absent && is_there && !state.input && !state.probed) {
    return "has appeared";
  }
  if (!state.input && !state.probed) return "";
  if (!is_there) return state.input ? "an input is gone" : "is gone";
  // Of a folder it is the entries that count; those that the command made
  // itself are none of its inputs.
  if (!S_ISREG(st.st_mode)) return "";
  return ModifiedAt(st) > start ? "an input is newer" : "";
}

}  // namespace

int RunStale(const Options& options, Output* out) {
  Trace trace(nullptr);
  FileStates states(trace.mutable_names());
  trace.Follow(&states);
  const absl::Status status = ReadTraces(options.logs, &trace);
  if (!status.ok()) {
    Complain(status.message());
    // A log that is not there yet is a result that is not there yet.
    return absl::IsNotFound(status) ? kNothing : kTrouble;
  }
  const View view(options, trace.cwd(), /*with_system=*/true);
  bool stale = false;
  const auto say = [&](absl::string_view reason, absl::string_view path) {
    stale = true;
    if (options.json) {
      std::string line = absl::StrCat("{\"why\":\"", reason, "\"");
      if (!path.empty()) {
        absl::StrAppend(&line, ",");
        AddJsonName("path", path, &line);
      }
      out->Add(absl::StrCat(line, "}\n"));
    } else if (options.zero) {
      AddName(options, view.Name(path), out);
    } else {
      out->Add(path.empty()
                   ? absl::StrCat(reason, "\n")
                   : absl::StrCat(reason, ": ", view.Name(path), "\n"));
    }
  };
  if (trace.gaps(Gap::kIncomplete) > 0) say("the log ends too early", "");
  const Process* const target = trace.target();
  if (target != nullptr && target->ended &&
      (target->status != 0 || target->signal != 0)) {
    say("the command failed", "");
  }
  for (NameId id = 0; id < states.size(); ++id) {
    const absl::string_view path = trace.names()[id];
    if (!states[id].touched() && !states[id].probed && !states[id].absent) {
      continue;
    }
    if (IsPseudoFile(path) || !view.Shows(path)) continue;
    const std::string reason = Reason(states[id], path, trace.start());
    if (!reason.empty()) say(reason, path);
  }
  return Conclude(trace, options, &view, out, stale ? kNothing : kFine);
}

}  // namespace filemon::log
