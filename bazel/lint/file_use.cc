#include "bazel/lint/file_use.h"

#include <sys/types.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/log_reader.h"
#include "core/paths.h"

namespace filemon::lint {
namespace {

absl::string_view Folder(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return "";
  return path.substr(0, slash == 0 ? 1 : slash);
}

std::string Joined(absl::string_view folder, absl::string_view name) {
  return CleanPath(JoinPath(folder, name));
}

// Removes `folder` and all in it, and returns them.
std::vector<std::string> TakeAtOrBelow(absl::string_view folder,
                                       FileUse::Paths* paths) {
  std::vector<std::string> taken;
  auto path = paths->lower_bound(std::string(folder));
  while (path != paths->end() && absl::StartsWith(*path, folder)) {
    if (IsAtOrBelow(*path, folder)) {
      taken.push_back(*path);
      path = paths->erase(path);
    } else {
      ++path;
    }
  }
  return taken;
}

bool HasBelow(const FileUse::Paths& paths, absl::string_view folder) {
  const std::string inside = absl::EndsWith(folder, "/")
                                 ? std::string(folder)
                                 : absl::StrCat(folder, "/");
  const auto path = paths.lower_bound(inside);
  return path != paths.end() && absl::StartsWith(*path, inside);
}

class Reader {
 public:
  void Take(const LogRecord& record);

  FileUse Finish();

 private:
  void TakeComment(absl::string_view text);
  void Read(const std::string& path);
  void Write(pid_t pid, const std::string& path);
  void Create(const std::string& path);
  void Delete(const std::string& path);
  void Rename(const std::string& from, const std::string& to);
  void Link(pid_t pid, const LogRecord& record);
  // `path` with a symbolic link in it, made by the action, replaced.
  std::string Followed(std::string path) const;

  FileUse use_;
  pid_t target_ = 0;
  absl::flat_hash_map<pid_t, std::string> folders_;
  // Of each process the last record, where it was an R.
  absl::flat_hash_map<pid_t, std::string> last_read_;
  absl::flat_hash_map<std::string, std::string> links_;
};

void Reader::Take(const LogRecord& record) {
  if (record.letter == '#') return TakeComment(record.path);
  if (record.letter == 'V' || record.letter == 'A') return;
  std::string& folder = folders_[record.pid];
  const std::string path = Joined(folder, record.path);
  switch (record.letter) {
    case 'C':
      folder = path;
      use_.folders.insert(path);
      break;
    case 'E':
      if (use_.program.empty()) use_.program = path;
      Read(path);
      break;
    case 'R':
      Read(path);
      last_read_[record.pid] = path;
      return;
    case 'W':
      Write(record.pid, path);
      break;
    case 'D':
      Delete(path);
      break;
    case 'M':
      Rename(path, Joined(folder, record.second_path));
      break;
    case 'L':
      Link(record.pid, record);
      break;
    case 'F': {
      std::string inherited = folder;
      folders_[record.number] = std::move(inherited);
      break;
    }
    case 'X':
      if (record.pid == target_) {
        use_.status = record.number;
        use_.signal = record.signal;
      }
      break;
    default:
      break;
  }
  last_read_.erase(record.pid);
}

void Reader::TakeComment(absl::string_view text) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(text, absl::MaxSplits(' ', 2));
  if (absl::StartsWith(text, "Target pid ")) {
    int pid;
    if (absl::SimpleAtoi(words.back(), &pid)) target_ = pid;
  } else if (words[0] == "Start" && words.size() > 1) {
    double start;
    if (absl::SimpleAtod(words[1], &start)) use_.start = start;
  } else if (text == "Bye bye") {
    use_.complete = true;
  } else if (words[0] == "untraced" && words.size() == 3) {
    // "PID PATH: reason". What was killed at once has read nothing.
    const size_t colon = std::min(words[2].rfind(": "), words[2].size());
    if (!absl::StrContains(words[2].substr(colon), "ended before")) {
      use_.untraced.emplace(words[2].substr(0, colon));
    }
  } else if (words[0] == "lost" || words[0] == "running" ||
             words[0] == "dropped") {
    use_.gaps = true;
  }
}

std::string Reader::Followed(std::string path) const {
  // A chain of links that is longer than the kernel's limit could not be read.
  for (int i = 0; i < 40; ++i) {
    absl::string_view link = path;
    auto found = links_.end();
    for (; !link.empty() && link != "/"; link = Folder(link)) {
      found = links_.find(link);
      if (found != links_.end()) break;
    }
    if (found == links_.end()) break;
    path = CleanPath(absl::StrCat(found->second, path.substr(link.size())));
  }
  return path;
}

void Reader::Read(const std::string& path) {
  if (links_.empty()) {
    if (!use_.ever_written.contains(path)) use_.read.insert(path);
    return;
  }
  std::string followed = Followed(path);
  if (!use_.ever_written.contains(followed)) {
    use_.read.insert(std::move(followed));
  }
}

void Reader::Write(pid_t pid, const std::string& path) {
  // O_RDWR is an R and a W. Most of the time it creates the file.
  const auto last = last_read_.find(pid);
  if (last != last_read_.end() && last->second == path &&
      !use_.ever_written.contains(path)) {
    use_.read.erase(path);
    use_.touched.insert(path);
  }
  Create(Followed(path));
}

void Reader::Create(const std::string& path) {
  use_.written.insert(path);
  use_.ever_written.insert(path);
}

void Reader::Delete(const std::string& path) {
  links_.erase(path);
  TakeAtOrBelow(path, &use_.written);
  use_.read.erase(path);
}

void Reader::Rename(const std::string& from, const std::string& to) {
  use_.touched.insert(from);
  const auto link = links_.extract(from);
  if (!link.empty()) links_[to] = link.mapped();
  for (const std::string& path : TakeAtOrBelow(from, &use_.written)) {
    Create(absl::StrCat(to, path.substr(from.size())));
  }
  Create(to);
}

void Reader::Link(pid_t pid, const LogRecord& record) {
  const std::string& folder = folders_[pid];
  const std::string link = Joined(folder, record.second_path);
  const absl::string_view target = record.path;
  const std::string from_link = Joined(Folder(link), target);
  // The target of a hard link is relative to the process's folder, that of a
  // symbolic link to the link's; the log does not tell one from the other.
  use_.touched.insert(from_link);
  use_.touched.insert(Joined(folder, target));
  Create(link);
  if (absl::StartsWith(target, "/") || absl::StartsWith(target, "../") ||
      !absl::StrContains(target, '/')) {
    links_[link] = from_link;
  }
}

FileUse Reader::Finish() {
  // A folder that it has made itself: mkdir is not in a log.
  for (auto path = use_.read.begin(); path != use_.read.end();) {
    if (HasBelow(use_.ever_written, *path)) {
      path = use_.read.erase(path);
    } else {
      ++path;
    }
  }
  return std::move(use_);
}

}  // namespace

bool IsAtOrBelow(absl::string_view path, absl::string_view folder) {
  return absl::ConsumePrefix(&path, folder) &&
         (path.empty() || path[0] == '/' || folder.empty() ||
          absl::EndsWith(folder, "/"));
}

FileUse ReadFileUse(absl::string_view log) {
  Reader reader;
  std::string malformed;
  size_t line_number = 0;
  while (!log.empty()) {
    ++line_number;
    const size_t end = log.find('\n');
    // The writer was cut off in the middle of a line.
    if (end == log.npos) break;
    const auto record = ParseLogLine(log.substr(0, end));
    log.remove_prefix(end + 1);
    if (record.ok()) {
      reader.Take(*record);
    } else if (malformed.empty()) {
      malformed =
          absl::StrCat("line ", line_number, ": ", record.status().message());
    }
  }
  FileUse use = reader.Finish();
  use.malformed = std::move(malformed);
  return use;
}

}  // namespace filemon::lint
