#include "tests/kernel_truth/truth.h"

#include <fnmatch.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace filemon {
namespace truth {
namespace {

// As core/lanes.cc names it.
constexpr char kLanesFile[] = "/memfd:filemon lanes";

using Kind = StraceLine::Kind;

// No path longer than this has a name: getcwd(2) fails with ENAMETOOLONG.
constexpr size_t kMaxPath = 4095;

// The kernel follows at most so many scripts (fs/exec.c, exec_binprm()).
constexpr int kMaxScripts = 5;

bool IsForkCall(const StraceLine& line) {
  return line.call == "fork" || line.call == "vfork" || line.call == "clone" ||
         line.call == "clone3";
}

// strace cannot follow it: so libfilemon.so makes a child that runs a few calls
// with a table of descriptors of its own (interpose/apart.h).
bool IsUntraced(const StraceLine& line) {
  return std::any_of(line.args.begin(), line.args.end(),
                     [](const std::string& arg) {
                       return absl::StrContains(arg, "CLONE_UNTRACED");
                     });
}

bool IsFork(const StraceLine& line) {
  return line.succeeded && IsForkCall(line) && !IsUntraced(line);
}

// The caller was ended inside the call: the child may be there all the same.
bool IsUnfinishedFork(const StraceLine& line) {
  return line.kind == Kind::kCall && !line.succeeded && !line.failed &&
         IsForkCall(line);
}

bool MakesThread(const StraceLine& line) {
  for (const std::string& arg : line.args) {
    if (absl::StrContains(arg, "CLONE_THREAD")) return true;
  }
  return false;
}

bool IsExec(const StraceLine& line) {
  return line.call == "execve" || line.call == "execveat";
}

// An exec in a thread that is not the leader: strace closes this thread's
// stream here and goes on in the leader's.
bool MovesToLeader(const StraceLine& line) {
  return IsExec(line) && !line.args.empty() &&
         absl::StrContains(line.args.back(), "<pid changed to ");
}

bool HasFlag(absl::string_view flags, absl::string_view flag) {
  for (absl::string_view part : absl::StrSplit(flags, '|')) {
    if (part == flag) return true;
  }
  return false;
}

// What the library opens in a traced process for itself.
constexpr const char* kOwnDoings[] = {
    // To learn which child the parent of a popen() has just made.
    "/proc/[0-9]*/task/[0-9]*/children",
    // To learn its number in another namespace of pids.
    "/proc/self/stat",
    // To learn who its ancestors are.
    "/proc/[0-9]*/stat",
};

bool IsOwnDoing(absl::string_view path, absl::string_view flags) {
  return flags == "O_RDONLY|O_CLOEXEC" &&
         std::any_of(std::begin(kOwnDoings), std::end(kOwnDoings),
                     [&](const char* pattern) {
                       return fnmatch(pattern, std::string(path).c_str(), 0) ==
                              0;
                     });
}

absl::string_view BaseName(absl::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// The flags inside openat2's {flags=O_RDWR|O_CREAT, mode=0644, resolve=0}.
std::string FlagsOfHow(absl::string_view how) {
  const size_t begin = how.find("flags=");
  if (begin == absl::string_view::npos) return "";
  how.remove_prefix(begin + 6);
  return std::string(how.substr(0, how.find_first_of(",}")));
}

// A name as a program gives it to a call.
struct Name {
  std::string given;
  std::string dir;       // of the directory fd, or the current directory
  bool at_fd = false;    // relative to a directory fd, or to what has no name
  bool removed = false;  // the directory: its own name is in none
  // The directory lies outside of the process's root: it has no name at all.
  bool unreachable = false;
  // What the kernel says of the file, if it says it of this name.
  std::string opened;
  FollowLink follow;

  std::string Joined() const {
    return opened.empty() ? truth::Absolute(dir, given, follow) : opened;
  }
  // The name itself where the directory has none.
  std::string Absolute() const {
    return unreachable || dir.size() > kMaxPath ? Text() : Joined();
  }
  // As the log is to have it.
  std::string Text() const {
    if (!at_fd) return given;
    if (removed) return Joined();
    return absl::StrCat(dir == "/" ? "" : dir, "/", given);
  }
};

// glibc's posix_spawn() is the only one to clone() in this way; vfork() is a
// call of its own.
bool IsFailedSpawn(const StraceLine& fork, const Process& child) {
  const bool shares = std::any_of(
      fork.args.begin(), fork.args.end(), [](const std::string& arg) {
        return absl::StrContains(arg, "CLONE_VM|CLONE_VFORK");
      });
  return shares && child.images.empty() && child.ended &&
         child.records.back().record.text == "127 0";
}

// The temporary file of a sem_open() that makes a semaphore: six random letters
// behind the prefix of all semaphores (glibc's sysdeps/pthread/sem_open.c).
bool IsNewSemaphore(const Expected& e) {
  constexpr absl::string_view kPrefix = "/dev/shm/sem.";
  return e.record.letter == 'R' && e.flags == "O_RDWR|O_CREAT|O_EXCL" &&
         absl::StartsWith(e.record.text, kPrefix) &&
         e.record.text.size() == kPrefix.size() + 6;
}

// A new semaphore is opened under a random name, linked to its own, and the
// random one is unlinked. No wrapper can learn that name, and no reader of the
// log would want it: sem_open() is to be R and W of the semaphore's own name,
// and nothing if the link failed (EEXIST).
void ReadSemaphores(std::vector<Expected>* records) {
  for (size_t i = 0; i < records->size(); ++i) {
    if (!IsNewSemaphore((*records)[i])) continue;
    const std::string made = (*records)[i].record.text;
    const int tid = (*records)[i].tid;
    const std::string link = absl::StrCat("'", made, "' '");
    std::string name;
    for (size_t j = i; j < records->size();) {
      Record& record = (*records)[j].record;
      const bool links =
          record.letter == 'L' && absl::StartsWith(record.text, link);
      if (links) {
        name = record.text.substr(link.size());
        name.pop_back();
      }
      if (!links && record.text != made) {
        ++j;
        continue;
      }
      const bool last = record.letter == 'D';
      records->erase(records->begin() + j);
      if (last) break;
    }
    if (name.empty()) continue;
    Expected open;
    open.tid = tid;
    open.record.text = open.record.absolute = name;
    for (char letter : {'W', 'R'}) {
      open.record.letter = letter;
      records->insert(records->begin() + i, open);
    }
  }
}

void ReadModuleSearches(std::vector<Expected>* records) {
  for (size_t i = 1; i < records->size(); ++i) {
    if ((*records)[i].record.text == "/etc/ld.so.cache" &&
        (*records)[i - 1].record.text == "/etc/nsswitch.conf") {
      (*records)[i].excuse = Cause::kModuleSearch;
    }
  }
}

// What libc loads for itself: an NSS module (nss_files and nss_dns are part of
// glibc since 2.34), a converter of iconv(3)'s; and what it needs in its turn:
// ld.so opens these one after the other.
void ReadLibcsModules(std::vector<Expected>* records) {
  const auto is_library = [](const Expected& e) {
    return e.record.letter == 'R' && e.flags == "O_RDONLY|O_CLOEXEC" &&
           absl::StrContains(BaseName(e.record.text), ".so");
  };
  for (size_t i = 0; i < records->size(); ++i) {
    const absl::string_view path = (*records)[i].record.text;
    const bool is_converter =
        absl::StrContains(path, "/gconv/") && absl::EndsWith(path, ".so");
    if (!absl::StartsWith(BaseName(path), "libnss_") && !is_converter) {
      continue;
    }
    const bool searched =
        i > 0 && (*records)[i - 1].record.text == "/etc/ld.so.cache";
    if (searched) (*records)[i - 1].late = true;
    for (; i < records->size() && is_library((*records)[i]); ++i) {
      (*records)[i].late = true;
    }
  }
}

class Tree {
 public:
  Tree(const StraceFiles& files, const Lookup& lookup)
      : files_(files), lookup_(lookup) {
    for (const auto& file : files) FindLives(file.first, file.second);
  }

  absl::Status AddRoot(int root, const std::string& cwd) {
    const absl::optional<Life> life = FindLife(root, 0);
    if (!life.has_value()) return SaysNothing(root);
    const int filemon = FindSessionPipes(root);
    FindStrays(root, filemon);
    Born born;
    born.cwd = cwd;
    born.is_root = true;
    return Add(*life, born);
  }

  // What nobody of the tree made, but strace saw.
  absl::Status AddStrays(const std::string& cwd) {
    while (!strays_.empty()) {
      const Life life = strays_.front();
      strays_.erase(strays_.begin());
      Born born;
      born.cwd = cwd;
      born.is_stray = true;
      absl::Status status = Add(life, born);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  std::vector<Process> Take() {
    std::sort(processes_.begin(), processes_.end(),
              [](const Process& a, const Process& b) {
                return a.start_us < b.start_us;
              });
    return std::move(processes_);
  }

 private:
  // What a process has from its parent.
  struct Born {
    std::string cwd;
    std::string root_directory;
    int parent = 0;
    int inner = 0;
    bool is_root = false;
    bool is_stray = false;
    bool unseen = false;
  };

  // The state while one process's lines are read.
  struct Walk {
    Process process;
    std::vector<const StraceLine*> lines;
    std::set<std::pair<int, size_t>> threads;  // each life, gathered
    std::string cwd;
    bool cwd_removed = false;
    bool cwd_unreachable = false;
    std::string root_directory;  // empty before any chroot()
    bool recording = true;
    bool unseen = false;  // the present image did not load the library
    bool ever_seen = true;
    const StraceLine* moved_exec = nullptr;
    std::set<const StraceLine*> cut_off;  // what kCutOff is about
    bool climbing = false;                // inside libc's own getcwd()
    std::set<std::string> unnamed_files;  // made by O_TMPFILE: /d/#123
  };

  // One life of a thread id: [begin, end) of its file. A number that is used
  // again has several in one file (strace -A).
  struct Life {
    int tid;
    size_t begin;
    size_t end;
    int64_t begin_us;
  };

  static absl::Status SaysNothing(int tid) {
    return absl::NotFoundError(absl::StrCat("strace says nothing of ", tid));
  }

  void FindLives(int tid, const std::vector<StraceLine>& lines) {
    size_t begin = 0;
    for (size_t i = 0; i < lines.size(); ++i) {
      const bool ends = lines[i].kind == Kind::kExited ||
                        lines[i].kind == Kind::kKilled ||
                        MovesToLeader(lines[i]) || i + 1 == lines.size();
      if (!ends) continue;
      lives_[tid].push_back({tid, begin, i + 1, lines[begin].time_us});
      begin = i + 1;
    }
  }

  // The lives that no finished call has made, by their start. A thread may exec
  // before its clone() has returned to strace.
  void FindStrays(int root, int filemon) {
    std::set<std::pair<int, size_t>> made;
    for (const auto& file : files_) {
      for (const StraceLine& line : file.second) {
        absl::optional<Life> life;
        if (IsFork(line)) life = FindLife(line.value, line.time_us);
        if (line.kind == Kind::kSuperseded) life = FindReplacement(line);
        if (life.has_value()) made.emplace(life->tid, life->begin);
      }
    }
    for (const auto& entry : lives_) {
      for (const Life& life : entry.second) {
        if (made.count({life.tid, life.begin}) > 0) continue;
        const bool first = life.begin == 0;
        if (first && (life.tid == root || life.tid == filemon)) continue;
        strays_.push_back(life);
      }
    }
    std::sort(strays_.begin(), strays_.end(), [](const Life& a, const Life& b) {
      return a.begin_us < b.begin_us;
    });
  }

  // The stray that an unfinished fork has made, if there is one.
  absl::optional<Life> TakeStray(const StraceLine& fork) {
    for (size_t i = 0; i < strays_.size(); ++i) {
      if (strays_[i].begin_us < fork.time_us) continue;
      const Life life = strays_[i];
      strays_.erase(strays_.begin() + i);
      return life;
    }
    return absl::nullopt;
  }

  // filemon's own pipes: its parent process made them before the root's fork.
  // Returns that process, or 0.
  int FindSessionPipes(int root) {
    for (const auto& file : files_) {
      std::vector<std::string> pipes;
      for (const StraceLine& line : file.second) {
        if ((line.call == "pipe" || line.call == "pipe2") && line.succeeded) {
          const std::string& fds = line.args[0];
          const size_t begin = fds.find("pipe:[");
          if (begin != std::string::npos) {
            pipes.push_back(
                fds.substr(begin, fds.find(']', begin) - begin + 1));
          }
        }
        if (IsFork(line) && line.value == root) {
          session_pipes_.insert(pipes.begin(), pipes.end());
          return file.first;
        }
      }
    }
    return 0;
  }

  // The first life of `tid` that begins at or after `time_us`.
  absl::optional<Life> FindLife(int tid, int64_t time_us) const {
    auto lives = lives_.find(tid);
    if (lives == lives_.end()) return absl::nullopt;
    for (const Life& life : lives->second) {
      if (life.begin_us >= time_us) return life;
    }
    return absl::nullopt;
  }

  // The life of the thread whose exec made it the leader in place of another:
  // the last one that moved before the leader's line says so.
  absl::optional<Life> FindReplacement(const StraceLine& superseded) const {
    absl::optional<Life> found;
    auto lives = lives_.find(superseded.value);
    if (lives == lives_.end()) return found;
    const std::vector<StraceLine>& lines = files_.at(superseded.value);
    for (const Life& life : lives->second) {
      if (life.begin_us > superseded.time_us) break;
      if (MovesToLeader(lines[life.end - 1])) found = life;
    }
    return found;
  }

  // The life of the thread that `line` makes or that replaces the leader.
  absl::optional<Life> FindThread(const StraceLine& line) {
    if (line.kind == Kind::kSuperseded) return FindReplacement(line);
    return IsFork(line) ? FindLife(line.value, line.time_us) : TakeStray(line);
  }

  // The lines of a thread and of all threads that it made, by time.
  absl::Status Gather(const Life& life, bool is_leader, Walk* walk) {
    const std::vector<StraceLine>& all = files_.at(life.tid);
    FindCutOff(all, life, &walk->cut_off);
    walk->threads.emplace(life.tid, life.begin);
    for (size_t i = life.begin; i < life.end; ++i) {
      const StraceLine& line = all[i];
      const bool ends =
          line.kind == Kind::kExited || line.kind == Kind::kKilled;
      // The leader's end is the process's.
      if (!ends || is_leader) walk->lines.push_back(&line);
      const bool unfinished = IsUnfinishedFork(line);
      const bool makes = (IsFork(line) || unfinished) && MakesThread(line);
      if (!makes && line.kind != Kind::kSuperseded) continue;
      const absl::optional<Life> thread = FindThread(line);
      if (!thread.has_value()) {
        if (unfinished) continue;
        return SaysNothing(line.value);
      }
      walk->process.threaded = true;
      if (walk->threads.count({thread->tid, thread->begin}) > 0) continue;
      absl::Status status = Gather(*thread, false, walk);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // A thread that does not end by its own exit or exec may have made its last
  // call without a chance to report it.
  static void FindCutOff(const std::vector<StraceLine>& all, const Life& life,
                         std::set<const StraceLine*>* cut_off) {
    const StraceLine* last = nullptr;
    for (size_t i = life.begin; i < life.end; ++i) {
      const StraceLine& line = all[i];
      const bool exits = line.call == "exit" || line.call == "exit_group";
      const bool overtaken = line.kind == Kind::kExited ||
                             line.kind == Kind::kKilled ||
                             line.kind == Kind::kSuperseded;
      if (overtaken && last != nullptr) cut_off->insert(last);
      if (line.kind == Kind::kCall && line.succeeded) last = &line;
      if (exits) last = nullptr;
    }
  }

  absl::Status Add(const Life& life, const Born& born) {
    const int pid = life.tid;
    Walk walk;
    absl::Status status = Gather(life, true, &walk);
    if (!status.ok()) return status;
    if (walk.process.threaded) {
      std::stable_sort(walk.lines.begin(), walk.lines.end(),
                       [](const StraceLine* a, const StraceLine* b) {
                         return a->time_us < b->time_us;
                       });
    }
    walk.process.pid = pid;
    walk.process.parent = born.parent;
    walk.process.inner = born.inner;
    walk.process.stray = born.is_stray;
    walk.process.start_us = walk.lines.front()->time_us;
    walk.cwd = born.cwd;
    walk.root_directory = born.root_directory;
    walk.recording = !born.is_root;
    walk.unseen = born.unseen;
    walk.ever_seen = !born.unseen;
    for (size_t i = 0; i < walk.lines.size(); ++i) {
      status = Line(i, &walk);
      if (!status.ok()) {
        return absl::Status(status.code(), absl::StrCat("process ", pid, ": ",
                                                        status.message()));
      }
    }
    walk.process.visible = walk.ever_seen;
    if (!walk.ever_seen && !walk.process.records.empty()) {
      walk.process.records.back().excuse = Cause::kUntracedProcess;
    }
    ReadSemaphores(&walk.process.records);
    ReadModuleSearches(&walk.process.records);
    ReadLibcsModules(&walk.process.records);
    processes_.push_back(std::move(walk.process));
    return absl::OkStatus();
  }

  absl::Status Line(size_t at, Walk* walk) {
    const StraceLine& line = *walk->lines[at];
    if (line.kind == Kind::kExited || line.kind == Kind::kKilled) {
      const bool killed = line.kind == Kind::kKilled;
      End(killed ? 0 : line.value, killed ? line.value : 0, walk);
      return absl::OkStatus();
    }
    if (line.kind == Kind::kSignal) Interrupt(line.tid, walk);
    if (IsExec(line) && !line.succeeded && !line.failed &&
        line.kind == Kind::kCall) {
      walk->moved_exec = &line;
    }
    if (line.kind == Kind::kExecResumed) {
      if (walk->moved_exec == nullptr) {
        return absl::InternalError("an exec without a beginning");
      }
      return Exec(*walk->moved_exec, at, walk);
    }
    if (IsUnfinishedFork(line) && walk->recording) {
      return UnfinishedFork(line, walk);
    }
    LearnClimb(line, walk);
    if (line.kind != Kind::kCall || !line.succeeded) return absl::OkStatus();
    // A filter that kills does so inside execve(), and strace says that it
    // returned its own number.
    if (IsExec(line) && line.value != 0) return absl::OkStatus();
    LearnCwd(line, walk);
    if (IsExec(line)) return Exec(line, at, walk);
    if (!walk->recording) {
      // filemon's steps before the exec may change the directory.
      if (line.call == "chdir" || line.call == "fchdir") {
        return ChangeDirectory(at, walk);
      }
      return absl::OkStatus();
    }
    const size_t before = walk->process.records.size();
    absl::Status status = Call(at, walk);
    for (size_t i = before; i < walk->process.records.size(); ++i) {
      Expected& made = walk->process.records[i];
      made.tid = line.tid;
      if (walk->climbing) made.excuse = Cause::kGetcwd;
      if (walk->cut_off.count(&line) > 0 && made.excuse == Cause::kNone) {
        made.excuse = Cause::kCutOff;
      }
    }
    return status;
  }

  // From the kernel's refusal on, as long as nothing else is opened than one
  // parent after the other.
  static void LearnClimb(const StraceLine& line, Walk* walk) {
    if (line.call == "getcwd") {
      walk->climbing = line.error == "ENAMETOOLONG";
    } else if (line.call != "openat" || Arg(line, 1) != "\"..\"" ||
               Arg(line, 2) != "O_RDONLY") {
      walk->climbing = false;
    }
  }

  static void Interrupt(int tid, Walk* walk) {
    std::vector<Expected>& records = walk->process.records;
    for (size_t i = records.size(); i-- > 0;) {
      if (records[i].tid != tid) continue;
      records[i].interrupted = true;
      return;
    }
  }

  absl::Status Call(size_t at, Walk* walk) {
    const StraceLine& line = *walk->lines[at];
    const std::string& call = line.call;
    if (IsFork(line)) return Fork(line, walk);
    if (call == "open") return Open(line, -1, 0, Arg(line, 1), walk);
    if (call == "creat") return Open(line, -1, 0, "O_WRONLY", walk);
    if (call == "openat") return Open(line, 0, 1, Arg(line, 2), walk);
    if (call == "openat2") {
      return Open(line, 0, 1, FlagsOfHow(Arg(line, 2)), walk);
    }
    if (call == "open_by_handle_at") return OpenByHandle(line, walk);
    if (call == "unlink" || call == "rmdir") return Remove(line, -1, 0, walk);
    if (call == "unlinkat") return Remove(line, 0, 1, walk);
    if (call == "rename") return Two('M', line, {-1, 0}, {-1, 1}, walk);
    if (call == "renameat" || call == "renameat2") {
      absl::Status status = Two('M', line, {0, 1}, {2, 3}, walk);
      if (!status.ok() || !HasFlag(Arg(line, 4), "RENAME_EXCHANGE")) {
        return status;
      }
      return Two('M', line, {2, 3}, {0, 1}, walk);
    }
    if (call == "link") return Two('L', line, {-1, 0}, {-1, 1}, walk);
    if (call == "linkat") return LinkAt(line, walk);
    if (call == "symlink") return Symlink(line, -1, 1, walk);
    if (call == "symlinkat") return Symlink(line, 1, 2, walk);
    if (call == "chdir" || call == "fchdir") {
      return ChangeDirectory(at, walk);
    }
    if (call == "chroot") return ChangeRoot(line, walk);
    return absl::OkStatus();
  }

  absl::Status ChangeRoot(const StraceLine& line, Walk* walk) {
    absl::StatusOr<Name> name = NameOf(line, -1, 0, *walk);
    if (!name.ok()) return name.status();
    const std::string root = name->Joined();
    if (root != "/") absl::StrAppend(&walk->root_directory, root);
    return absl::OkStatus();
  }

  static std::string Arg(const StraceLine& line, size_t i) {
    return i < line.args.size() ? line.args[i] : "";
  }

  // Every AT_FDCWD</dir> is the kernel's own word on the current directory,
  // and so is getcwd().
  absl::optional<Directory> CwdIn(const StraceLine& line) const {
    if (line.call == "getcwd" && line.succeeded) {
      absl::StatusOr<std::string> path = DecodeString(line.args[0]);
      if (path.ok()) return Directory{true, *path, false};
    }
    for (const std::string& arg : line.args) {
      if (!absl::StartsWith(arg, "AT_FDCWD<")) continue;
      absl::StatusOr<Directory> dir = DecodeDirectory(arg);
      if (!dir.ok() || dir->path.empty()) continue;
      const std::string odd = absl::StrCat(dir->path, " (deleted)");
      if (dir->removed && lookup_.real_path(odd).has_value()) {
        return Directory{true, odd, false};
      }
      return *dir;
    }
    return absl::nullopt;
  }

  void LearnCwd(const StraceLine& line, Walk* walk) const {
    absl::optional<Directory> cwd = CwdIn(line);
    if (!cwd.has_value()) return;
    walk->cwd = cwd->path;
    // One that is removed while the process is in it keeps its name for whoever
    // reads the log.
    if (!cwd->removed) walk->cwd_removed = false;
  }

  // `dir` is the directory argument's position, -1 for a call without one.
  absl::StatusOr<Name> NameOf(const StraceLine& line, int dir, int name,
                              const Walk& walk) const {
    absl::StatusOr<std::string> given = DecodeString(Arg(line, name));
    if (!given.ok()) return given.status();
    Name result;
    result.given = *given;
    result.follow = lookup_.follow_link;
    result.dir = walk.cwd;
    if (absl::StartsWith(result.given, "/")) return result;
    result.at_fd = result.removed = walk.cwd_removed;
    result.unreachable = walk.cwd_unreachable;
    if (dir < 0) return result;
    absl::StatusOr<Directory> directory = DecodeDirectory(Arg(line, dir));
    if (!directory.ok()) return directory.status();
    if (!directory->is_cwd) {
      result.at_fd = true;
      result.dir = directory->path;
      result.removed = directory->removed;
      result.unreachable = IsUnreachable(directory->path, walk);
    }
    if (result.unreachable) result.at_fd = result.removed = false;
    return result;
  }

  static bool IsUnreachable(const std::string& directory, const Walk& walk) {
    const std::string& root = walk.root_directory;
    return !root.empty() && directory != root &&
           !absl::StartsWith(directory, absl::StrCat(root, "/"));
  }

  static void Emit(Expected expected, Walk* walk) {
    if (walk->unseen) expected.excuse = Cause::kUntracedImage;
    if (!walk->process.images.empty()) walk->process.images.back().began = true;
    walk->process.records.push_back(std::move(expected));
  }

  static Expected Make(char letter, const std::string& text) {
    Expected expected;
    expected.record.letter = letter;
    expected.record.text = LogName(text);
    expected.record.absolute = expected.record.text;
    return expected;
  }

  static Expected Make(char letter, const Name& name) {
    Expected expected = Make(letter, name.Text());
    expected.record.absolute = LogName(name.Absolute());
    if (name.at_fd) expected.record.at_names = {LogName(name.given)};
    return expected;
  }

  absl::Status Open(const StraceLine& line, int dir, int name,
                    const std::string& flags, Walk* walk) {
    absl::StatusOr<Name> opened = NameOf(line, dir, name, *walk);
    if (!opened.ok()) return opened.status();
    if (HasFlag(flags, "O_TMPFILE")) {
      walk->unnamed_files.insert(line.result_path);
      return absl::OkStatus();
    }
    if (HasFlag(flags, "O_PATH")) return absl::OkStatus();
    // To append to what is only read makes no sense: it marks libfilemon.so's
    // own looks at program files (kLookFlags in interpose/sys.h).
    if (HasFlag(flags, "O_APPEND") && !HasFlag(flags, "O_WRONLY") &&
        !HasFlag(flags, "O_RDWR")) {
      return absl::OkStatus();
    }
    if (BaseName(opened->given) == "libfilemon.so") {
      if (!walk->process.images.empty()) {
        walk->process.images.back().loaded = true;
      }
      return absl::OkStatus();
    }
    // A traced process that opens the session's pipe or its lanes is us.
    if (session_pipes_.count(line.result_path) > 0 ||
        line.result_path == kLanesFile) {
      return absl::OkStatus();
    }
    // Where `..` has led it alone knows: a link may be another one by now. Of a
    // link at the end it says what that leads to.
    if (absl::StrContains(opened->given, "..") &&
        BaseName(line.result_path) == BaseName(opened->given)) {
      opened->opened = line.result_path;
    }
    return OpenRecords(*opened, flags, walk);
  }

  absl::Status OpenRecords(const Name& name, const std::string& flags,
                           Walk* walk) {
    const bool both = HasFlag(flags, "O_RDWR");
    for (char letter : {'R', 'W'}) {
      if (!both && (letter == 'W') != HasFlag(flags, "O_WRONLY")) continue;
      Expected expected = Make(letter, name);
      expected.flags = flags;
      if (IsOwnDoing(name.given, flags)) expected.excuse = Cause::kOwnDoing;
      Emit(std::move(expected), walk);
    }
    return absl::OkStatus();
  }

  absl::Status OpenByHandle(const StraceLine& line, Walk* walk) {
    const std::string flags = Arg(line, 2);
    if (HasFlag(flags, "O_PATH")) return absl::OkStatus();
    // strace does not say which file it was.
    const size_t before = walk->process.records.size();
    absl::Status status = OpenRecords(Name(), flags, walk);
    for (size_t i = before; i < walk->process.records.size(); ++i) {
      walk->process.records[i].any_name = true;
    }
    return status;
  }

  absl::Status Remove(const StraceLine& line, int dir, int name, Walk* walk) {
    absl::StatusOr<Name> removed = NameOf(line, dir, name, *walk);
    if (!removed.ok()) return removed.status();
    Emit(Make('D', *removed), walk);
    return absl::OkStatus();
  }

  // L and M. Each operand is {directory argument, name argument}.
  absl::Status Two(char letter, const StraceLine& line,
                   std::pair<int, int> from, std::pair<int, int> to,
                   Walk* walk) {
    absl::StatusOr<Name> a = NameOf(line, from.first, from.second, *walk);
    if (!a.ok()) return a.status();
    absl::StatusOr<Name> b = NameOf(line, to.first, to.second, *walk);
    if (!b.ok()) return b.status();
    Emit(Pair(letter, *a, *b), walk);
    return absl::OkStatus();
  }

  static Expected Pair(char letter, const Name& a, const Name& b) {
    Expected expected = Make(letter, Quoted(a.Text(), b.Text()));
    expected.record.absolute = LogName(Quoted(a.Absolute(), b.Absolute()));
    for (const Name* name : {&a, &b}) {
      if (name->at_fd) {
        expected.record.at_names.push_back(LogName(name->given));
      }
    }
    return expected;
  }

  absl::Status LinkAt(const StraceLine& line, Walk* walk) {
    absl::StatusOr<Name> to = NameOf(line, 2, 3, *walk);
    if (!to.ok()) return to.status();
    absl::StatusOr<Name> from = NameOf(line, 0, 1, *walk);
    if (!from.ok()) return from.status();
    if (LinksUnnamed(line, *from, walk)) {
      Emit(Make('W', *to), walk);
      return absl::OkStatus();
    }
    if (from->given.empty()) {  // AT_EMPTY_PATH: the descriptor's own file
      from->given = from->dir;
      from->at_fd = false;
    }
    Emit(Pair('L', *from, *to), walk);
    return absl::OkStatus();
  }

  // Whether the file that gets a name was opened with O_TMPFILE: through its
  // descriptor, or through the descriptor's name in /proc, as open(2) shows. It
  // is a file as any other from then on.
  static bool LinksUnnamed(const StraceLine& line, const Name& from,
                           Walk* walk) {
    std::set<std::string>& unnamed = walk->unnamed_files;
    if (from.given.empty()) return unnamed.erase(from.dir) > 0;
    if (!HasFlag(Arg(line, 4), "AT_SYMLINK_FOLLOW") || unnamed.empty() ||
        !(absl::StartsWith(from.given, "/proc/self/fd/") ||
          absl::StartsWith(from.given, "/proc/thread-self/fd/"))) {
      return false;
    }
    unnamed.erase(unnamed.begin());
    return true;
  }

  absl::Status Symlink(const StraceLine& line, int dir, int name, Walk* walk) {
    absl::StatusOr<std::string> target = DecodeString(Arg(line, 0));
    if (!target.ok()) return target.status();
    absl::StatusOr<Name> link = NameOf(line, dir, name, *walk);
    if (!link.ok()) return link.status();
    Expected expected = Make('L', Quoted(*target, link->Text()));
    expected.record.absolute = LogName(Quoted(*target, link->Absolute()));
    if (link->at_fd) expected.record.at_names = {LogName(link->given)};
    Emit(std::move(expected), walk);
    return absl::OkStatus();
  }

  absl::Status ChangeDirectory(size_t at, Walk* walk) {
    const StraceLine& line = *walk->lines[at];
    if (line.call == "fchdir") {
      absl::StatusOr<Directory> dir = DecodeDirectory(Arg(line, 0));
      if (!dir.ok()) return dir.status();
      walk->cwd = dir->path;
      walk->cwd_removed = dir->removed;
      // The log says that it is unknown.
      walk->cwd_unreachable = IsUnreachable(dir->path, *walk);
      if (dir->removed || walk->cwd_unreachable) return absl::OkStatus();
    } else {
      absl::StatusOr<Name> name = NameOf(line, -1, 0, *walk);
      if (!name.ok()) return name.status();
      walk->cwd = DirectoryAfter(walk->lines, at, name->Joined());
      walk->cwd_removed = false;
      walk->cwd_unreachable = IsUnreachable(walk->cwd, *walk);
      if (walk->cwd_unreachable) return absl::OkStatus();
    }
    Expected expected = Make('C', walk->cwd);
    if (walk->cwd.size() > kMaxPath) expected.excuse = Cause::kTooDeep;
    if (walk->recording) Emit(std::move(expected), walk);
    return absl::OkStatus();
  }

  // The directory that chdir() led to. The lexical path is not always it:
  // symbolic links. The process's next word on its directory is.
  std::string DirectoryAfter(const std::vector<const StraceLine*>& lines,
                             size_t at, const std::string& lexical) const {
    for (size_t i = at + 1; i < lines.size(); ++i) {
      const StraceLine& line = *lines[i];
      if (!line.succeeded && line.kind == Kind::kCall) continue;
      if (line.call == "chdir" || line.call == "fchdir") break;
      absl::optional<Directory> cwd = CwdIn(line);
      if (cwd.has_value()) return cwd->path;
    }
    return lookup_.real_path(lexical).value_or(lexical);
  }

  absl::Status Fork(const StraceLine& line, Walk* walk) {
    if (MakesThread(line)) return absl::OkStatus();
    const absl::optional<Life> child = FindLife(line.value, line.time_us);
    if (!child.has_value()) return SaysNothing(line.value);
    return Forked(line, *child, walk);
  }

  absl::Status UnfinishedFork(const StraceLine& line, Walk* walk) {
    if (MakesThread(line)) return absl::OkStatus();
    const absl::optional<Life> child = TakeStray(line);
    return child.has_value() ? Forked(line, *child, walk) : absl::OkStatus();
  }

  absl::Status Forked(const StraceLine& line, const Life& child, Walk* walk) {
    Born born;
    born.cwd = walk->cwd;
    born.root_directory = walk->root_directory;
    born.parent = walk->process.pid;
    born.inner = static_cast<int>(line.inner);
    born.unseen = walk->unseen;
    absl::Status status = Add(child, born);
    if (!status.ok()) return status;
    // The child is the last one that was added: its own children precede it.
    // Even a static program's child has its F, once it is visible itself.
    Expected expected = Make('F', absl::StrCat(child.tid));
    expected.tid = line.tid;
    if (IsFailedSpawn(line, processes_.back())) {
      expected.excuse = Cause::kFailedSpawn;
      for (Expected& e : processes_.back().records) {
        e.excuse = Cause::kFailedSpawn;
      }
    }
    if (!processes_.back().visible) expected.excuse = Cause::kUntracedProcess;
    if (!walk->process.images.empty()) walk->process.images.back().began = true;
    walk->process.records.push_back(std::move(expected));
    return absl::OkStatus();
  }

  absl::Status Exec(const StraceLine& line, size_t at, Walk* walk) {
    const int dir = line.call == "execveat" ? 0 : -1;
    absl::StatusOr<Name> name = NameOf(line, dir, dir + 1, *walk);
    if (!name.ok()) return name.status();
    Image image;
    image.path = name->given.empty() ? name->dir : name->Joined();
    image.announced = !walk->unseen;
    image.rooted = !walk->root_directory.empty();
    image.loaded = LoadsLibrary(walk->lines, at);
    const bool was_unseen = walk->unseen;
    image.bypasses_libc =
        image.loaded &&
        lookup_.bypasses_libc(walk->root_directory + image.path);
    walk->unseen = !image.loaded || image.bypasses_libc;
    walk->ever_seen = walk->ever_seen || image.loaded;
    walk->recording = true;
    bool gone = false;
    Expected expected = Make('E', Interpreter(image.path, *walk, &gone));
    expected.tid = walk->process.pid;
    expected.any_name = gone;
    // From one image that we do not see into another.
    if (was_unseen && !image.loaded) expected.excuse = Cause::kUntracedImage;
    walk->process.images.push_back(std::move(image));
    walk->process.records.push_back(std::move(expected));
    return absl::OkStatus();
  }

  // Whether the image that an exec at `at` began opens libfilemon.so.
  static bool LoadsLibrary(const std::vector<const StraceLine*>& lines,
                           size_t at) {
    for (size_t i = at + 1; i < lines.size(); ++i) {
      const StraceLine& line = *lines[i];
      if (line.kind == Kind::kExecResumed) return false;
      if (!line.succeeded) continue;
      if (IsExec(line)) return false;
      if (line.call != "openat" && line.call != "open") continue;
      for (const std::string& arg : line.args) {
        if (absl::EndsWith(arg, "/libfilemon.so\"")) return true;
      }
    }
    return false;
  }

  // The interpreter that runs `path`, as the scripts' first lines name it;
  // `path` itself if it is no script.
  std::string Interpreter(std::string path, const Walk& walk,
                          bool* gone) const {
    for (int i = 0; i < kMaxScripts; ++i) {
      const absl::optional<std::string> head =
          lookup_.head(walk.root_directory + path);
      if (!head.has_value()) {
        *gone = true;
        return path;
      }
      absl::string_view line = *head;
      if (!absl::ConsumePrefix(&line, "#!")) return path;
      line = absl::StripAsciiWhitespace(line.substr(0, line.find('\n')));
      path = Absolute(walk.cwd, line.substr(0, line.find_first_of(" \t")));
    }
    return path;
  }

  void End(int64_t status, int64_t signal, Walk* walk) {
    Expected expected = Make('X', absl::StrCat(status, " ", signal));
    expected.tid = walk->process.pid;
    walk->process.ended = true;
    walk->process.records.push_back(std::move(expected));
  }

  const StraceFiles& files_;
  const Lookup& lookup_;
  std::map<int, std::vector<Life>> lives_;  // by thread id
  std::vector<Life> strays_;                // not yet added; by start
  std::set<std::string> session_pipes_;
  std::vector<Process> processes_;
};

constexpr absl::string_view kCauseNames[kCauses] = {
    "none",
    "cut off",
    "failed posix_spawn",
    "search for an NSS module",
    "made by an image without the library",
    "of a process that never loads the library",
    "a directory without a name",
    "libfilemon.so's own",
    "getcwd() of a directory that is too deep",
};

}  // namespace

absl::string_view CauseName(Cause cause) {
  return kCauseNames[static_cast<int>(cause)];
}

absl::StatusOr<std::vector<Process>> ExpectedRecords(const StraceFiles& files,
                                                     int root,
                                                     const std::string& cwd,
                                                     const Lookup& lookup) {
  Tree tree(files, lookup);
  absl::Status status = tree.AddRoot(root, cwd);
  if (status.ok()) status = tree.AddStrays(cwd);
  if (!status.ok()) return status;
  return tree.Take();
}

}  // namespace truth
}  // namespace filemon
