// `filemon log deps`: a dependency file.
#include "core/log/deps.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/log/verbs.h"

namespace filemon::log {
std::vector<NameId> Dependencies(const FileStates& states, const Names& names) {
  std::vector<NameId> inputs;
  for (NameId id = 0; id < states.size(); ++id) {
    const FileState state = states[id];
    if (!state.input || state.made || state.gone) continue;
    if (IsPseudoFile(names[id])) continue;
    struct stat st;
    if (stat(OnDisk(names[id]).c_str(), &st) == 0 && S_ISREG(st.st_mode)) {
      inputs.push_back(id);
    }
  }
  return inputs;
}

int RunDeps(const Options& options, const DepsOptions& deps, Output* out) {
  Trace trace(nullptr);
  FileStates states(trace.mutable_names());
  trace.Follow(&states);
  const absl::Status status = ReadTraces(options.logs, &trace);
  if (!status.ok()) {
    Complain(status.message());
    return kTrouble;
  }
  const View view(options, trace.cwd(), /*with_system=*/true);
  std::vector<std::string> inputs;
  std::string line;
  for (const NameId id : Dependencies(states, trace.names())) {
    if (!view.Shows(trace.names()[id])) continue;
    const std::string name = view.Name(trace.names()[id]);
    if (options.json) {
      line = "{";
      AddJsonName("path", trace.names()[id], &line);
      out->Add(absl::StrCat(line, "}\n"));
    } else if (options.zero) {
      AddName(options, name, out);
    } else {
      inputs.push_back(name);
    }
  }
  if (options.json || options.zero) {
    return Conclude(trace, options, &view, out, kFine);
  }
  if (deps.targets.empty()) {
    Complain("deps: name a target: --target=NAME");
    return kTrouble;
  }
  const Depfile depfile = MakeDepfile(deps.targets, inputs, deps.reader);
  if (depfile.text.empty()) {
    Complain("deps: no dependency file can have such a target");
    return kTrouble;
  }
  for (const std::string& name : depfile.left_out) {
    Complain(absl::StrCat("deps: left out, as ",
                          deps.reader == DepfileReader::kMake ? "make"
                          : deps.reader == DepfileReader::kNinja
                              ? "ninja"
                              : "make or ninja",
                          " cannot read such a name: ", name));
  }
  out->Add(depfile.text);
  return Conclude(
      trace, options, &view, out,
      options.strict && !depfile.left_out.empty() ? kTrouble : kFine);
}

}  // namespace filemon::log
