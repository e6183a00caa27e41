#include "interpose/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>

#include "interpose/cleanup.h"
#include "interpose/environment.h"
#include "interpose/layout.h"
#include "interpose/report.h"
#include "interpose/session.h"
#include "interpose/spawn.h"
#include "interpose/sys.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

// The kernel's struct sigaction: the handler comes first, and the rest is put
// back as it was.
struct Action {
  uintptr_t handler = 0;
  uintptr_t rest[7] = {};
};

void Exchange(int signal, const Action* wanted, Action* old) {
  sys::Call(SYS_rt_sigaction, signal, sys::Arg(wanted), sys::Arg(old),
            sizeof(uint64_t));
}

constexpr uint64_t Bit(int signal) { return uint64_t{1} << (signal - 1); }

// SIGINT and SIGQUIT are ignored while any thread waits for a shell; the last
// one puts them back.
int g_waiting;
Action g_interrupt;
Action g_quit;

// Held for a few instructions and with all signals blocked. What a forked child
// finds locked was locked by a thread that it does not have.
uint32_t g_lock;  // 1 + g_forks of who holds it

class Lock {
 public:
  Lock() {
    for (;;) {
      uint32_t holder = __atomic_load_n(&g_lock, __ATOMIC_RELAXED);
      if (holder != g_forks + 1 &&
          __atomic_compare_exchange_n(&g_lock, &holder, g_forks + 1, false,
                                      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        return;
      }
      sys::Call(SYS_sched_yield);
    }
  }
  ~Lock() { __atomic_store_n(&g_lock, 0, __ATOMIC_RELEASE); }

 private:
  const sys::SignalsBlocked blocked_;
};

// Which of the two signals the shell shall not ignore.
uint64_t IgnoreInterrupts() {
  const Lock lock;
  if (g_waiting++ == 0) {
    Action ignore;
    ignore.handler = reinterpret_cast<uintptr_t>(SIG_IGN);
    Exchange(SIGINT, &ignore, &g_interrupt);
    Exchange(SIGQUIT, &ignore, &g_quit);
  }
  const auto ignored = reinterpret_cast<uintptr_t>(SIG_IGN);
  return (g_interrupt.handler != ignored ? Bit(SIGINT) : 0) |
         (g_quit.handler != ignored ? Bit(SIGQUIT) : 0);
}

void HeedInterrupts() {
  const Lock lock;
  if (--g_waiting > 0) return;
  Exchange(SIGINT, &g_interrupt, nullptr);
  Exchange(SIGQUIT, &g_quit, nullptr);
}

// posix_spawnattr_t is libc's own.
Original<int (*)(posix_spawnattr_t*)> original_init;
Original<int (*)(posix_spawnattr_t*)> original_destroy;
Original<int (*)(posix_spawnattr_t*, short)> original_setflags;
Original<int (*)(posix_spawnattr_t*, const sigset_t*)> original_setsigmask;
Original<int (*)(posix_spawnattr_t*, const sigset_t*)> original_setsigdefault;

sigset_t SetOf(uint64_t signals) {
  sigset_t set;
  memset(&set, 0, sizeof(set));
  memcpy(&set, &signals, sizeof(signals));
  return set;
}

// 0 or an errno.
int SpawnShell(const char* command, const posix_spawn_file_actions_t* actions,
               const posix_spawnattr_t* attributes, pid_t* pid) {
  const char* const arguments[] = {"sh", "-c", command, nullptr};
  return SpawnProgram(pid, "/bin/sh", actions, attributes,
                      const_cast<char* const*>(arguments), Environment());
}

int SpawnCommand(const char* command, uint64_t mask, uint64_t defaults,
                 pid_t* pid) {
  const sigset_t mask_set = SetOf(mask);
  const sigset_t default_set = SetOf(defaults);
  posix_spawnattr_t attributes;
  original_init.Get("posix_spawnattr_init")(&attributes);
  original_setsigmask.Get("posix_spawnattr_setsigmask")(&attributes, &mask_set);
  original_setsigdefault.Get("posix_spawnattr_setsigdefault")(&attributes,
                                                              &default_set);
  original_setflags.Get("posix_spawnattr_setflags")(
      &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int error = SpawnShell(command, nullptr, &attributes, pid);
  original_destroy.Get("posix_spawnattr_destroy")(&attributes);
  return error;
}

Original<pid_t (*)(pid_t, int*, int)> original_waitpid;

// The thread that waited was cancelled.
void Abandon(void* data) {
  const pid_t pid = *static_cast<pid_t*>(data);
  sys::Call(SYS_kill, pid, SIGKILL);
  int status;
  while (sys::Call(SYS_wait4, pid, sys::Arg(&status), 0, 0) == -EINTR) continue;
  HeedInterrupts();
}

// The shell's status; -1 if it cannot be told.
int WaitForShell(pid_t pid) {
  Cleanup cleanup;
  cleanup.Push(Abandon, &pid);
  const auto wait = original_waitpid.Get("waitpid");
  int status;
  pid_t ended;
  do {
    ended = wait(pid, &status, 0);
  } while (ended == -1 && errno == EINTR);
  cleanup.Pop();
  if (ended != pid) return -1;
  if (Tracing()) ReportChildEnded(pid, status);
  return status;
}

}  // namespace

int RunShell(const char* command) {
  const uint64_t defaults = IgnoreInterrupts();
  const uint64_t child_ended = Bit(SIGCHLD);
  uint64_t mask = 0;
  sys::Call(SYS_rt_sigprocmask, SIG_BLOCK, sys::Arg(&child_ended),
            sys::Arg(&mask), sizeof(mask));
  pid_t pid;
  const int error = SpawnCommand(command, mask, defaults, &pid);
  const int status = error == 0 ? WaitForShell(pid) : 127 << 8;
  HeedInterrupts();
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, sys::Arg(&mask), 0, sizeof(mask));
  if (error != 0) errno = error;
  return status;
}

namespace {

// A stream of popen(), and the shell at its other end. The list is as long as
// the streams that were ever open at a time.
struct Shell {
  FILE* stream;
  pid_t pid;
};
struct ShellBlock {
  Shell shell[32];
  ShellBlock* next;
};
FILEMON_COLD ShellBlock g_shell_blocks;

// Calls visit(shell) for each place until it returns true; whether it did.
template <typename Visit>
bool ForEachShell(Visit visit) {
  for (ShellBlock* block = &g_shell_blocks; block != nullptr;
       block = __atomic_load_n(&block->next, __ATOMIC_ACQUIRE)) {
    for (Shell& shell : block->shell) {
      if (visit(&shell)) return true;
    }
  }
  return false;
}

FILE* StreamOf(const Shell* shell) {
  return __atomic_load_n(&shell->stream, __ATOMIC_ACQUIRE);
}

// Makes the list longer. False without memory.
bool AddShellBlock() {
  auto* const more =
      static_cast<ShellBlock*>(sys::MapMemory(sizeof(ShellBlock)));
  if (more == nullptr) return false;
  ShellBlock** end = &g_shell_blocks.next;
  ShellBlock* none = nullptr;
  while (!__atomic_compare_exchange_n(end, &none, more, false, __ATOMIC_RELEASE,
                                      __ATOMIC_ACQUIRE)) {
    end = &none->next;
    none = nullptr;
  }
  return true;
}

// What is in a place that is taken and has no stream yet.
FILE* const kTaken = reinterpret_cast<FILE*>(1);

Shell* TakePlace() {
  Shell* place = nullptr;
  const auto take = [&](Shell* shell) {
    FILE* free = nullptr;
    if (!__atomic_compare_exchange_n(&shell->stream, &free, kTaken, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      return false;
    }
    place = shell;
    return true;
  };
  while (!ForEachShell(take)) {
    if (!AddShellBlock()) return nullptr;
  }
  return place;
}

void LeavePlace(Shell* place) {
  __atomic_store_n(&place->stream, nullptr, __ATOMIC_RELEASE);
}

Original<const char* (*)()> original_version;
Original<FILE* (*)(int, const char*)> original_fdopen;
Original<int (*)(FILE*)> original_fclose;
Original<int (*)(FILE*)> original_fileno;

// POSIX: a child has none of the streams of earlier calls.
int CloseOtherStreams(SpawnFileActions* actions, int own) {
  int error = 0;
  ForEachShell([&](Shell* shell) {
    FILE* const stream = StreamOf(shell);
    if (stream == nullptr || stream == kTaken) return false;
    const int fd = original_fileno.Get("fileno")(stream);
    if (fd >= 0 && fd != own) error = actions->AddClose(fd);
    return error != 0;
  });
  return error;
}

// The shell at the other end of a pipe whose end `fd` is. 0 or an errno.
int SpawnAtPipe(const char* command, int fd, int standard, pid_t* pid) {
  SpawnFileActions actions;
  int error = actions.AddDup2(fd, standard);
  if (error == 0) error = CloseOtherStreams(&actions, standard);
  return error != 0 ? error : SpawnShell(command, actions.get(), nullptr, pid);
}

}  // namespace

int g_shells;

bool IsShellMode(const char* mode) {
  return (mode[0] == 'r' || mode[0] == 'w') &&
         (mode[1] == '\0' || (mode[1] == 'e' && mode[2] == '\0'));
}

FILE* OpenShell(const char* command, const char* mode) {
  const bool reads = mode[0] == 'r';
  int ends[2];
  const long result = sys::Call(SYS_pipe2, sys::Arg(ends), O_CLOEXEC);
  if (result < 0) {
    errno = static_cast<int>(-result);
    return nullptr;
  }
  const int ours = GivenDescriptor(ends[reads ? 0 : 1]);
  const int theirs = GivenDescriptor(ends[reads ? 1 : 0]);
  FILE* const stream = original_fdopen.Get("fdopen")(ours, reads ? "r" : "w");
  Shell* const place = stream != nullptr ? TakePlace() : nullptr;
  int error = place != nullptr ? 0 : ENOMEM;
  pid_t pid = 0;
  if (error == 0) error = SpawnAtPipe(command, theirs, reads ? 1 : 0, &pid);
  sys::Close(theirs);
  if (error != 0) {
    if (place != nullptr) LeavePlace(place);
    if (stream != nullptr) {
      original_fclose.Get("fclose")(stream);
    } else {
      sys::Close(ours);
    }
    // What glibc says of whatever keeps it from running the shell.
    errno = original_version.Exists("gnu_get_libc_version") ? ENOMEM : error;
    return nullptr;
  }
  if (mode[1] != 'e') sys::SetCloseOnExec(ours, false);
  place->pid = pid;
  __atomic_store_n(&place->stream, stream, __ATOMIC_RELEASE);
  __atomic_fetch_add(&g_shells, 1, __ATOMIC_RELAXED);
  return stream;
}

bool CloseShellStream(FILE* stream, int* result) {
  Shell* place = nullptr;
  if (stream == nullptr || !ForEachShell([&](Shell* shell) {
        if (StreamOf(shell) != stream) return false;
        place = shell;
        return true;
      })) {
    return false;
  }
  const pid_t pid = place->pid;
  LeavePlace(place);
  __atomic_fetch_sub(&g_shells, 1, __ATOMIC_RELAXED);
  original_fclose.Get("fclose")(stream);
  long ended;
  int status = 0;
  do {
    ended = sys::Call(SYS_wait4, pid, sys::Arg(&status), 0, 0);
  } while (ended == -EINTR);
  if (ended < 0) {
    errno = static_cast<int>(-ended);
    status = -1;
  } else if (Tracing()) {
    ReportChildEnded(pid, status);
  }
  *result = status;
  return true;
}

}  // namespace filemon
