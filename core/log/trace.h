// What a log says, as processes, files and events.
#ifndef FILEMON_CORE_LOG_TRACE_H_
#define FILEMON_CORE_LOG_TRACE_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "core/log/names.h"
#include "core/log_reader.h"

namespace filemon::log {

// A process: itself, not its number, which may come again for another.
struct Process {
  // An image that it has run.
  struct Image {
    NameId path;
    // As `# argv` has it; empty if the log was made without --commands.
    std::string argv;
  };

  pid_t pid = 0;
  // Null of the first one, and where the log has no F.
  const Process* parent = nullptr;
  // Its number in the order of appearance, from 0.
  size_t index = 0;
  std::vector<Image> images;
  // Its directory now; kNoName where the log does not tell.
  NameId directory = kNoName;
  bool ended = false;
  int status = 0;
  int signal = 0;
  // Seconds since the epoch, of its fork and its end; 0 without --commands.
  double start = 0;
  double end = 0;
  // Its last image ran without the library.
  bool untraced = false;
};

// The program that `process` runs, or that its nearest ancestor with one ran
// when it was forked; kNoName if there is none.
NameId ProgramOf(const Process& process);

enum class Action : uint8_t {
  kRead,
  kWrite,
  kExecute,
  kDelete,
  kRename,  // file -> second
  kLink,    // second -> what `text` says; `file` is that from the directory of
            // the process
  kEnter,   // changed its directory
  kProbe,   // asked about it, and it was there
  kAbsent,  // asked about it, and it was not there
};

struct Event {
  Action action;
  const Process* process;
  NameId file;
  NameId second = kNoName;
  absl::string_view text = {};
};

// Who follows a trace while it is read.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void On(const Event& event) = 0;
  // `process` has begun (its parent is known), runs another image, has ended.
  virtual void OnBegin(const Process&) {}
  virtual void OnImage(const Process&) {}
  virtual void OnEnd(const Process&) {}
};

// Why a log does not have everything, by the first word of the comment that
// says so.
enum class Gap {
  kUntraced,
  kUnseen,
  kLost,
  kDropped,
  kRefused,
  kUnproven,
  kRunning,
  kUnknownStatus,
  kUnknownDirectory,
  kMalformed,   // lines that are no records
  kIncomplete,  // no `# Bye bye`
};
inline constexpr size_t kGaps = static_cast<size_t>(Gap::kIncomplete) + 1;

// One or more logs that are read one after the other. Memory grows with names
// and processes, not with records.
//
// Names are made absolute as far as the log tells from where they count, and
// clean. A newline in a name, which is written as two characters, stays so.
//
// Not thread-safe.
class Trace {
 public:
  // `listener` outlives this object; null for none.
  explicit Trace(Listener* listener) : listener_(listener) {}

  // Who follows from now on; outlives this object.
  void Follow(Listener* listener) { listener_ = listener; }

  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  // Another log begins, of which the lines come; `name` is for messages.
  void Begin(absl::string_view name);
  void Line(absl::string_view text);
  // The log that was begun last ends; `cut_off` if in the middle of a line.
  void End(bool cut_off);

  const Names& names() const { return names_; }
  Names* mutable_names() { return &names_; }
  // In the order of appearance.
  const std::deque<Process>& processes() const { return processes_; }
  // How many of each kind there are.
  size_t gaps(Gap gap) const { return gaps_[static_cast<size_t>(gap)]; }
  bool complete() const;
  // The lines that tell of gaps, in the order of the logs; at most
  // kMaxExplained of them.
  static constexpr size_t kMaxExplained = 1000;
  const std::vector<std::string>& explanations() const { return explanations_; }
  // The first line that was no record, with its number; empty if there was
  // none.
  const std::string& malformed() const { return malformed_; }
  // True if no line of the last log was one of filemon's.
  bool is_no_log() const { return !has_records_; }

  // The header of the first log that has these.
  const std::string& cwd() const { return cwd_; }
  const std::string& command() const { return command_; }
  const std::string& version() const { return version_; }
  double start() const { return start_; }
  double stop() const { return stop_; }
  // The process that the last log began with; null if it is in no record.
  const Process* target() const { return target_; }
  uint64_t records() const { return records_; }

 private:
  // A line of the file before the log begins.
  void BeforeLog(absl::string_view text);
  void Comment(absl::string_view text);
  void Explain(Gap gap, absl::string_view text);
  Process* Known(pid_t pid);
  Process* Add(pid_t pid, const Process* parent);
  NameId Resolve(const Process& process, absl::string_view name);
  void Tell(const Event& event) {
    if (listener_ != nullptr) listener_->On(event);
  }

  Listener* listener_;
  Names names_;
  std::deque<Process> processes_;
  absl::flat_hash_map<pid_t, Process*> by_pid_;
  Process* last_ = nullptr;  // the one of the last record
  std::array<size_t, kGaps> gaps_{};
  std::vector<std::string> explanations_;
  std::string malformed_;
  std::string log_name_;
  size_t line_number_ = 0;
  bool has_records_ = false;
  bool is_meta_file_ = false;  // of bmake: its own lines come first
  bool said_bye_ = false;
  pid_t target_pid_ = 0;
  const Process* target_ = nullptr;
  NameId first_directory_ = kNoName;
  std::string cwd_;
  std::string command_;
  std::string version_;
  double start_ = 0;
  double stop_ = 0;
  uint64_t records_ = 0;
  std::string path_;  // for Resolve(); kept for its memory
};

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_TRACE_H_
