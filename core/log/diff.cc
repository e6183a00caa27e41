// `filemon log diff`: what one log has and the other has not.
#include <algorithm>
#include <memory>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "core/log/verbs.h"

namespace filemon::log {
namespace {

// A use of a file, by what the process is and not by its number.
struct Use {
  std::string file;
  absl::string_view how;
  std::string role;

  bool operator<(const Use& other) const {
    return std::tie(file, how, role) <
           std::tie(other.file, other.how, other.role);
  }
};

absl::string_view How(Action action) {
  switch (action) {
    case Action::kRead:
      return "read";
    case Action::kWrite:
      return "written";
    case Action::kExecute:
      return "executed";
    case Action::kDelete:
      return "deleted";
    case Action::kRename:
      return "renamed";
    case Action::kLink:
      return "linked";
    default:
      return "";
  }
}

class Uses : public Listener {
 public:
  void On(const Event& event) override {
    if (How(event.action).empty()) return;
    const NameId file = event.second != kNoName ? event.second : event.file;
    ++count_[{RoleOf(*event.process), event.action, file}];
  }
  void Attach(const Trace* trace) { trace_ = trace; }

  // Each use, with names as `view` shows them.
  absl::btree_map<Use, size_t> All(const View& view) const {
    absl::btree_map<Use, size_t> all;
    for (const auto& entry : count_) {
      const absl::string_view name = trace_->names()[entry.first.file];
      if (!view.Shows(name)) continue;
      all[{view.Name(name), How(entry.first.action),
           roles_.at(entry.first.role)}] += entry.second;
    }
    return all;
  }

 private:
  struct Key {
    size_t role;
    Action action;
    NameId file;
    bool operator==(const Key& other) const {
      return role == other.role && action == other.action && file == other.file;
    }
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.role, key.action, key.file);
    }
  };

  // "cc1 < cc < make": programs that follow each other are named once.
  size_t RoleOf(const Process& process) {
    std::string role;
    NameId last = kNoName;
    for (const Process* it = &process; it != nullptr; it = it->parent) {
      const NameId program = ProgramOf(*it);
      if (program == kNoName || program == last) continue;
      last = program;
      absl::StrAppend(&role, role.empty() ? "" : " < ",
                      BaseName(trace_->names()[program]));
    }
    const auto known = numbers_.find(role);
    if (known != numbers_.end()) return known->second;
    numbers_[role] = roles_.size();
    roles_.push_back(role);
    return roles_.size() - 1;
  }

  const Trace* trace_ = nullptr;
  absl::flat_hash_map<std::string, size_t> numbers_;
  std::vector<std::string> roles_;
  absl::flat_hash_map<Key, size_t> count_;
};

}  // namespace

int RunDiff(const Options& options, Output* out) {
  if (options.logs.size() != 2) {
    Complain("diff: it takes two logs");
    return kTrouble;
  }
  int status = kFine;
  absl::btree_map<Use, size_t> all[2];
  for (int i = 0; i < 2; ++i) {
    Uses uses;
    Trace trace(&uses);
    uses.Attach(&trace);
    const absl::Status read = ReadTraces({options.logs[i]}, &trace);
    if (!read.ok()) {
      Complain(read.message());
      return kTrouble;
    }
    const View view(options, trace.cwd(), /*with_system=*/false);
    all[i] = uses.All(view);
    status = std::max(status, Conclude(trace, options, nullptr, out, kFine));
  }
  const auto print = [&](absl::string_view sign, const Use& use) {
    if (options.json) {
      std::string line = absl::StrCat("{\"in\":", sign == "-" ? 1 : 2,
                                      ",\"how\":\"", use.how, "\",");
      AddJsonName("path", use.file, &line);
      absl::StrAppend(&line, ",");
      AddJsonName("by", use.role, &line);
      out->Add(absl::StrCat(line, "}\n"));
    } else {
      out->Add(absl::StrCat(sign, " ", use.how, " ", use.file, "  by ",
                            use.role, "\n"));
    }
    if (status == kFine) status = kNothing;
  };
  auto a = all[0].begin();
  auto b = all[1].begin();
  while (a != all[0].end() || b != all[1].end()) {
    if (b == all[1].end() || (a != all[0].end() && a->first < b->first)) {
      print("-", a++->first);
    } else if (a == all[0].end() || b->first < a->first) {
      print("+", b++->first);
    } else {
      ++a;
      ++b;
    }
  }
  if (!WriteOut(out)) return kTrouble;
  return status;
}

}  // namespace filemon::log
