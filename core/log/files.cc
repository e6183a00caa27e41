// `filemon log files`: what became of each file.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/log/file_states.h"
#include "core/log/verbs.h"

namespace filemon::log {
namespace {

// In the order in which they are shown.
constexpr absl::string_view kWords[] = {
    "executed", "read",    "changed", "written",
    "linked",   "renamed", "deleted", "temporary",
};

// An index of kWords; -1 for a name that is no file of interest.
int WordOf(const FileState& state) {
  if (state.made) {
    if (state.gone) return state.input ? 6 : 7;
    if (state.input) return 2;
    if (state.linked) return 4;
    return state.renamed_to ? 5 : 3;
  }
  if (state.gone) return 6;
  if (state.executed) return 0;
  return state.read ? 1 : -1;
}

void AddJson(const FileState& state, absl::string_view word,
             absl::string_view name, std::string* json) {
  absl::StrAppend(json, "{");
  AddJsonName("path", name, json);
  absl::StrAppend(json, ",\"what\":\"", word, "\"");
  const std::pair<absl::string_view, bool> kFlags[] = {
      {"read", state.read},
      {"written", state.written},
      {"executed", state.executed},
      {"deleted", state.deleted},
      {"renamed", state.renamed_to || state.renamed_from},
      {"linked", state.linked},
      {"input", state.input},
      {"output", state.output},
  };
  for (const auto& flag : kFlags) {
    absl::StrAppend(json, ",\"", flag.first,
                    "\":", flag.second ? "true" : "false");
  }
  absl::StrAppend(json, "}\n");
}

}  // namespace

int RunFiles(const Options& options, Output* out) {
  FileStates* states = nullptr;
  Trace trace(nullptr);
  FileStates follower(trace.mutable_names());
  states = &follower;
  trace.Follow(states);
  const absl::Status status = ReadTraces(options.logs, &trace);
  if (!status.ok()) {
    Complain(status.message());
    return kTrouble;
  }
  const View view(options, trace.cwd(), /*with_system=*/options.json);
  struct Row {
    int word;
    NameId id;
  };
  std::vector<Row> rows;
  const Names& names = trace.names();
  for (NameId id = 0; id < states->size(); ++id) {
    const int word = WordOf((*states)[id]);
    if (word >= 0 && view.Shows(names[id])) rows.push_back({word, id});
  }
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    return a.word != b.word ? a.word < b.word : names[a.id] < names[b.id];
  });
  std::string line;
  for (const Row& row : rows) {
    const absl::string_view word = kWords[row.word];
    if (options.json) {
      line.clear();
      AddJson((*states)[row.id], word, names[row.id], &line);
      out->Add(line);
    } else if (options.zero) {
      AddName(options, view.Name(names[row.id]), out);
    } else {
      constexpr size_t kWidth = 10;
      out->Add(absl::StrCat(word, std::string(kWidth - word.size(), ' '),
                            view.Name(names[row.id]), "\n"));
    }
  }
  return Conclude(trace, options, &view, out, rows.empty() ? kNothing : kFine);
}

}  // namespace filemon::log
