#include "tests/instructions/stepper.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <unordered_map>

namespace filemon {
namespace {

constexpr uintptr_t kPage = 4096;

// What the child exits with instead of running the program.
constexpr int kDenied = 120;
constexpr int kNoExec = 121;

enum class Place { kLibrary, kLinker, kElsewhere };

// The program's text as it lies in memory.
class Text {
 public:
  explicit Text(pid_t pid) : pid_(pid) {}

  uint8_t Byte(uintptr_t address) {
    const uintptr_t page = address / kPage;
    if (page != page_) {
      auto& bytes = pages_[page];
      if (bytes == nullptr) bytes = Fetch(page);
      page_ = page;
      bytes_ = bytes.get();
    }
    return (*bytes_)[address % kPage];
  }

  Place PlaceOf(uintptr_t address) {
    if (address >= begin_ && address < end_) return place_;
    // Objects are loaded as it goes: look again rather than remember.
    if (!Look(address)) place_ = Place::kElsewhere;
    return place_;
  }

  bool IsMark(uintptr_t address) { return Byte(address) == 0xcc; }
  bool IsSystemCall(uintptr_t address) {
    return Byte(address) == 0x0f && Byte(address + 1) == 0x05;
  }

  void Forget() {
    pages_.clear();
    page_ = begin_ = end_ = 0;
  }

 private:
  using Bytes = std::array<uint8_t, kPage>;

  std::unique_ptr<Bytes> Fetch(uintptr_t page) const {
    auto bytes = std::make_unique<Bytes>();
    bytes->fill(0);
    const iovec ours = {bytes->data(), kPage};
    const iovec theirs = {reinterpret_cast<void*>(page * kPage), kPage};
    process_vm_readv(pid_, &ours, 1, &theirs, 1, 0);
    return bytes;
  }

  // Finds the mapping of `address`.
  bool Look(uintptr_t address) {
    const std::string maps = "/proc/" + std::to_string(pid_) + "/maps";
    FILE* const file = fopen(maps.c_str(), "re");
    if (file == nullptr) return false;
    char line[PATH_MAX + 128];
    bool found = false;
    while (!found && fgets(line, sizeof(line), file) != nullptr) {
      unsigned long begin, end;
      if (sscanf(line, "%lx-%lx", &begin, &end) != 2) continue;
      if (address < begin || address >= end) continue;
      found = true;
      begin_ = begin;
      end_ = end;
      const char* const slash = strrchr(line, '/');
      const std::string name = slash != nullptr ? slash + 1 : "";
      place_ = name == "libfilemon.so\n"        ? Place::kLibrary
               : name.compare(0, 3, "ld-") == 0 ? Place::kLinker
                                                : Place::kElsewhere;
    }
    fclose(file);
    return found;
  }

  const pid_t pid_;
  std::unordered_map<uintptr_t, std::unique_ptr<Bytes>> pages_;
  uintptr_t page_ = 0;  // of bytes_
  const Bytes* bytes_ = nullptr;
  uintptr_t begin_ = 0, end_ = 0;  // of place_
  Place place_ = Place::kElsewhere;
};

// The program as ptrace(2) shows it.
class Tracee {
 public:
  explicit Tracee(pid_t pid) : text_(pid), pid_(pid) {}
  ~Tracee() {
    if (ended_) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Tracee(const Tracee&) = delete;
  Tracee& operator=(const Tracee&) = delete;

  // Waits until it stops; false if it has ended.
  bool Wait() {
    int status;
    if (waitpid(pid_, &status, 0) != pid_) status = 0;
    ended_ = WIFEXITED(status) || WIFSIGNALED(status);
    if (ended_) {
      status_ = status;
      return false;
    }
    const int signal = WSTOPSIG(status);
    at_exec_ = status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
    if (at_exec_) text_.Forget();
    signal_ = signal == SIGTRAP ? 0 : signal;
    return true;
  }

  // PTRACE_CONT or PTRACE_SINGLESTEP, and Wait(). Other signals than ours go
  // on to the program.
  bool Go(__ptrace_request how) {
    ptrace(how, pid_, nullptr, static_cast<uintptr_t>(signal_));
    return Wait();
  }

  void FollowExec() {
    ptrace(PTRACE_SETOPTIONS, pid_, nullptr,
           PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
  }

  uintptr_t Here() const {
    return ptrace(PTRACE_PEEKUSER, pid_, offsetof(user_regs_struct, rip),
                  nullptr);
  }
  void GoOnAt(uintptr_t address) {
    ptrace(PTRACE_POKEUSER, pid_, offsetof(user_regs_struct, rip), address);
  }

  bool at_exec() const { return at_exec_; }
  bool at_signal() const { return signal_ != 0; }
  int status() const { return status_; }
  Text& text() { return text_; }

 private:
  Text text_;
  const pid_t pid_;
  bool at_exec_ = false;
  int signal_ = 0;  // to be delivered
  int status_ = 0;
  bool ended_ = false;
};

void Add(Text* text, uintptr_t address, Count* count) {
  const Place place = text->PlaceOf(address);
  const bool library = place == Place::kLibrary;
  ++(library                   ? count->library
     : place == Place::kLinker ? count->linker
                               : count->rest);
  if (!text->IsSystemCall(address)) return;
  ++count->system_calls;
  if (library) ++count->library_calls;
}

// Steps to the end of a region; false if that is the program's.
bool StepThroughRegion(Tracee* program, Count* count) {
  uintptr_t last = 0;
  for (;;) {
    const uintptr_t here = program->Here();
    if (program->text().IsMark(here)) {
      program->GoOnAt(here + 1);
      return true;
    }
    // A repeated instruction stops after each repetition.
    if (here != last) Add(&program->text(), here, count);
    last = here;
    if (!program->Go(PTRACE_SINGLESTEP)) return false;
    if (program->at_exec()) return true;
  }
}

// Runs over the next mark; false if the program has ended.
bool RunToMark(Tracee* program) {
  do {
    if (!program->Go(PTRACE_CONT)) return false;
  } while (program->at_signal() || program->at_exec());
  return true;
}

void CountRegions(Tracee* program, Regions which, std::vector<Count>* counts) {
  bool inside = which == Regions::kFromStart;
  while (inside || RunToMark(program)) {
    inside = false;
    counts->emplace_back();
    if (!StepThroughRegion(program, &counts->back())) return;
  }
}

void ShareOneProcessor() {
  cpu_set_t one;
  CPU_ZERO(&one);
  const int here = sched_getcpu();
  CPU_SET(here < 0 ? 0 : here, &one);
  sched_setaffinity(0, sizeof(one), &one);
}

[[noreturn]] void BecomeProgram(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(kDenied);
  execv(arguments[0], arguments.data());
  _exit(kNoExec);
}

}  // namespace

Counts CountInstructions(const std::vector<std::string>& command,
                         Regions regions) {
  Counts counts;
  ShareOneProcessor();
  const pid_t pid = fork();
  if (pid == 0) BecomeProgram(command);
  if (pid < 0) {
    counts.error = "cannot fork";
    return counts;
  }
  Tracee program(pid);
  if (program.Wait()) {
    program.FollowExec();
    CountRegions(&program, regions, &counts.regions);
  }
  const int status = program.status();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return counts;
  counts.regions.clear();
  counts.denied = WIFEXITED(status) && WEXITSTATUS(status) == kDenied;
  counts.error =
      counts.denied ? "ptrace() is denied here"
      : WIFEXITED(status)
          ? command[0] + ": exit status " + std::to_string(WEXITSTATUS(status))
          : command[0] + ": signal " + std::to_string(WTERMSIG(status));
  return counts;
}

}  // namespace filemon
