#include "interpose/collector_process.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "core/control.h"
#include "interpose/guest_sessions.h"
#include "interpose/layout.h"
#include "interpose/memory_map.h"
#include "interpose/sys.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

constexpr size_t kStackSize = 32 * 1024;
constexpr size_t kSignalSetSize = 8;  // the kernel's sigset_t

struct Start {
  const char* program;
  int socket;
  char* stacks;  // two
  uint64_t signal_mask;
  int report;    // where the keeper writes `error`
  pid_t keeper;  // 0 if there is none
  int error;     // an errno

  char* first_stack() const { return stacks + kStackSize; }
  char* second_stack() const { return stacks + 2 * kStackSize; }
};

Original<int (*)(int (*)(void*), void*, int, void*, ...)> original_clone;

// Processes made so share our memory, and run one after the other while we
// wait: what they write here we see.
constexpr int kBorrowMemory = CLONE_VM | CLONE_VFORK;

constexpr int kStandardInput = 0;

[[noreturn]] void Exit(int status) {
  for (;;) sys::ProgramsCall(SYS_exit_group, status);
}

void CloseAllFrom(int low) {
  if (sys::Call(SYS_close_range, low, -1, 0) == 0) return;
  sys::FileLimit limit = {1024, 1024};
  sys::ExchangeFileLimit(nullptr, &limit);
  const int end = limit.soft < 65536 ? static_cast<int>(limit.soft) : 65536;
  for (int fd = low; fd < end; ++fd) sys::Close(fd);
}

// Closes all but `fd`, which moves to standard input.
void KeepOnly(int fd) {
  if (fd != kStandardInput) {
    sys::Call(SYS_dup3, fd, kStandardInput, 0);
  } else {
    sys::SetCloseOnExec(kStandardInput, false);
  }
  CloseAllFrom(kStandardInput + 1);
}

// The collector-to-be.
int Become(void* data) {
  auto* const start = static_cast<Start*>(data);
  KeepOnly(start->socket);
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, sys::Arg(&start->signal_mask), 0,
            kSignalSetSize);
  const char* const argv[] = {control::kCollectorFile, nullptr};
  const char* const environment[] = {nullptr};
  start->error =
      static_cast<int>(-sys::Call(SYS_execve, sys::Arg(start->program),
                                  sys::Arg(argv), sys::Arg(environment)));
  Exit(127);
}

// The process between, whose end makes the collector an orphan.
int MakeOrphan(void* data) {
  auto* const start = static_cast<Start*>(data);
  sys::Call(SYS_setsid);
  if (original_clone.Get("clone")(Become, start->second_stack(), kBorrowMemory,
                                  start) < 0) {
    start->error = errno;
  }
  Exit(0);
}

// ---- The keeper -------------------------------------------------------------

// What the keeper needs of its copy of the program's memory.
struct Needed {
  const Start* start;
  // The library's file; no device is ~0.
  uint64_t device;
  uint64_t inode;
};

bool Contains(const Mapping& mapping, const void* place) {
  const auto address = reinterpret_cast<uintptr_t>(place);
  return mapping.begin <= address && address < mapping.end;
}

bool FindLibrary(const Mapping& mapping, void* data) {
  auto* const needed = static_cast<Needed*>(data);
  if (!Contains(mapping, reinterpret_cast<const void*>(&FindLibrary))) {
    return false;
  }
  needed->device = mapping.device;
  needed->inode = mapping.inode;
  return true;
}

bool UnmapUnlessNeeded(const Mapping& mapping, void* data) {
  const auto* const needed = static_cast<const Needed*>(data);
  const bool is_library =
      mapping.device == needed->device && mapping.inode == needed->inode;
  // The list that is being read is in memory, too.
  if (!is_library && !Contains(mapping, needed->start->stacks) &&
      !Contains(mapping, mapping.path)) {
    sys::UnmapMemory(reinterpret_cast<void*>(mapping.begin),
                     mapping.end - mapping.begin);
  }
  return false;
}

// What the program frees or changes shall not be kept by us.
void LeaveMemory(const Start* start) {
  Needed needed = {start, ~uint64_t{0}, 0};
  if (VisitMappings(0, FindLibrary, &needed) == 0 && needed.inode != 0) {
    VisitMappings(0, UnmapUnlessNeeded, &needed);
  }
}

// Has the memory to itself, as a child that fork() might have made. It never
// executes a program: that would make it a child whose end is signalled.
int Keep(void* data) {
  // Not on the stack of the program, which goes away.
  Start start = *static_cast<Start*>(data);
  sys::Call(SYS_setsid);
  const int collector = original_clone.Get("clone")(Become, start.first_stack(),
                                                    kBorrowMemory, &start);
  if (collector < 0) start.error = errno;
  KeepOnly(start.report);
  sys::Call(SYS_chdir, sys::Arg("/"));
  // For people, and for who asks whose collector this is.
  sys::Call(SYS_prctl, PR_SET_NAME, sys::Arg(control::kCollectorFile));
  LeaveMemory(&start);
  sys::Write(kStandardInput, &start.error, sizeof(start.error));
  sys::Close(kStandardInput);
  while (collector > 0 &&
         sys::Call(SYS_wait4, collector, 0, __WALL, 0) == -EINTR) {
    continue;
  }
  Exit(0);
}

// The process between, which makes a sibling of itself. A copy of the program's
// own process would have its rseq(2) area, too, without which the kernel kills
// it; of one that borrows memory the kernel knows none.
int MakeKeeper(void* data) {
  auto* const start = static_cast<Start*>(data);
  const int keeper = original_clone.Get("clone")(Keep, start->second_stack(),
                                                 CLONE_PARENT, start);
  if (keeper < 0) {
    start->error = errno;
  } else {
    start->keeper = keeper;
  }
  Exit(0);
}

// The keepers of this process's collectors; 0 is a free place. One that found
// none stays a zombie until this process ends.
constexpr int kMostKeepers = 64;
FILEMON_COLD pid_t g_keepers[kMostKeepers];

void Remember(pid_t keeper) {
  for (pid_t& place : g_keepers) {
    pid_t free = 0;
    if (__atomic_compare_exchange_n(&place, &free, keeper, false,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
      return;
    }
  }
}

// Whether one of them was there to be reaped, and whether any is left.
struct Reaped {
  bool one;
  bool others;
};
Reaped ReapEnded() {
  Reaped reaped = {false, false};
  for (pid_t& place : g_keepers) {
    const pid_t keeper = __atomic_load_n(&place, __ATOMIC_RELAXED);
    if (keeper == 0) continue;
    const long result = sys::Call(SYS_wait4, keeper, 0, WNOHANG | __WCLONE, 0);
    if (result == 0) {
      reaped.others = true;
      continue;
    }
    // Or it is not ours, but that of a process that we are a fork of.
    __atomic_store_n(&place, 0, __ATOMIC_RELAXED);
    reaped.one |= result == keeper;
  }
  return reaped;
}

// ---- Starting ---------------------------------------------------------------

bool OrphansComeHere() {
  int subreaper = 0;
  sys::Call(SYS_prctl, PR_GET_CHILD_SUBREAPER, sys::Arg(&subreaper));
  return subreaper != 0 || sys::Getpid() == 1;
}

// Runs the process between, with no signal at its end, nor, then, at that of a
// sibling that it makes: nothing for a SIGCHLD handler, and nothing for a
// wait() that does not ask for clones.
void RunBetween(int (*run)(void*), Start* start) {
  const int kept_errno = errno;
  const int child = original_clone.Get("clone")(run, start->first_stack(),
                                                kBorrowMemory, start);
  if (child < 0) start->error = errno;
  errno = kept_errno;
  if (child < 0) return;
  while (sys::Call(SYS_wait4, child, 0, __WALL, 0) == -EINTR) continue;
}

void StartWithKeeper(Start* start) {
  ReapEnded();
  int report[2];
  start->error =
      static_cast<int>(-sys::Call(SYS_pipe2, sys::Arg(report), O_CLOEXEC));
  if (start->error != 0) return;
  start->report = report[1];
  RunBetween(MakeKeeper, start);
  sys::Close(report[1]);
  if (start->keeper != 0) {
    Remember(start->keeper);
    long n;
    do {
      n = sys::Read(report[0], &start->error, sizeof(start->error));
    } while (n == -EINTR);
    if (n != sizeof(start->error)) start->error = EIO;
  }
  sys::Close(report[0]);
}

}  // namespace

int StartCollectorProcess(const char* program, int socket) {
  auto* const stacks = static_cast<char*>(sys::MapMemory(2 * kStackSize));
  if (stacks == nullptr) return -ENOMEM;
  Start start = {program, socket, stacks, 0, -1, 0, 0};
  // No handler of the program's may run in those processes.
  const uint64_t all = ~static_cast<uint64_t>(0);
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, sys::Arg(&all),
            sys::Arg(&start.signal_mask), kSignalSetSize);
  if (OrphansComeHere()) {
    StartWithKeeper(&start);
  } else {
    RunBetween(MakeOrphan, &start);
  }
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, sys::Arg(&start.signal_mask), 0,
            kSignalSetSize);
  sys::UnmapMemory(stacks, 2 * kStackSize);
  return -start.error;
}

void ReapKeeper() {
  // They are the memory's owner's.
  if (MayBeGuest()) return;
  // It ends with the collector, which has answered already.
  for (int tries = 0; tries < 1000; ++tries) {
    const Reaped reaped = ReapEnded();
    if (reaped.one || !reaped.others) return;
    sys::Sleep(100);
  }
}

}  // namespace filemon
