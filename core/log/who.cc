// `filemon log who`: who touched a file, and how.
#include <fnmatch.h>
#include <unistd.h>

#include <climits>
#include <deque>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "core/log/verbs.h"
#include "core/paths.h"

namespace filemon::log {
namespace {

struct Touch {
  Action action;
  const Process* process;
  NameId program;
  NameId file;
  NameId second;

  bool operator==(const Touch& other) const {
    return action == other.action && process == other.process &&
           program == other.program && file == other.file &&
           second == other.second;
  }
  template <typename H>
  friend H AbslHashValue(H h, const Touch& t) {
    return H::combine(std::move(h), t.action, t.process, t.program, t.file,
                      t.second);
  }
};

std::string CurrentDirectory() {
  char path[PATH_MAX];
  return getcwd(path, sizeof(path)) != nullptr ? path : "";
}

// What the user may have meant: a name of the log, or one from here, from the
// log's directory, or a pattern.
class Wanted {
 public:
  Wanted(const std::string& text, absl::string_view cwd)
      : text_(text),
        clean_(CleanPath(text)),
        from_cwd_(CleanPath(JoinPath(cwd, text))),
        from_here_(CleanPath(JoinPath(CurrentDirectory(), text))),
        is_pattern_(text.find_first_of("*?[") != std::string::npos) {}

  bool Is(absl::string_view name) const {
    if (name == clean_ || name == from_cwd_ || name == from_here_) return true;
    return is_pattern_ &&
           (fnmatch(text_.c_str(), std::string(name).c_str(), 0) == 0 ||
            fnmatch(from_cwd_.c_str(), std::string(name).c_str(), 0) == 0);
  }

 private:
  const std::string text_;
  const std::string clean_;
  const std::string from_cwd_;
  const std::string from_here_;
  const bool is_pattern_;
};

// Each touch once, in their order: of the files that are wanted all, of others
// only what may have given a wanted one its content, by a later renaming.
class Touches : public Listener {
 public:
  Touches(const std::vector<std::string>* files, const Trace* trace)
      : files_(files), trace_(trace) {}

  void On(const Event& event) override {
    if (event.action == Action::kEnter) return;
    const bool makes = event.action == Action::kWrite ||
                       event.action == Action::kRename ||
                       event.action == Action::kLink;
    if (!makes && !AnyWants(event.file)) return;
    const Touch touch = {event.action, event.process, ProgramOf(*event.process),
                         event.file, event.second};
    if (seen_.insert(touch).second) all_.push_back(touch);
  }
  const std::vector<Touch>& all() const { return all_; }

 private:
  bool AnyWants(NameId id) {
    if (wanted_.empty()) {
      // The header has been read by now.
      for (const std::string& file : *files_) {
        wanted_.emplace_back(file, trace_->cwd());
      }
    }
    if (id >= verdicts_.size()) verdicts_.resize(id + 1, kUnknown);
    if (verdicts_[id] == kUnknown) {
      verdicts_[id] = kUnwanted;
      for (const Wanted& wanted : wanted_) {
        if (wanted.Is(trace_->names()[id])) verdicts_[id] = kWanted;
      }
    }
    return verdicts_[id] == kWanted;
  }

  enum Verdict : char { kUnknown, kWanted, kUnwanted };
  const std::vector<std::string>* const files_;
  const Trace* const trace_;
  std::deque<Wanted> wanted_;
  std::vector<Verdict> verdicts_;
  absl::flat_hash_set<Touch> seen_;
  std::vector<Touch> all_;
};

absl::string_view Verb(const Touch& touch, bool is_second) {
  switch (touch.action) {
    case Action::kRead:
      return "read";
    case Action::kWrite:
      return "wrote";
    case Action::kExecute:
      return "executed";
    case Action::kDelete:
      return "deleted";
    case Action::kRename:
      return is_second ? "made by renaming" : "renamed";
    case Action::kLink:
      return is_second ? "linked" : "made a link to";
    case Action::kProbe:
      return "asked about";
    case Action::kAbsent:
      return "missed";
    case Action::kEnter:
      break;
  }
  return "entered";
}

}  // namespace

int RunWho(const Options& options, const std::vector<std::string>& files,
           Output* out) {
  Trace trace(nullptr);
  Touches touches(&files, &trace);
  trace.Follow(&touches);
  const absl::Status status = ReadTraces(options.logs, &trace);
  if (!status.ok()) {
    Complain(status.message());
    return kTrouble;
  }
  const View view(options, trace.cwd(), /*with_system=*/true);
  bool all_found = true;
  for (const std::string& file : files) {
    const Wanted wanted(file, trace.cwd());
    // A name is looked at once; a file that got its name by renaming has been
    // written under another.
    std::vector<char> is_wanted(trace.names().size());
    for (NameId id = 0; id < trace.names().size(); ++id) {
      is_wanted[id] =
          wanted.Is(trace.names()[id]) && view.Shows(trace.names()[id]);
    }
    for (auto it = touches.all().rbegin(); it != touches.all().rend(); ++it) {
      if (it->action == Action::kRename && is_wanted[it->second]) {
        is_wanted[it->file] = 1;
      }
    }
    bool found = false;
    for (const Touch& touch : touches.all()) {
      const bool second = touch.second != kNoName && is_wanted[touch.second];
      if (!second && !is_wanted[touch.file]) continue;
      found = true;
      const absl::string_view verb = Verb(touch, second);
      const std::string name =
          view.Name(trace.names()[second ? touch.second : touch.file]);
      std::string line;
      if (options.json) {
        line = absl::StrCat("{\"how\":\"", verb, "\",");
        AddJsonName("path", trace.names()[second ? touch.second : touch.file],
                    &line);
        if (touch.second != kNoName) {
          absl::StrAppend(&line, ",");
          AddJsonName(second ? "from" : "to",
                      trace.names()[second ? touch.file : touch.second], &line);
        }
        absl::StrAppend(&line, ",\"pid\":", touch.process->pid,
                        ",\"processes\":[");
        bool first = true;
        for (const Process* it = touch.process; it != nullptr;
             it = it->parent) {
          const NameId program =
              it == touch.process ? touch.program : ProgramOf(*it);
          absl::StrAppend(&line, first ? "" : ",", "{\"pid\":", it->pid, ",");
          AddJsonName("program",
                      program == kNoName ? "" : trace.names()[program], &line);
          absl::StrAppend(&line, "}");
          first = false;
        }
        absl::StrAppend(&line, "]}\n");
      } else {
        const std::string of =
            files.size() > 1 || name != file
                ? absl::StrCat(
                      name, second ? " from " : "",
                      second ? view.Name(trace.names()[touch.file]) : "", "  ")
                : "";
        const absl::string_view program =
            touch.program == kNoName ? "?" : trace.names()[touch.program];
        std::string chain =
            absl::StrCat(BaseName(program), " ", touch.process->pid);
        if (touch.process->parent != nullptr) {
          absl::StrAppend(&chain, " < ",
                          Ancestry(trace, *touch.process->parent));
        }
        line = absl::StrCat(verb, "  ", of, chain, "\n");
      }
      out->Add(line);
    }
    if (!found) {
      Complain(absl::StrCat("nobody has touched ", file));
      all_found = false;
    }
  }
  return Conclude(trace, options, nullptr, out, all_found ? kFine : kNothing);
}

}  // namespace filemon::log
