#include "tests/kernel_truth/log.h"

#include <map>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/log_reader.h"

namespace filemon {
namespace truth {
namespace {

class Reader {
 public:
  explicit Reader(const std::string& cwd) : root_cwd_(cwd) {}

  Log Read(absl::string_view text) {
    if (!absl::StartsWith(text, "# filemon version 5\n")) {
      Violation("no header");
    }
    if (!absl::ConsumeSuffix(&text, "\n")) Violation("a last line without end");
    bool said_bye = false;
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      ++number_;
      if (said_bye) Violation("text behind the trailer");
      said_bye = line == "# Bye bye";
      Line(line);
    }
    if (!said_bye) Violation("no trailer");
    if (log_.target == 0) Violation("no target pid");
    if (!has_version_) Violation("no V 5");
    return std::move(log_);
  }

 private:
  void Violation(absl::string_view what) {
    log_.violations.push_back(absl::StrCat("line ", number_, ": ", what));
  }

  void Line(absl::string_view line) {
    const absl::StatusOr<LogRecord> readable = ParseLogLine(line);
    if (!readable.ok()) Violation(readable.status().message());
    if (absl::StartsWith(line, "#")) return Comment(line);
    if (line == "V 5") {
      has_version_ = true;
      return;
    }
    const absl::string_view whole = line;
    Record record;
    const std::vector<absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(' ', 2));
    int pid;
    if (parts.size() != 3 || parts[0].size() != 1 ||
        !absl::StrContains("ACDEFLMRWX", parts[0]) ||
        !absl::SimpleAtoi(parts[1], &pid)) {
      return Violation(absl::StrCat("no record: ", whole));
    }
    record.letter = parts[0][0];
    record.text = std::string(parts[2]);
    Take(pid, std::move(record));
  }

  void Comment(absl::string_view line) {
    log_.comments.emplace_back(line);
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::MaxSplits(' ', 3));
    if (words.size() < 3) return Violation("a comment of one word");
    if (number_ > 1 && words[1] == "filemon")
      return Violation("a second header");
    int pid;
    if (absl::StartsWith(line, "# Target pid ")) {
      if (!absl::SimpleAtoi(words[3], &log_.target)) Violation("no target pid");
    } else if (words[1] == "untraced" && words.size() == 4 &&
               absl::SimpleAtoi(words[2], &pid)) {
      Of(pid).untraced.emplace_back(words[3]);
    } else if (words[1] == "unseen" && words.size() == 4 &&
               absl::SimpleAtoi(words[2], &pid)) {
      Of(pid).unseen.emplace_back(words[3]);
    }
  }

  LoggedProcess& Of(int pid) {
    auto found = current_.find(pid);
    if (found != current_.end()) return log_.processes[found->second];
    current_[pid] = log_.processes.size();
    log_.processes.emplace_back();
    log_.processes.back().pid = pid;
    log_.processes.back().parent = parent_[pid];
    if (pid == log_.target) {
      cwd_[pid] = root_cwd_;
    } else if (cwd_.count(pid) == 0) {
      Violation(absl::StrCat("no F before the first record of ", pid));
      cwd_[pid] = root_cwd_;
    }
    return log_.processes.back();
  }

  void Take(int pid, Record record) {
    if (!at_names_.empty() && at_pid_ != pid) {
      Violation("an A without its record");
      at_names_.clear();
    }
    if (record.letter == 'A') {
      at_pid_ = pid;
      at_names_.push_back(record.text);
      return;
    }
    record.at_names = std::move(at_names_);
    at_names_.clear();
    LoggedProcess& process = Of(pid);
    CompleteReadWrite(process, &record);
    record.absolute = AbsoluteText(record, cwd_[pid]);
    if (record.letter == 'C') cwd_[pid] = Absolute(cwd_[pid], record.text);
    if (record.letter == 'F') Forked(pid, record.text);
    if (record.letter == 'X') {
      // A later record of this pid needs an F first.
      current_.erase(pid);
      cwd_.erase(pid);
      parent_.erase(pid);
    }
    process.records.push_back(std::move(record));
  }

  void Forked(int parent, absl::string_view text) {
    int child;
    if (!absl::SimpleAtoi(text, &child)) return Violation("F without a child");
    if (current_.count(child) > 0) {
      Violation(absl::StrCat("F of ", child, ", which is there already"));
    }
    cwd_[child] = cwd_[parent];
    parent_[child] = parent;
  }

  // O_RDWR makes R and W of one open: an A in front of the R serves both.
  static void CompleteReadWrite(const LoggedProcess& process, Record* record) {
    if (record->letter != 'W' || !record->at_names.empty() ||
        process.records.empty()) {
      return;
    }
    const Record& last = process.records.back();
    if (last.letter == 'R' && last.text == record->text) {
      record->at_names = last.at_names;
    }
  }

  static std::string AbsoluteText(const Record& record,
                                  const std::string& cwd) {
    switch (record.letter) {
      case 'R':
      case 'W':
      case 'D':
        return Absolute(cwd, record.text);
      case 'M':
      case 'L': {
        absl::string_view names = record.text;
        const size_t middle = names.find("' '");
        if (middle == absl::string_view::npos ||
            !absl::ConsumePrefix(&names, "'") ||
            !absl::ConsumeSuffix(&names, "'")) {
          return record.text;
        }
        const absl::string_view a = names.substr(0, middle - 1);
        const absl::string_view b = names.substr(middle + 2);
        // The target of a symbolic link is no name yet; L does not tell which
        // kind it is.
        return Quoted(record.letter == 'M' ? Absolute(cwd, a) : std::string(a),
                      Absolute(cwd, b));
      }
      default:
        return record.text;
    }
  }

  const std::string root_cwd_;
  Log log_;
  int number_ = 0;
  bool has_version_ = false;
  std::map<int, size_t> current_;  // pid -> its process that has no X yet
  std::map<int, std::string> cwd_;
  std::map<int, int> parent_;
  int at_pid_ = 0;
  std::vector<std::string> at_names_;
};

}  // namespace

Log ReadLog(absl::string_view text, const std::string& cwd) {
  return Reader(cwd).Read(text);
}

}  // namespace truth
}  // namespace filemon
