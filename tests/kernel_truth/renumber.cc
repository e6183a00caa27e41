#include "tests/kernel_truth/renumber.h"

#include <map>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace filemon {
namespace truth {
namespace {

// More than any process id (the kernel's PID_MAX_LIMIT).
constexpr int kNamespace = 4194304;

class Renumberer {
 public:
  explicit Renumberer(const std::vector<Process>& truth) {
    // By start: a parent's life is the last of its number before its child's.
    std::map<int, const Process*> latest;
    for (const Process& process : truth) {
      const auto parent = latest.find(process.parent);
      children_[parent == latest.end() ? nullptr : parent->second].push_back(
          &process);
      latest[process.pid] = &process;
    }
    for (const Process* orphan : children_[nullptr]) {
      if (!orphan->stray) living_[orphan->pid] = orphan;
    }
  }

  std::string Line(absl::string_view line) {
    std::vector<std::string> words =
        absl::StrSplit(line, absl::MaxSplits(' ', line[0] == '#' ? 3 : 2));
    const bool comment = words[0] == "#";
    if (comment && words.size() > 1 && words[1] != "untraced" &&
        words[1] != "unseen") {
      return std::string(line);
    }
    const size_t at = comment ? 2 : 1;
    int pid;
    if (words.size() <= at || !absl::SimpleAtoi(words[at], &pid)) {
      return std::string(line);
    }
    words[at] = absl::StrCat(Number(pid));
    int child;
    if (words[0] == "F" && absl::SimpleAtoi(words[2], &child)) {
      Born(pid, child);
      words[2] = absl::StrCat(Number(child));
    }
    if (words[0] == "X") living_.erase(pid);
    return absl::StrJoin(words, " ");
  }

 private:
  int Number(int logged) const {
    const auto found = living_.find(logged);
    return found == living_.end() ? logged : found->second->pid;
  }

  void Born(int parent, int child) {
    const auto found = living_.find(parent);
    if (found == living_.end()) return;
    for (const Process* process : children_[found->second]) {
      const bool is_it = child < kNamespace
                             ? process->pid == child
                             : process->inner == child % kNamespace;
      if (!is_it || !known_.insert(process).second) continue;
      living_[child] = process;
      return;
    }
  }

  std::map<const Process*, std::vector<const Process*>> children_;
  std::set<const Process*> known_;
  std::map<int, const Process*> living_;  // by the log's number
};

}  // namespace

std::string Renumber(absl::string_view log, const std::vector<Process>& truth) {
  Renumberer renumberer(truth);
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(log, '\n')) {
    lines.push_back(line.empty() ? "" : renumberer.Line(line));
  }
  return absl::StrJoin(lines, "\n");
}

}  // namespace truth
}  // namespace filemon
