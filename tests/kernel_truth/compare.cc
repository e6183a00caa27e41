#include "tests/kernel_truth/compare.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/kernel_truth/align.h"
#include "tests/kernel_truth/libc_internal.h"

namespace filemon {
namespace truth {
namespace {

// Numbers for strings, so that an alignment compares numbers.
class Interner {
 public:
  int operator()(const std::string& text) {
    return numbers_.emplace(text, static_cast<int>(numbers_.size()))
        .first->second;
  }

 private:
  std::unordered_map<std::string, int> numbers_;
};

struct Key {
  char letter;
  int exact;
  int absolute;
  bool any_name;
};

bool Same(const Key& a, const Key& b) {
  if (a.letter != b.letter) return false;
  return a.exact == b.exact || a.absolute == b.absolute || a.any_name ||
         b.any_name;
}

// Which records, and how many of each, may be out of order because a signal
// came next to them. An alignment does not tell equal records apart: it may
// leave out another one than the one that was interrupted.
class Interruptions {
 public:
  Interruptions(const Process& truth, const std::vector<Key>& keys) {
    bool before = false;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (truth.records[i].interrupted || before) ++left_[keys[i].exact];
      before = truth.records[i].interrupted;
    }
  }
  bool Take(int exact) {
    auto found = left_.find(exact);
    return found != left_.end() && found->second-- > 0;
  }

 private:
  std::unordered_map<int, int> left_;
};

class Comparison {
 public:
  Comparison(const CompareOptions& options, Verdict* verdict)
      : options_(options), verdict_(*verdict) {}

  void Both(const Process& truth, const LoggedProcess& log) {
    pid_ = truth.pid;
    Untraced(truth, log);
    if (!truth.ended) Violation("strace saw no end of it");
    std::vector<Key> expected, found;
    for (const Expected& e : truth.records) {
      expected.push_back(KeyOf(Wanted(e), e.any_name));
    }
    for (const Record& r : log.records) found.push_back(KeyOf(r, false));
    verdict_.records += static_cast<int>(found.size());

    std::vector<bool> taken(found.size(), false);
    const Alignment alignment = AlignInOrder(truth, expected, found, &taken);
    Interruptions interruptions(truth, expected);
    std::vector<bool> blamed(expected.size(), false);
    for (size_t i = 0; i < alignment.size(); ++i) {
      if (alignment[i] >= 0) {
        Match(truth.records[i], log.records[alignment[i]]);
      }
    }
    for (size_t i = 0; i < expected.size(); ++i) {
      if (alignment[i] >= 0) continue;
      const int j = Elsewhere(expected[i], found, taken);
      if (j < 0) {
        Missing(truth.records[LibcsOwn(truth, expected, i, &blamed)]);
        continue;
      }
      taken[j] = true;
      Match(truth.records[i], log.records[j]);
      if (truth.threaded) continue;
      (interruptions.Take(expected[i].exact) ? verdict_.interrupted
                                             : verdict_.misordered)
          .push_back(Describe(pid_, log.records[j]));
    }
    for (size_t j = 0; j < found.size(); ++j) {
      if (!taken[j]) {
        verdict_.extra.push_back(Describe(pid_, log.records[j]));
      }
    }
  }

  void OnlyTruth(const Process& truth) {
    pid_ = truth.pid;
    for (const Expected& e : truth.records) Missing(e);
  }

  void OnlyLog(const LoggedProcess& log) {
    verdict_.records += static_cast<int>(log.records.size());
    for (const Record& r : log.records) {
      verdict_.extra.push_back(Describe(log.pid, r));
    }
    for (const std::string& text : log.untraced) {
      verdict_.violations.push_back(absl::StrCat(
          "process ", log.pid, " is none of ours: untraced ", text));
    }
  }

 private:
  // An alignment does not tell equal records apart. Where one is missing, it
  // may as well be another one, which libc has made for itself.
  static size_t LibcsOwn(const Process& truth, const std::vector<Key>& expected,
                         size_t missing, std::vector<bool>* blamed) {
    for (size_t i = 0; i < expected.size(); ++i) {
      const Expected& e = truth.records[i];
      if ((*blamed)[i] || e.record.letter != 'R' ||
          expected[missing].letter != 'R' ||
          expected[i].exact != expected[missing].exact ||
          LibcInternalClass(e.record.absolute, e.flags).empty()) {
        continue;
      }
      (*blamed)[i] = true;
      return i;
    }
    return missing;
  }

  // The record as the session's --paths would have it.
  Record Wanted(const Expected& expected) const {
    Record record = expected.record;
    if (options_.absolute_paths) {
      record.text = record.absolute;
      record.at_names.clear();
    }
    return record;
  }

  Key KeyOf(const Record& record, bool any_name) {
    std::string exact = record.text;
    for (const std::string& name : record.at_names) {
      absl::StrAppend(&exact, "\nA ", name);
    }
    return {record.letter, interner_(exact), interner_(record.absolute),
            any_name};
  }

  // The partners in `found` of what is in order, and of late records, which may
  // stand anywhere. They are `taken`.
  static Alignment AlignInOrder(const Process& truth,
                                const std::vector<Key>& expected,
                                const std::vector<Key>& found,
                                std::vector<bool>* taken) {
    Alignment alignment(static_cast<int>(expected.size()));
    std::vector<int> ordered;
    for (size_t i = expected.size(); i-- > 0;) {
      alignment[i] =
          truth.records[i].late ? Last(expected[i], found, *taken) : -1;
      if (alignment[i] >= 0) (*taken)[alignment[i]] = true;
      if (!truth.records[i].late) ordered.push_back(static_cast<int>(i));
    }
    if (truth.threaded) return alignment;
    std::reverse(ordered.begin(), ordered.end());
    std::vector<int> left;
    for (size_t j = 0; j < found.size(); ++j) {
      if (!(*taken)[j]) left.push_back(static_cast<int>(j));
    }
    const Alignment partners =
        Align(static_cast<int>(ordered.size()), static_cast<int>(left.size()),
              [&](int i, int j) {
                return Same(expected[ordered[i]], found[left[j]]);
              });
    for (size_t i = 0; i < partners.size(); ++i) {
      if (partners[i] < 0) continue;
      alignment[ordered[i]] = left[partners[i]];
      (*taken)[left[partners[i]]] = true;
    }
    return alignment;
  }

  // The last record of this very name that is not taken, or -1.
  static int Last(const Key& key, const std::vector<Key>& found,
                  const std::vector<bool>& taken) {
    for (size_t j = found.size(); j-- > 0;) {
      if (!taken[j] && key.letter == found[j].letter &&
          key.exact == found[j].exact) {
        return static_cast<int>(j);
      }
    }
    return -1;
  }

  // Exactly this record if there is one, otherwise one of the same file.
  static int Elsewhere(const Key& key, const std::vector<Key>& found,
                       const std::vector<bool>& taken) {
    int same = -1;
    for (size_t j = 0; j < found.size(); ++j) {
      if (taken[j] || !Same(key, found[j])) continue;
      if (key.exact == found[j].exact) return static_cast<int>(j);
      if (same < 0) same = static_cast<int>(j);
    }
    return same;
  }

  void Match(const Expected& expected, const Record& found) {
    ++verdict_.matched;
    // If it still has the name that was executed, it was no script.
    if (expected.any_name) {
      if (expected.record.text != found.text) ++verdict_.unverified;
      return;
    }
    const Record wanted = Wanted(expected);
    if (found.text == wanted.text && found.at_names == wanted.at_names) return;
    (absl::StrContains(expected.flags, "O_DIRECTORY") ? verdict_.reformed
                                                      : verdict_.respelled)
        .push_back(absl::StrCat(Describe(pid_, found), " for ",
                                Describe(pid_, wanted)));
  }

  void Missing(const Expected& expected) {
    if (expected.optional) return;
    if (expected.record.letter == 'R') {
      const absl::string_view known =
          LibcInternalClass(expected.record.absolute, expected.flags);
      if (!known.empty()) {
        ++verdict_.libc_internal[absl::StrCat(known, " ",
                                              expected.record.absolute)];
        return;
      }
    }
    if (!expected.excuse.empty()) {
      verdict_.excused.push_back(
          absl::StrCat(expected.excuse, ": ", Describe(pid_, expected.record)));
      return;
    }
    std::string text = Describe(pid_, expected.record);
    if (!expected.flags.empty()) {
      absl::StrAppend(&text, " (", expected.flags, ")");
    }
    verdict_.missing.push_back(std::move(text));
  }

  void Violation(absl::string_view what) {
    verdict_.violations.push_back(absl::StrCat("process ", pid_, ": ", what));
  }

  // A program that did not load the library has its line, and only that one;
  // and there is a reason why it did not.
  void Untraced(const Process& truth, const LoggedProcess& log) {
    std::multiset<std::string> lines(log.untraced.begin(), log.untraced.end());
    for (const Image& image : truth.images) {
      if (image.bypasses_libc) {
        Unseen(image.path, log);
        continue;
      }
      if (image.loaded) continue;
      auto line = std::find_if(
          lines.begin(), lines.end(), [&](const std::string& text) {
            return absl::StartsWith(text, absl::StrCat(image.path, ": "));
          });
      if (line == lines.end()) {
        if (!truth.visible || !image.announced) continue;
        Violation(absl::StrCat("no `# untraced` line for ", image.path));
      } else {
        verdict_.untraced.push_back(absl::StrCat(pid_, " ", *line));
        lines.erase(line);
      }
      if (image.began && !image.rooted &&
          options_.untraceable(image.path) == Untraceable::kNo) {
        Violation(absl::StrCat(image.path, " could have been traced"));
      }
    }
    for (const std::string& line : lines) {
      Violation(absl::StrCat("was traced, but the log says: untraced ", line));
    }
  }

  void Unseen(const std::string& path, const LoggedProcess& log) {
    for (const std::string& text : log.unseen) {
      if (!absl::StartsWith(text, absl::StrCat(path, ": "))) continue;
      verdict_.untraced.push_back(absl::StrCat(pid_, " ", text));
      return;
    }
    Violation(absl::StrCat("no `# unseen` line for ", path));
  }

  const CompareOptions& options_;
  Verdict& verdict_;
  Interner interner_;
  int pid_ = 0;
};

void AppendAll(absl::string_view title, const std::vector<std::string>& all,
               std::string* report) {
  for (const std::string& text : all) {
    absl::StrAppend(report, title, ": ", text, "\n");
  }
}

}  // namespace

Verdict Compare(const std::vector<Process>& truth, const Log& log,
                const CompareOptions& options) {
  Verdict verdict;
  verdict.violations = log.violations;
  Comparison comparison(options, &verdict);
  // The n-th process of a number is the n-th in both.
  std::map<int, std::vector<const LoggedProcess*>> logged;
  for (const LoggedProcess& process : log.processes) {
    logged[process.pid].push_back(&process);
  }
  std::map<int, size_t> used;
  for (const Process& process : truth) {
    ++verdict.processes;
    const std::vector<const LoggedProcess*>& same = logged[process.pid];
    size_t& next = used[process.pid];
    if (next < same.size()) {
      comparison.Both(process, *same[next++]);
    } else {
      comparison.OnlyTruth(process);
    }
  }
  for (const auto& entry : logged) {
    for (size_t i = used[entry.first]; i < entry.second.size(); ++i) {
      comparison.OnlyLog(*entry.second[i]);
    }
  }
  return verdict;
}

std::string Verdict::Report() const {
  int internal = 0;
  for (const auto& entry : libc_internal) internal += entry.second;
  std::string report = absl::StrCat(
      processes, " processes, ", records, " records, ", matched, " matched, ",
      missing.size(), " missing, ", extra.size(), " extra, ", misordered.size(),
      " misordered, ", violations.size(), " violations, ", respelled.size(),
      " respelled, ", reformed.size(), " reformed, ", interrupted.size(),
      " interrupted, ", excused.size(), " excused, ", internal,
      " libc-internal, ", untraced.size(), " untraced, ", unverified,
      " unverified\n");
  AppendAll("missing", missing, &report);
  AppendAll("extra", extra, &report);
  AppendAll("misordered", misordered, &report);
  AppendAll("violation", violations, &report);
  AppendAll("respelled", respelled, &report);
  AppendAll("reformed", reformed, &report);
  AppendAll("interrupted", interrupted, &report);
  AppendAll("excused", excused, &report);
  AppendAll("untraced", untraced, &report);
  for (const auto& entry : libc_internal) {
    absl::StrAppend(&report, "libc-internal: ", entry.second, "x ", entry.first,
                    "\n");
  }
  return report;
}

}  // namespace truth
}  // namespace filemon
