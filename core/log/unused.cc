// `filemon log unused`: files in a folder that nobody read.
#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/log/file_states.h"
#include "core/log/verbs.h"
#include "core/paths.h"

namespace filemon::log {

namespace fs = std::filesystem;

int RunUnused(const Options& options, const std::string& folder, Output* out) {
  Trace trace(nullptr);
  FileStates states(trace.mutable_names());
  trace.Follow(&states);
  const absl::Status status = ReadTraces(options.logs, &trace);
  if (!status.ok()) {
    Complain(status.message());
    return kTrouble;
  }
  const View view(options, trace.cwd(), /*with_system=*/true);
  std::error_code error;
  const fs::path root = fs::absolute(folder, error);
  const std::string clean = CleanPath(root.string());
  fs::recursive_directory_iterator entry(
      clean, fs::directory_options::skip_permission_denied, error);
  if (error) {
    Complain(absl::StrCat("cannot read ", folder, ": ", error.message()));
    return kTrouble;
  }
  std::vector<std::string> unused;
  for (; entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (error) {
      Complain(absl::StrCat("cannot read ", folder, ": ", error.message()));
      return kTrouble;
    }
    std::error_code ignored;
    if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) continue;
    const std::string path = entry->path().string();
    // As a log has it.
    const std::string name = absl::StrReplaceAll(path, {{"\n", "\\n"}});
    const NameId id = trace.names().Find(name);
    if (id != kNoName) {
      const FileState state = states[id];
      if (state.read || state.executed || state.made) continue;
    }
    if (view.Shows(name)) unused.push_back(options.zero ? path : name);
  }
  std::sort(unused.begin(), unused.end());
  for (const std::string& path : unused) {
    if (options.json) {
      std::string line = "{";
      AddJsonName("path", path, &line);
      out->Add(absl::StrCat(line, "}\n"));
    } else {
      AddName(options, view.Name(path), out);
    }
  }
  return Conclude(trace, options, &view, out,
                  unused.empty() ? kNothing : kFine);
}

}  // namespace filemon::log
