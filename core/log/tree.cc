// `filemon log tree`: the processes, and what each wrote.
#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/log/verbs.h"

namespace filemon::log {
namespace {

struct Node {
  std::vector<size_t> children;
  std::vector<NameId> made;
};

// What the processes made: written, linked, or given its name.
class Family : public Listener {
 public:
  void On(const Event& event) override {
    NameId file = event.file;
    switch (event.action) {
      case Action::kWrite:
        break;
      case Action::kRename:
      case Action::kLink:
        file = event.second;
        break;
      default:
        return;
    }
    if (seen_.insert({event.process->index, file}).second) {
      At(event.process->index).made.push_back(file);
    }
  }

  void OnBegin(const Process& process) override {
    At(process.index);
    if (process.parent != nullptr) {
      At(process.parent->index).children.push_back(process.index);
    } else {
      roots_.push_back(process.index);
    }
  }

  const std::vector<size_t>& roots() const { return roots_; }
  const Node& operator[](size_t index) const { return nodes_[index]; }

 private:
  Node& At(size_t index) {
    if (index >= nodes_.size()) nodes_.resize(index + 1);
    return nodes_[index];
  }

  std::vector<Node> nodes_;
  std::vector<size_t> roots_;
  absl::flat_hash_set<std::pair<size_t, NameId>> seen_;
};

class Printer {
 public:
  Printer(const Trace& trace, const Family& family, const View& view,
          const Options& options, Output* out)
      : trace_(trace),
        family_(family),
        view_(view),
        options_(options),
        out_(out) {}

  // A tree may be as deep as its log says: no recursion.
  void Print() {
    struct Step {
      size_t index;
      size_t depth;
      size_t times;
    };
    std::vector<Step> steps;
    const auto push = [&](const std::vector<size_t>& children, size_t depth) {
      std::vector<Step> level;
      for (const size_t child : children) {
        if (!options_.json && !level.empty() &&
            IsLike(level.back().index, child)) {
          ++level.back().times;
        } else {
          level.push_back({child, depth, 1});
        }
      }
      steps.insert(steps.end(), level.rbegin(), level.rend());
    };
    push(family_.roots(), 0);
    while (!steps.empty() && !out_->closed()) {
      const Step step = steps.back();
      steps.pop_back();
      if (options_.json) {
        PrintJson(trace_.processes()[step.index]);
      } else {
        PrintLine(trace_.processes()[step.index], step.depth, step.times);
      }
      push(family_[step.index].children, step.depth + 1);
    }
  }

 private:
  std::string What(const Process& process) const {
    if (process.images.empty()) {
      const NameId program = ProgramOf(process);
      return program == kNoName
                 ? "?"
                 : absl::StrCat("(", BaseName(trace_.names()[program]), ")");
    }
    std::string text;
    for (const Process::Image& image : process.images) {
      absl::StrAppend(&text, text.empty() ? "" : " -> ",
                      image.argv.empty() ? BaseName(trace_.names()[image.path])
                                         : absl::string_view(image.argv));
    }
    return text;
  }

  static std::string Fate(const Process& process) {
    if (!process.ended) return "  still running";
    if (process.signal != 0) {
      return absl::StrCat("  killed by signal ", process.signal);
    }
    return process.status != 0 ? absl::StrCat("  exit ", process.status) : "";
  }

  std::vector<std::string> Made(size_t index) const {
    std::vector<std::string> names;
    for (const NameId file : family_[index].made) {
      if (view_.Shows(trace_.names()[file])) {
        names.push_back(view_.Name(trace_.names()[file]));
      }
    }
    return names;
  }

  // Two in a row that would look the same but for their numbers.
  bool IsLike(size_t a, size_t b) const {
    return family_[a].children.empty() && family_[b].children.empty() &&
           Made(a).empty() && Made(b).empty() &&
           What(trace_.processes()[a]) == What(trace_.processes()[b]) &&
           Fate(trace_.processes()[a]) == Fate(trace_.processes()[b]);
  }

  void PrintLine(const Process& process, size_t depth, size_t times) {
    // Beyond this nobody counts blanks.
    constexpr size_t kMaxDepth = 200;
    std::string line(2 * std::min(depth, kMaxDepth), ' ');
    absl::StrAppend(&line, What(process));
    if (times > 1) {
      absl::StrAppend(&line, "  (", times, " times)");
    } else {
      absl::StrAppend(&line, " ", process.pid);
    }
    if (process.start != 0 && process.end != 0 && times == 1) {
      absl::StrAppendFormat(&line, "  %.3f s", process.end - process.start);
    }
    absl::StrAppend(&line, Fate(process));
    const std::vector<std::string> made = Made(process.index);
    for (size_t i = 0; i < made.size(); ++i) {
      absl::StrAppend(&line, i == 0 ? "  wrote " : ", ", made[i]);
    }
    absl::StrAppend(&line, "\n");
    out_->Add(line);
  }

  void PrintJson(const Process& process) {
    std::string json = absl::StrCat("{\"process\":", process.index,
                                    ",\"pid\":", process.pid, ",\"parent\":",
                                    process.parent != nullptr
                                        ? absl::StrCat(process.parent->index)
                                        : "null",
                                    ",\"images\":[");
    bool first = true;
    for (const Process::Image& image : process.images) {
      absl::StrAppend(&json, first ? "{" : ",{");
      AddJsonName("path", trace_.names()[image.path], &json);
      if (!image.argv.empty()) {
        absl::StrAppend(&json, ",");
        AddJsonName("argv", image.argv, &json);
      }
      absl::StrAppend(&json, "}");
      first = false;
    }
    absl::StrAppend(&json, "],\"ended\":", process.ended ? "true" : "false",
                    ",\"status\":", process.status,
                    ",\"signal\":", process.signal, ",\"wrote\":[");
    first = true;
    for (const NameId file : family_[process.index].made) {
      if (!view_.Shows(trace_.names()[file])) continue;
      absl::StrAppend(&json, first ? "{" : ",{");
      AddJsonName("path", trace_.names()[file], &json);
      absl::StrAppend(&json, "}");
      first = false;
    }
    absl::StrAppend(&json, "]}\n");
    out_->Add(json);
  }

  const Trace& trace_;
  const Family& family_;
  const View& view_;
  const Options& options_;
  Output* const out_;
};

}  // namespace

int RunTree(const Options& options, Output* out) {
  Family family;
  Trace trace(&family);
  const absl::Status status = ReadTraces(options.logs, &trace);
  if (!status.ok()) {
    Complain(status.message());
    return kTrouble;
  }
  const View view(options, trace.cwd(), /*with_system=*/options.json);
  Printer(trace, family, view, options, out).Print();
  return Conclude(trace, options, &view, out,
                  trace.processes().empty() ? kNothing : kFine);
}

}  // namespace filemon::log
