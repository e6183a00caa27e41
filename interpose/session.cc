#include "interpose/session.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/wire.h"
#include "interpose/environment.h"
#include "interpose/image.h"
#include "interpose/pid_namespace.h"
#include "interpose/process.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {

Session g_session = {kDormant, 0, 0, -1, 0, 0, {}, nullptr, 0};

namespace {

enum State : int { kUnknown = 0, kJoining, kNoSession, kTracing };
int g_state;  // a State

// "VERSION:FD:COLLECTOR:COLLECTOR_FD:INODE:COOKIE" (core/wire.h).
struct SessionValue {
  int fd;
  pid_t collector;
  int collector_fd;
  uint64_t inode;
  uint32_t cookie;
};

bool ParseSessionValue(const char* text, SessionValue* out) {
  uint64_t field[6];
  for (int i = 0; i < 6; ++i) {
    if (i > 0 && *text++ != ':') return false;
    if (!ReadDecimal(&text, &field[i])) return false;
  }
  if (*text != '\0' ||
      field[0] != static_cast<uint64_t>(wire::kSessionVersion)) {
    return false;
  }
  if (field[1] > INT32_MAX || field[2] > INT32_MAX || field[3] > INT32_MAX ||
      field[5] > UINT32_MAX) {
    return false;
  }
  out->fd = static_cast<int>(field[1]);
  out->collector = static_cast<pid_t>(field[2]);
  out->collector_fd = static_cast<int>(field[3]);
  out->inode = field[4];
  out->cookie = static_cast<uint32_t>(field[5]);
  return true;
}

bool IsPipe(int fd, uint64_t inode) {
  sys::Identity id;
  return sys::Stat(fd, "", AT_EMPTY_PATH, &id) == 0 && S_ISFIFO(id.mode) &&
         id.inode == inode;
}

// Copies the entry of LD_PRELOAD that names this library, as the program's
// children are to get it: with $LIB unexpanded, and out of the program's reach
// (programs write over their environment to change their title).
void RememberPreload(char* const* environment) {
  const char* value = FindVariable(environment, "LD_PRELOAD");
  if (value == nullptr) return;
  size_t size;
  const char* entry = FindOurPreload(value, &size);
  if (entry == nullptr || size >= sizeof(g_session.preload)) return;
  memcpy(g_session.preload, entry, size);
  g_session.preload[size] = '\0';
}

void Join() {
  char* const* environment = Environment();
  if (environment == nullptr) return;
  const char* value = FindVariable(environment, wire::kSessionVariable);
  if (value == nullptr) return;
  SessionValue session;
  if (!ParseSessionValue(value, &session)) return;
  g_session.cookie = session.cookie;
  g_session.collector = session.collector;
  g_session.collector_fd = session.collector_fd;
  g_session.inode = session.inode;
  g_session.pid = sys::Getpid();
  RememberPreload(environment);
  if (IsPipe(session.fd, session.inode)) {
    g_session.fd = session.fd;
  } else {
    RecoverPipe();
  }
  if (g_session.fd < 0) return;
  g_session.pid_namespace = PidNamespaceOf(g_session.fd, g_session.collector);
}

}  // namespace

bool Tracing() {
  const int state = __atomic_load_n(&g_state, __ATOMIC_ACQUIRE);
  if (__builtin_expect(state == kTracing, 1)) return true;
  if (state != kUnknown) return false;
  int expected = kUnknown;
  if (!__atomic_compare_exchange_n(&g_state, &expected, kJoining, false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    return false;
  }
  Join();
  if (g_session.fd < 0) {
    GoDormant();
    return false;
  }
  ReportImageStart();
  // A signal handler or another thread that came in meanwhile went unreported;
  // had it reported, its records would have preceded the image's start.
  __atomic_store_n(&g_state, kTracing, __ATOMIC_RELEASE);
  return true;
}

void GoDormant() {
  __atomic_store_n(&g_state, kNoSession, __ATOMIC_RELEASE);
  __atomic_store_n(&g_session.fd, kDormant, __ATOMIC_RELAXED);
}

// /proc/COLLECTOR/fd/COLLECTOR_FD in `out`.
static void CollectorPipePath(char* out, size_t size) {
  TextBuilder(out, size)
      .Add("/proc/")
      .AddDecimal(static_cast<uint64_t>(g_session.collector))
      .Add("/fd/")
      .AddDecimal(static_cast<uint64_t>(g_session.collector_fd));
}

static void MovePipe(int fd) {
  NoteMovedPipe(g_session.fd);
  __atomic_store_n(&g_session.fd, fd, __ATOMIC_RELAXED);
}

bool RecoverPipe() {
  char path[64];
  CollectorPipePath(path, sizeof(path));
  const int low = sys::Openat(AT_FDCWD, path, O_RDWR | O_NONBLOCK);
  if (low == -EMFILE || low == -ENFILE) {
    MovePipe(kNoDescriptor);
    return false;
  }
  if (low < 0 || !IsPipe(low, g_session.inode)) {
    if (low >= 0) sys::Close(low);
    GoDormant();
    return false;
  }
  // As the collector has done to the pipe that was lost.
  sys::SetOwner(low, g_session.collector);
  // High again, as far as RLIMIT_NOFILE lets us.
  int fd = low;
  for (int least = 1000; least > low; least /= 2) {
    fd = sys::FcntlDupfd(low, least);
    if (fd >= 0) break;
  }
  if (fd != low && fd >= 0) sys::Close(low);
  MovePipe(fd < 0 ? low : fd);
  return true;
}

// For a process that has every descriptor up to its limit open: a number above
// it, which stays valid when the limit is back. -errno if that cannot be had.
static int DuplicateAboveLimit(int fd) {
  struct {
    uint64_t soft, hard;
  } limit, raised;
  constexpr int kNoFile = 7;  // RLIMIT_NOFILE
  if (sys::Call(SYS_prlimit64, 0, kNoFile, 0, sys::Arg(&limit)) != 0 ||
      limit.hard <= limit.soft) {
    return -EMFILE;
  }
  raised = {limit.soft + 1, limit.hard};
  sys::Call(SYS_prlimit64, 0, kNoFile, sys::Arg(&raised), 0);
  const int result = sys::FcntlDupfd(fd, static_cast<int>(limit.soft));
  sys::Call(SYS_prlimit64, 0, kNoFile, sys::Arg(&limit), 0);
  return result;
}

bool PipeIsInPlace() { return IsPipe(g_session.fd, g_session.inode); }

int GivenDescriptor(int fd) {
  if (__builtin_expect(IsOurs(fd), 0) && Tracing()) RecoverPipe();
  return fd;
}

void YieldDescriptor() {
  const int old = g_session.fd;
  int fd = sys::FcntlDupfd(old, old + 1);
  for (int least = old / 2; fd < 0 && least > 2; least /= 2) {
    fd = sys::FcntlDupfd(old, least);
  }
  if (fd < 0) fd = DuplicateAboveLimit(old);
  MovePipe(fd < 0 ? kNoDescriptor : fd);
}

bool CollectorLives() {
  const int fd = g_session.fd;
  if (fd < 0) return false;
  if (sys::Call(SYS_flock, fd, LOCK_SH | LOCK_NB) != 0) return true;
  sys::Call(SYS_flock, fd, LOCK_UN);
  return false;
}

bool BeginsAnotherSession(const char* value) {
  SessionValue session;
  return ParseSessionValue(value, &session) &&
         session.inode != g_session.inode &&
         (session.collector == sys::Getppid() ||
          session.collector == sys::Getpid());
}

void WriteSessionValue(char* out) {
  TextBuilder(out, kSessionValueSize)
      .AddDecimal(static_cast<uint64_t>(wire::kSessionVersion))
      .Add(":")
      // No descriptor of ours is as good as one of another file.
      .AddDecimal(static_cast<uint64_t>(g_session.fd < 0 ? 0 : g_session.fd))
      .Add(":")
      .AddDecimal(static_cast<uint64_t>(g_session.collector))
      .Add(":")
      .AddDecimal(static_cast<uint64_t>(g_session.collector_fd))
      .Add(":")
      .AddDecimal(g_session.inode)
      .Add(":")
      .AddDecimal(g_session.cookie);
}

}  // namespace filemon
