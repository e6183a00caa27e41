#include "core/linux_host.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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

bool IsSubreaper() {
  int subreaper = 0;
  return prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0 && subreaper != 0;
}

// The address that the auxiliary vector `bytes` has for AT_RANDOM; 0 if it has
// none. `Word` is the process's.
template <typename Word>
uint64_t RandomAddress(absl::string_view bytes) {
  Word entry[2];
  for (; bytes.size() >= sizeof(entry); bytes.remove_prefix(sizeof(entry))) {
    memcpy(entry, bytes.data(), sizeof(entry));
    if (entry[0] == AT_RANDOM) return entry[1];
  }
  return 0;
}

// A 32-bit process's has no key with 32 zeros behind it: that is its value.
bool Is64Bit(absl::string_view auxiliary) {
  uint64_t key = 0;
  memcpy(&key, auxiliary.data(), std::min(auxiliary.size(), sizeof(key)));
  return key <= UINT32_MAX;
}

bool DoesNotExist(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

// Whether `pid` is the collector of a session that a traced program has begun
// by itself, which is no doing of that program's.
bool IsCollector(pid_t pid) {
  constexpr size_t kNameLimit = 15;
  const absl::optional<ProcStat> stat = ReadProcStat(pid);
  return stat &&
         stat->name == absl::string_view(control::kCollectorFile, kNameLimit);
}

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

LinuxHost::LinuxHost(const DeathWatch* watch, std::vector<pid_t> foreign)
    : watch_(watch),
      foreign_(std::move(foreign)),
      is_ancestor_of_all_(IsSubreaper()) {}

std::vector<pid_t> LinuxHost::Children() {
  std::vector<pid_t> children;
  std::ifstream file("/proc/thread-self/children");
  for (pid_t pid; file >> pid;) children.push_back(pid);
  return children;
}

std::vector<pid_t> LinuxHost::Orphans() {
  const auto not_ours = [this](pid_t pid) {
    return absl::c_linear_search(foreign_, pid) || IsCollector(pid);
  };
  std::vector<pid_t> orphans = Children();
  orphans.erase(std::remove_if(orphans.begin(), orphans.end(), not_ours),
                orphans.end());
  return orphans;
}

bool LinuxHost::IsOrphan(pid_t pid) {
  return ParentOf(pid) == getpid() && !absl::c_linear_search(foreign_, pid);
}

pid_t LinuxHost::ParentOf(pid_t pid) {
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

absl::optional<uint32_t> LinuxHost::ProofOf(pid_t pid) {
  if (pid >= wire::kPidLimit) return absl::nullopt;  // not a pid of ours
  // Most short processes have ended by now, and a look into /proc in vain costs
  // ten times as much.
  if (DoesNotExist(pid)) return absl::nullopt;
  const int fd =
      open(absl::StrCat("/proc/", pid, "/auxv").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::nullopt;
  char buffer[1024];
  const ssize_t n = read(fd, buffer, sizeof(buffer));
  close(fd);
  if (n <= 0) return absl::nullopt;
  const absl::string_view bytes(buffer, n);
  const uint64_t address = Is64Bit(bytes) ? RandomAddress<uint64_t>(bytes)
                                          : RandomAddress<uint32_t>(bytes);
  if (address == 0) return absl::nullopt;
  unsigned char random[wire::kRandomSize];
  const iovec here = {random, sizeof(random)};
  const iovec there = {reinterpret_cast<void*>(address), sizeof(random)};
  if (process_vm_readv(pid, &here, 1, &there, 1, 0) !=
      static_cast<ssize_t>(sizeof(random))) {
    return absl::nullopt;
  }
  return wire::ProofOf(random);
}

bool LinuxHost::Emulates(pid_t pid) {
  std::ifstream maps(absl::StrCat("/proc/", pid, "/maps"));
  int copies = 0;
  for (std::string line; std::getline(maps, line);) {
    // "FROM-TO r-xp 00000000 ...": the beginning of the file.
    if (absl::StrContains(line, " 00000000 ") &&
        absl::EndsWith(line, "/libfilemon.so")) {
      ++copies;
    }
  }
  return copies > 1;
}

void LinuxHost::StartsSession() {
  const absl::optional<ProcStat> own = ReadProcStat(getpid());
  if (own) oldest_ = own->start;
}

bool LinuxHost::IsStranger(pid_t pid) {
  if (pid >= wire::kPidLimit) return false;
  if (oldest_ != 0) {
    const absl::optional<ProcStat> stat = ReadProcStat(pid);
    if (stat && stat->start < oldest_) return true;
  }
  if (!is_ancestor_of_all_) return false;
  // Orphans move up: who is not found in a hundred steps is deep, not strange.
  for (int steps = 0; steps < 100; ++steps) {
    const absl::optional<ProcStat> stat = ReadProcStat(pid);
    // Where /proc hides the processes of others (hidepid), it is another user's
    // that is hidden and lives. One of the session that became another user has
    // its parent to tell of it.
    if (!stat && steps == 0) return kill(pid, 0) != 0 && errno == EPERM;
    if (!stat || stat->parent == getpid()) return false;
    // Of a process that is being reaped the kernel does not tell the parent
    // any more.
    if (stat->parent == 0) return stat->state != 'Z' && stat->state != 'X';
    if (stat->parent == 1) return true;
    pid = stat->parent;
  }
  return false;
}

std::string LinuxHost::RealPath(absl::string_view path) {
  char real[PATH_MAX];
  return realpath(std::string(path).c_str(), real) != nullptr ? real : "";
}

bool LinuxHost::Gone(pid_t pid) {
  if (DoesNotExist(pid)) return true;
  const absl::optional<ProcStat> stat = ReadProcStat(pid);
  return IsZombie(stat);
}

}  // namespace filemon
