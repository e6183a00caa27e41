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
    std::map<int, bool> before;  // by thread
    for (size_t i = 0; i < keys.size(); ++i) {
      const Expected& e = truth.records[i];
      if (e.interrupted || before[e.tid]) ++left_[keys[i].exact];
      before[e.tid] = e.interrupted;
    }
  }
  bool Take(int exact) {
    auto found = left_.find(exact);
    return found != left_.end() && found->second-- > 0;
  }

 private:
  std::unordered_map<int, int> left_;
};

bool IsNotOurs(Cause cause) {
  return cause == Cause::kUntracedImage || cause == Cause::kUntracedProcess ||
         cause == Cause::kOwnDoing || cause == Cause::kTooDeep;
}

// In an honest session nobody is doubted, and nothing is lost.
bool IsDoubt(absl::string_view comment) {
  for (absl::string_view what : {"refused", "unproven", "lost", "dropped"}) {
    if (absl::StartsWith(comment, absl::StrCat("# ", what, " "))) return true;
  }
  return false;
}

class Comparison {
 public:
  Comparison(const CompareOptions& options, Verdict* verdict)
      : options_(options), verdict_(*verdict) {}

  void Both(const Process& truth, const LoggedProcess& log) {
    pid_ = truth.pid;
    Untraced(truth, log);
    if (!truth.ended) Violation("strace saw no end of it");
    if (truth.stray) Violation("strace saw nobody make it");
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
    std::vector<bool> there(expected.size(), false);
    for (size_t i = 0; i < alignment.size(); ++i) {
      if (alignment[i] >= 0) {
        there[i] = true;
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
      taken[j] = there[i] = true;
      Match(truth.records[i], log.records[j]);
      if (truth.threaded) continue;
      OutOfOrder(expected[i], log.records[j], &interruptions);
    }
    if (truth.threaded) {
      ThreadsInOrder(truth, expected, found, there, &interruptions);
    }
    for (size_t j = 0; j < found.size(); ++j) {
      if (!taken[j]) {
        verdict_.extra.push_back(Describe(pid_, log.records[j]));
      }
    }
  }

  void OnlyTruth(const Process& truth) {
    pid_ = truth.pid;
    if (truth.stray) Violation("strace saw nobody make it");
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
  void OutOfOrder(const Key& key, const Record& found,
                  Interruptions* interruptions) {
    (interruptions->Take(key.exact) ? verdict_.interrupted
                                    : verdict_.misordered)
        .push_back(Describe(pid_, found));
  }

  // The log does not say which thread of a process made a record. But each
  // thread's records must stand in it in the order of its calls, whatever
  // stands between them.
  void ThreadsInOrder(const Process& truth, const std::vector<Key>& expected,
                      const std::vector<Key>& found,
                      const std::vector<bool>& there,
                      Interruptions* interruptions) {
    std::map<int, std::vector<size_t>> threads;
    for (size_t i = 0; i < expected.size(); ++i) {
      if (truth.records[i].late) continue;
      threads[truth.records[i].tid].push_back(i);
    }
    for (const auto& thread : threads) {
      const std::vector<size_t>& records = thread.second;
      if (StandInOrder(records, expected, found, there)) continue;
      const std::vector<bool> placed = Placed(records, expected, found);
      // Which of several equal ones is missing cannot be told: only their
      // number counts.
      auto misplaced = std::count_if(records.begin(), records.end(),
                                     [&](size_t i) { return there[i]; }) -
                       std::count(placed.begin(), placed.end(), true);
      for (size_t i = 0; i < records.size() && misplaced > 0; ++i) {
        if (placed[i] || !there[records[i]]) continue;
        OutOfOrder(expected[records[i]], Wanted(truth.records[records[i]]),
                   interruptions);
        --misplaced;
      }
    }
  }

  // Whether those of one thread's records that are there can be found one
  // behind the other.
  static bool StandInOrder(const std::vector<size_t>& records,
                           const std::vector<Key>& expected,
                           const std::vector<Key>& found,
                           const std::vector<bool>& there) {
    size_t next = 0;
    for (const size_t i : records) {
      if (!there[i]) continue;
      while (next < found.size() && !Same(expected[i], found[next])) ++next;
      if (next++ == found.size()) return false;
    }
    return true;
  }

  // For each of one thread's records whether it has a place in the longest
  // sequence that can be found.
  static std::vector<bool> Placed(const std::vector<size_t>& records,
                                  const std::vector<Key>& expected,
                                  const std::vector<Key>& found) {
    std::vector<Key> of_thread;  // what other threads did is left out
    for (const Key& key : found) {
      const auto same = [&](size_t i) { return Same(expected[i], key); };
      if (std::any_of(records.begin(), records.end(), same)) {
        of_thread.push_back(key);
      }
    }
    const Alignment alignment = Align(
        static_cast<int>(records.size()), static_cast<int>(of_thread.size()),
        [&](int i, int j) { return Same(expected[records[i]], of_thread[j]); });
    std::vector<bool> placed;
    for (size_t i = 0; i < records.size(); ++i) {
      placed.push_back(alignment[i] >= 0);
    }
    return placed;
  }

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
    if (IsNotOurs(expected.excuse)) {
      ++verdict_.not_ours[expected.excuse];
      return;
    }
    if (expected.excuse == Cause::kGetcwd) {
      ++verdict_.libc_internal[std::string(CauseName(expected.excuse))];
      return;
    }
    if (expected.record.letter == 'R') {
      const absl::string_view known =
          LibcInternalClass(expected.record.absolute, expected.flags);
      if (!known.empty()) {
        ++verdict_.libc_internal[absl::StrCat(known, " ",
                                              expected.record.absolute)];
        return;
      }
    }
    if (expected.excuse != Cause::kNone) {
      verdict_.excused.push_back(absl::StrCat(CauseName(expected.excuse), ": ",
                                              Describe(pid_, expected.record)));
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
      bool lists = false;
      if (line == lines.end()) {
        if (!truth.visible || !image.announced) continue;
        Violation(absl::StrCat("no `# untraced` line for ", image.path));
      } else {
        verdict_.untraced.push_back(absl::StrCat(pid_, " ", *line));
        // strace does not show the variable by which ldd(1) asks for that.
        lists = absl::StrContains(*line, ": lists its libraries");
        lines.erase(line);
      }
      if (image.began && !image.rooted && !lists &&
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

// The lives of one process id, in their order.
struct Lives {
  std::vector<const Process*> truth;
  std::vector<const LoggedProcess*> log;
};

// How much speaks for it that the two are one life: its parent, and what it
// did.
int Likeness(const Process& truth, const LoggedProcess& log) {
  std::map<std::pair<char, absl::string_view>, int> left;
  for (const Record& r : log.records) ++left[{r.letter, r.text}];
  int likeness = truth.parent == log.parent ? 2 : 0;
  for (const Expected& e : truth.records) {
    if (left[{e.record.letter, e.record.text}]-- > 0) ++likeness;
  }
  return likeness;
}

// Which life in the log is which of the kernel's. The n-th is not the n-th when
// one is missing: their order stays, and the likeness of all pairs is greatest.
std::vector<std::pair<const Process*, const LoggedProcess*>> PairLives(
    const Lives& lives) {
  std::vector<std::pair<const Process*, const LoggedProcess*>> pairs;
  const size_t n = lives.truth.size(), m = lives.log.size();
  if (n == 1 && m == 1) return {{lives.truth[0], lives.log[0]}};
  // best[i][j]: of the lives from the i-th and the j-th on. That two of one
  // number are in both is worth something by itself.
  std::vector<std::vector<int>> like(n, std::vector<int>(m));
  std::vector<std::vector<int>> best(n + 1, std::vector<int>(m + 1, 0));
  for (size_t i = n; i-- > 0;) {
    for (size_t j = m; j-- > 0;) {
      like[i][j] = 1 + Likeness(*lives.truth[i], *lives.log[j]);
      best[i][j] = std::max(
          {best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + like[i][j]});
    }
  }
  for (size_t i = 0, j = 0; i < n && j < m;) {
    if (best[i][j] == best[i + 1][j + 1] + like[i][j]) {
      pairs.emplace_back(lives.truth[i++], lives.log[j++]);
    } else {
      ++(best[i][j] == best[i + 1][j] ? i : j);
    }
  }
  return pairs;
}

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
  for (const std::string& comment : log.comments) {
    if (IsDoubt(comment)) verdict.doubted.push_back(comment);
  }
  Comparison comparison(options, &verdict);
  std::map<int, Lives> lives;
  for (const Process& process : truth) {
    lives[process.pid].truth.push_back(&process);
  }
  for (const LoggedProcess& process : log.processes) {
    lives[process.pid].log.push_back(&process);
  }
  std::map<const Process*, const LoggedProcess*> partners;
  std::set<const LoggedProcess*> paired;
  for (const auto& entry : lives) {
    for (const auto& pair : PairLives(entry.second)) {
      partners.insert(pair);
      paired.insert(pair.second);
    }
  }
  for (const Process& process : truth) {
    ++verdict.processes;
    const auto partner = partners.find(&process);
    if (partner != partners.end()) {
      comparison.Both(process, *partner->second);
    } else {
      comparison.OnlyTruth(process);
    }
  }
  for (const LoggedProcess& process : log.processes) {
    if (paired.count(&process) == 0) comparison.OnlyLog(process);
  }
  return verdict;
}

std::string Verdict::Report() const {
  int internal = 0;
  for (const auto& entry : libc_internal) internal += entry.second;
  int hidden = 0;
  for (const auto& entry : not_ours) hidden += entry.second;
  std::string report = absl::StrCat(
      processes, " processes, ", records, " records, ", matched, " matched, ",
      missing.size(), " missing, ", extra.size(), " extra, ", misordered.size(),
      " misordered, ", violations.size(), " violations, ", doubted.size(),
      " doubted, ", respelled.size(), " respelled, ", reformed.size(),
      " reformed, ", interrupted.size(), " interrupted, ", excused.size(),
      " excused, ", internal, " libc-internal, ", untraced.size(),
      " untraced, ", unverified, " unverified, ", hidden, " not ours\n");
  AppendAll("missing", missing, &report);
  AppendAll("extra", extra, &report);
  AppendAll("misordered", misordered, &report);
  AppendAll("violation", violations, &report);
  AppendAll("doubted", doubted, &report);
  AppendAll("respelled", respelled, &report);
  AppendAll("reformed", reformed, &report);
  AppendAll("interrupted", interrupted, &report);
  AppendAll("excused", excused, &report);
  AppendAll("untraced", untraced, &report);
  for (const auto& entry : not_ours) {
    absl::StrAppend(&report, "not ours: ", entry.second, "x ",
                    CauseName(entry.first), "\n");
  }
  for (const auto& entry : libc_internal) {
    absl::StrAppend(&report, "libc-internal: ", entry.second, "x ", entry.first,
                    "\n");
  }
  return report;
}

}  // namespace truth
}  // namespace filemon
