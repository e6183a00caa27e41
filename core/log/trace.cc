#include "core/log/trace.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/paths.h"

namespace filemon::log {
namespace {

struct GapWord {
  absl::string_view word;
  Gap gap;
};

// filemon(5), the comment lines. "unknown" is told by its second word.
constexpr GapWord kGapWords[] = {
    {"untraced", Gap::kUntraced}, {"unseen", Gap::kUnseen},
    {"lost", Gap::kLost},         {"dropped", Gap::kDropped},
    {"refused", Gap::kRefused},   {"unproven", Gap::kUnproven},
    {"running", Gap::kRunning},
};

absl::string_view TakeWord(absl::string_view* text) {
  const size_t blank = text->find(' ');
  const absl::string_view word = text->substr(0, blank);
  text->remove_prefix(blank == text->npos ? text->size() : blank + 1);
  return word;
}

// The reader of bmake's kind is generous: it takes any line whose first word
// begins with a letter.
bool IsRecord(absl::string_view text, const LogLine& line) {
  if (line.letter == '#') return true;
  if (text.size() < 2 || text[1] != ' ') return false;
  return line.letter == 'V'
             ? line.number > 0
             : line.pid > 0 &&
                   absl::StrContains("ACDEFLMRWX", text.substr(0, 1));
}

pid_t TakePid(absl::string_view* text) {
  int pid = 0;
  return absl::SimpleAtoi(TakeWord(text), &pid) ? pid : 0;
}

// Where a log begins: if it stands alone its header may be missing.
bool IsHeader(absl::string_view text, bool is_meta_file) {
  LogLine line;
  return absl::StartsWith(text, "# filemon version ") ||
         (!is_meta_file && ReadLogLine(text, &line).empty() &&
          line.letter != '#' && IsRecord(text, line));
}

void SetOnce(absl::string_view text, std::string* out) {
  if (out->empty()) *out = std::string(text);
}

}  // namespace

NameId ProgramOf(const Process& process) {
  for (const Process* it = &process; it != nullptr; it = it->parent) {
    if (!it->images.empty()) return it->images.back().path;
  }
  return kNoName;
}

void Trace::Begin(absl::string_view name) {
  log_name_ = std::string(name);
  line_number_ = 0;
  has_records_ = false;
  is_meta_file_ = false;
  said_bye_ = false;
  target_pid_ = 0;
  first_directory_ = kNoName;
  by_pid_.clear();
  last_ = nullptr;
}

void Trace::End(bool cut_off) {
  if (!said_bye_) {
    Explain(Gap::kIncomplete,
            absl::StrCat(log_name_, cut_off ? ": ends in the middle of a line"
                                            : ": ends without its last line"));
  }
}

bool Trace::complete() const {
  for (const size_t count : gaps_) {
    if (count > 0) return false;
  }
  return true;
}

void Trace::Line(absl::string_view text) {
  ++line_number_;
  // bmake writes lines of its own before filemon's.
  if (!has_records_ && !IsHeader(text, is_meta_file_)) return BeforeLog(text);
  has_records_ = true;
  LogLine line;
  absl::string_view wrong = ReadLogLine(text, &line);
  if (wrong.empty() && !IsRecord(text, line)) wrong = "no record";
  if (!wrong.empty()) {
    ++gaps_[static_cast<size_t>(Gap::kMalformed)];
    if (malformed_.empty()) {
      malformed_ =
          absl::StrCat(log_name_, ": line ", line_number_, ": ", wrong);
    }
    return;
  }
  if (line.letter == '#') return Comment(line.path);
  if (line.letter == 'V') return;
  ++records_;
  Process* const process = Known(line.pid);
  switch (line.letter) {
    case 'R':
      return Tell(
          {Action::kRead, process, Resolve(*process, line.path), kNoName});
    case 'W':
      return Tell(
          {Action::kWrite, process, Resolve(*process, line.path), kNoName});
    case 'D':
      return Tell(
          {Action::kDelete, process, Resolve(*process, line.path), kNoName});
    case 'E': {
      const NameId path = Resolve(*process, line.path);
      process->images.push_back({path, ""});
      process->untraced = false;
      if (listener_ != nullptr) listener_->OnImage(*process);
      return Tell({Action::kExecute, process, path, kNoName});
    }
    case 'C':
      process->directory = Resolve(*process, line.path);
      return Tell({Action::kEnter, process, process->directory, kNoName});
    case 'M':
      return Tell({Action::kRename, process, Resolve(*process, line.path),
                   Resolve(*process, line.second_path)});
    case 'L':
      return Tell({Action::kLink, process, Resolve(*process, line.path),
                   Resolve(*process, line.second_path), line.path});
    case 'F':
      Add(line.number, process);
      return;
    case 'X':
      process->ended = true;
      process->status = line.number;
      process->signal = line.signal;
      if (listener_ != nullptr) listener_->OnEnd(*process);
      return;
    default:
      return;  // A: the next record has the absolute path
  }
}

void Trace::BeforeLog(absl::string_view text) {
  // What a command printed may look like anything.
  if (line_number_ == 1) {
    is_meta_file_ = absl::StartsWith(text, "# Meta data file");
  }
  if (!absl::ConsumePrefix(&text, "CWD /")) return;
  SetOnce(absl::StrCat("/", text), &cwd_);
  first_directory_ = names_.Add(CleanPath(cwd_));
}

void Trace::Comment(absl::string_view text) {
  absl::string_view rest = text;
  const absl::string_view word = TakeWord(&rest);
  if (word == "probed" || word == "absent") {
    const pid_t pid = TakePid(&rest);
    Process* const process = Known(pid);
    return Tell({word == "probed" ? Action::kProbe : Action::kAbsent, process,
                 Resolve(*process, rest), kNoName});
  }
  if (word == "argv") {
    Process* const process = Known(TakePid(&rest));
    if (!process->images.empty()) {
      process->images.back().argv = std::string(rest);
    }
    return;
  }
  if (word == "time") {
    Process* const process = Known(TakePid(&rest));
    double seconds;
    if (!absl::SimpleAtod(rest, &seconds)) return;
    (process->start == 0 ? process->start : process->end) = seconds;
    return;
  }
  if (word == "Target" && absl::ConsumePrefix(&rest, "pid ")) {
    target_pid_ = TakePid(&rest);
    return;
  }
  if (word == "Start" || word == "Stop") {
    double seconds;
    if (!absl::SimpleAtod(rest, &seconds)) return;
    double& value = word == "Start" ? start_ : stop_;
    // Of several logs the first start and the last stop.
    if (value == 0 || (word == "Stop" && seconds > value)) value = seconds;
    return;
  }
  if (word == "Cwd") {
    SetOnce(rest, &cwd_);
    first_directory_ = names_.Add(CleanPath(rest));
    return;
  }
  if (word == "Command") return SetOnce(rest, &command_);
  if (word == "Version") return SetOnce(rest, &version_);
  if (text == "Bye bye") {
    said_bye_ = true;
    return;
  }
  if (word == "unknown") {
    return Explain(absl::StartsWith(rest, "exit") ? Gap::kUnknownStatus
                                                  : Gap::kUnknownDirectory,
                   text);
  }
  for (const GapWord& known : kGapWords) {
    if (known.word != word) continue;
    if (known.gap == Gap::kUntraced) Known(TakePid(&rest))->untraced = true;
    return Explain(known.gap, text);
  }
}

void Trace::Explain(Gap gap, absl::string_view text) {
  ++gaps_[static_cast<size_t>(gap)];
  if (explanations_.size() < kMaxExplained) {
    explanations_.emplace_back(text);
  }
}

Process* Trace::Known(pid_t pid) {
  if (last_ != nullptr && last_->pid == pid) return last_;
  Process*& known = by_pid_[pid];
  if (known == nullptr) {
    Process* const added = Add(pid, nullptr);
    added->directory = first_directory_;
    return last_ = added;
  }
  return last_ = known;
}

Process* Trace::Add(pid_t pid, const Process* parent) {
  processes_.emplace_back();
  Process* const process = &processes_.back();
  process->pid = pid;
  process->parent = parent;
  process->index = processes_.size() - 1;
  if (parent != nullptr) process->directory = parent->directory;
  if (pid == target_pid_ && parent == nullptr) target_ = process;
  by_pid_[pid] = process;
  if (last_ != nullptr && last_->pid == pid) last_ = nullptr;
  if (listener_ != nullptr) listener_->OnBegin(*process);
  return process;
}

NameId Trace::Resolve(const Process& process, absl::string_view name) {
  if (IsCleanPath(name)) return names_.Add(name);
  path_.clear();
  if (process.directory != kNoName) {
    const absl::string_view directory = names_[process.directory];
    path_.assign(directory.data(), directory.size());
  }
  AppendPath(name, &path_);
  if (!IsCleanPath(path_)) CleanInPlace(&path_);
  return names_.Add(path_);
}

}  // namespace filemon::log
