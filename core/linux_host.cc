#include "core/linux_host.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/control.h"
#include "core/environment.h"
#include "core/pidfd.h"
#include "core/proc_stat.h"
#include "core/wire.h"

namespace filemon {
namespace {

// linux/binfmts.h, BINPRM_BUF_SIZE: how much of a file the kernel looks at; and
// fs/exec.c: how many interpreters in a row it follows.
constexpr size_t kHeadSize = 256;
constexpr int kMaxInterpreters = 5;

// The interpreter in a script's first line; empty if it is no script.
std::string InterpreterOf(absl::string_view head) {
  if (!absl::StartsWith(head, "#!")) return "";
  head.remove_prefix(2);
  head = head.substr(0, head.find('\n'));
  const size_t begin = head.find_first_not_of(" \t");
  if (begin == head.npos) return "";
  head.remove_prefix(begin);
  return std::string(
      head.substr(0, head.find_first_of(absl::string_view(" \t\0", 3))));
}

// Whether a program header table has a PT_INTERP. `Elf` and `Phdr` are those of
// the file's class.
template <typename Elf, typename Phdr>
bool HasInterpreter(int fd, absl::string_view head) {
  Elf elf;
  if (head.size() < sizeof(elf)) return false;
  memcpy(&elf, head.data(), sizeof(elf));
  if (elf.e_phentsize != sizeof(Phdr)) return false;
  std::vector<Phdr> table(elf.e_phnum);
  const size_t size = table.size() * sizeof(Phdr);
  if (pread(fd, table.data(), size, elf.e_phoff) !=
      static_cast<ssize_t>(size)) {
    return false;
  }
  for (const Phdr& phdr : table) {
    if (phdr.p_type == PT_INTERP) return true;
  }
  return false;
}

constexpr char kStatic[] = "statically linked";

std::string ElfObstacle(int fd, absl::string_view head) {
  if (head.size() < sizeof(Elf32_Ehdr) || !absl::StartsWith(head, ELFMAG)) {
    return "not an ELF program";
  }
  uint16_t machine;  // at the same place in both classes
  memcpy(&machine, head.data() + offsetof(Elf32_Ehdr, e_machine),
         sizeof(machine));
  const bool is64 = head[EI_CLASS] == ELFCLASS64;
  // An x32 program is ELFCLASS32 with EM_X86_64: there is no library for it.
  if (machine != (is64 ? EM_X86_64 : EM_386)) {
    return "built for another kind of machine";
  }
  const bool dynamic = is64 ? HasInterpreter<Elf64_Ehdr, Elf64_Phdr>(fd, head)
                            : HasInterpreter<Elf32_Ehdr, Elf32_Phdr>(fd, head);
  return dynamic ? "" : kStatic;
}

// ld.so ignores LD_PRELOAD's paths when the exec changed credentials
// (AT_SECURE): a set-id bit for the id that the process has anyway does not.
std::string PrivilegeObstacle(int fd) {
  struct stat st;
  if (fstat(fd, &st) != 0) return "";
  if ((st.st_mode & S_ISUID) && st.st_uid != geteuid()) return "set-user-ID";
  constexpr mode_t kSetGroup = S_ISGID | S_IXGRP;
  if ((st.st_mode & kSetGroup) == kSetGroup && st.st_gid != getegid()) {
    return "set-group-ID";
  }
  // To root, capabilities of a file bring nothing new.
  if (geteuid() != 0 && fgetxattr(fd, "security.capability", nullptr, 0) > 0) {
    return "file capabilities";
  }
  return "";
}

bool DoesNotExist(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

}  // namespace

Host::Image LinuxHost::InspectImage(absl::string_view path) {
  Image image{std::string(path), ""};
  for (int depth = 0; depth <= kMaxInterpreters; ++depth) {
    // Nonblocking, for what has become a FIFO meanwhile.
    const int fd =
        open(image.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
      image.obstacle =
          errno == ENOENT
              ? "the program does not exist any more"
              : absl::StrCat("cannot look into the program: ", strerror(errno));
      return image;
    }
    char bytes[kHeadSize];
    const ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
    const absl::string_view head(bytes, n < 0 ? 0 : n);
    const std::string interpreter = InterpreterOf(head);
    if (interpreter.empty()) {
      image.obstacle = PrivilegeObstacle(fd);
      if (image.obstacle.empty()) image.obstacle = ElfObstacle(fd, head);
      if (image.obstacle == kStatic && IsDynamicLinker(image.path)) {
        image.obstacle = "a dynamic linker that has run no program";
      }
    }
    close(fd);
    if (interpreter.empty()) return image;
    image.path = interpreter;
  }
  return image;
}

LinuxHost::LinuxHost(DeathWatch* watch, const std::vector<Reaped>* reaped,
                     std::vector<pid_t> foreign)
    : watch_(watch), reaped_(reaped), foreign_(std::move(foreign)) {}

std::vector<pid_t> LinuxHost::Children() {
  std::vector<pid_t> children;
  std::ifstream file("/proc/thread-self/children");
  for (pid_t pid; file >> pid;) children.push_back(pid);
  return children;
}

std::vector<pid_t> LinuxHost::Orphans() {
  std::vector<pid_t> orphans = Children();
  orphans.erase(std::remove_if(orphans.begin(), orphans.end(),
                               [this](pid_t pid) {
                                 return absl::c_linear_search(foreign_, pid);
                               }),
                orphans.end());
  return orphans;
}

bool LinuxHost::Lives(ProcessKey process, pid_t pid, pid_t parent,
                      uint64_t born, uint64_t said) {
  if (pid >= wire::kPidLimit) return false;  // not a pid of ours
  // It may be new, and not be watched yet.
  return watch_->Add(process, pid, parent, born) &&
         watch_->Since(process) <= said && watch_->Lives(process);
}

bool LinuxHost::IsCollector(pid_t pid) {
  constexpr size_t kNameLimit = 15;
  const absl::optional<ProcStat> stat = ReadProcStat(pid);
  return stat &&
         stat->name == absl::string_view(control::kCollectorFile, kNameLimit);
}

pid_t LinuxHost::ParentOf(pid_t pid) {
  if (pid <= 0 || pid >= wire::kPidLimit) return 0;  // not a pid of ours
  // A pidfd is less than half the work of a new process's files in /proc, which
  // also make its end dearer for whoever waits for it.
  const int pidfd = PidfdOpen(pid);
  if (pidfd < 0 && errno == ESRCH) return 0;
  if (pidfd >= 0) {
    const absl::optional<pid_t> parent = filemon::ParentOf(pidfd);
    close(pidfd);
    if (parent) return *parent;
  }
  const absl::optional<ProcStat> stat = ReadProcStat(pid);
  return stat ? stat->parent : 0;
}

absl::optional<Host::Handed> LinuxHost::HandedTo(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/environ"));
  const std::string name = absl::StrCat(wire::kSessionVariable, "=");
  for (std::string entry; std::getline(file, entry, '\0');) {
    if (!absl::StartsWith(entry, name)) continue;
    const std::vector<absl::string_view> fields = absl::StrSplit(entry, ':');
    Handed handed;
    const size_t n = fields.size();
    if (n < 3 || !absl::SimpleAtoi(fields[n - 3], &handed.pid) ||
        !absl::SimpleAtoi(fields[n - 2], &handed.life) ||
        !absl::SimpleAtoi(fields[n - 1], &handed.child)) {
      return absl::nullopt;
    }
    return handed;
  }
  return absl::nullopt;
}

void LinuxHost::StartsSession() {
  const absl::optional<ProcStat> own = ReadProcStat(getpid());
  if (own) oldest_ = own->start;
}

bool LinuxHost::Precedes(pid_t pid) {
  if (oldest_ == absl::ZeroDuration() || pid >= wire::kPidLimit) return false;
  const absl::optional<ProcStat> stat = ReadProcStat(pid);
  return stat && stat->start < oldest_;
}

absl::optional<int> LinuxHost::StatusOf(ProcessKey process, pid_t pid,
                                        uint64_t born, uint64_t next) {
  if (watch_->Since(process) <= next) {
    if (auto status = watch_->StatusOf(process)) return status;
  }
  for (const Reaped& child : *reaped_) {
    if (child.pid == pid && child.time >= born && child.time <= next) {
      return child.wait_status;
    }
  }
  return absl::nullopt;
}

std::string LinuxHost::RealPath(absl::string_view path) {
  char real[PATH_MAX];
  return realpath(std::string(path).c_str(), real) != nullptr ? real : "";
}

bool LinuxHost::Gone(ProcessKey process, pid_t pid) {
  if (pid >= wire::kPidLimit) return false;  // not a pid of ours
  if (watch_->HasEnded(process)) return true;
  if (DoesNotExist(pid)) return true;
  const absl::optional<ProcStat> stat = ReadProcStat(pid);
  return IsZombie(stat);
}

}  // namespace filemon
