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

namespace {

// Of Session::state.
enum State : int { kUnknown = 0, kJoining, kNoSession, kTracing };

}  // namespace

Session g_owner_session = {kDormant, 0, 0, -1, 0, 0, 0, kUnknown};
Preload g_preload;

namespace {

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
  if (entry == nullptr || size >= sizeof(g_preload.entry)) return;
  memcpy(g_preload.entry, entry, size);
  g_preload.entry[size] = '\0';
}

void Join() {
  char* const* environment = Environment();
  if (environment == nullptr) return;
  const char* value = FindVariable(environment, wire::kSessionVariable);
  if (value == nullptr) return;
  SessionValue session;
  if (!ParseSessionValue(value, &session)) return;
  ThisSession().cookie = session.cookie;
  ThisSession().collector = session.collector;
  ThisSession().collector_fd = session.collector_fd;
  ThisSession().inode = session.inode;
  ThisSession().pid = sys::Getpid();
  RememberPreload(environment);
  if (IsPipe(session.fd, session.inode)) {
    ThisSession().fd = session.fd;
  } else {
    RecoverPipe();
  }
  if (ThisSession().fd < 0) return;
  ThisSession().pid_namespace =
      PidNamespaceOf(ThisSession().fd, ThisSession().collector);
}

}  // namespace

bool Tracing() {
  Session& session = ThisSession();
  const int state = __atomic_load_n(&session.state, __ATOMIC_ACQUIRE);
  if (__builtin_expect(state == kTracing, 1)) return true;
  if (state != kUnknown) return false;
  int expected = kUnknown;
  if (!__atomic_compare_exchange_n(&session.state, &expected, kJoining, false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    return false;
  }
  Join();
  if (ThisSession().fd < 0) {
    GoDormant();
    return false;
  }
  ReportImageStart();
  // A signal handler or another thread that came in meanwhile went unreported;
  // had it reported, its records would have preceded the image's start.
  __atomic_store_n(&session.state, kTracing, __ATOMIC_RELEASE);
  return true;
}

Session DormantSession() { return {kDormant, 0, 0, -1, 0, 0, 0, kNoSession}; }

void GoDormant() {
  __atomic_store_n(&ThisSession().state, kNoSession, __ATOMIC_RELEASE);
  __atomic_store_n(&ThisSession().fd, kDormant, __ATOMIC_RELAXED);
}

// /proc/COLLECTOR/fd/COLLECTOR_FD in `out`.
static void CollectorPipePath(char* out, size_t size) {
  TextBuilder(out, size)
      .Add("/proc/")
      .AddDecimal(static_cast<uint64_t>(ThisSession().collector))
      .Add("/fd/")
      .AddDecimal(static_cast<uint64_t>(ThisSession().collector_fd));
}

static void MovePipe(int fd) {
  NoteMovedPipe(ThisSession().fd);
  __atomic_store_n(&ThisSession().fd, fd, __ATOMIC_RELAXED);
}

bool RecoverPipe() {
  char path[64];
  CollectorPipePath(path, sizeof(path));
  const int low = sys::Openat(AT_FDCWD, path, O_RDWR | O_NONBLOCK);
  if (low == -EMFILE || low == -ENFILE) {
    MovePipe(kNoDescriptor);
    return false;
  }
  if (low < 0 || !IsPipe(low, ThisSession().inode)) {
    if (low >= 0) sys::Close(low);
    GoDormant();
    return false;
  }
  // As the collector has done to the pipe that was lost.
  sys::SetOwner(low, ThisSession().collector);
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

bool PipeIsInPlace() { return IsPipe(ThisSession().fd, ThisSession().inode); }

int GivenDescriptor(int fd) {
  if (__builtin_expect(IsOurs(fd), 0) && Tracing()) RecoverPipe();
  return fd;
}

void YieldDescriptor() {
  const int old = ThisSession().fd;
  int fd = sys::FcntlDupfd(old, old + 1);
  for (int least = old / 2; fd < 0 && least > 2; least /= 2) {
    fd = sys::FcntlDupfd(old, least);
  }
  if (fd < 0) fd = DuplicateAboveLimit(old);
  MovePipe(fd < 0 ? kNoDescriptor : fd);
}

bool CollectorLives() {
  const int fd = ThisSession().fd;
  if (fd < 0) return false;
  if (sys::Call(SYS_flock, fd, LOCK_SH | LOCK_NB) != 0) return true;
  sys::Call(SYS_flock, fd, LOCK_UN);
  return false;
}

bool BeginsAnotherSession(const char* value) {
  SessionValue session;
  return ParseSessionValue(value, &session) &&
         session.inode != ThisSession().inode &&
         (session.collector == sys::Getppid() ||
          session.collector == sys::Getpid());
}

void WriteSessionValue(char* out) {
  TextBuilder(out, kSessionValueSize)
      .AddDecimal(static_cast<uint64_t>(wire::kSessionVersion))
      .Add(":")
      // No descriptor of ours is as good as one of another file.
      .AddDecimal(
          static_cast<uint64_t>(ThisSession().fd < 0 ? 0 : ThisSession().fd))
      .Add(":")
      .AddDecimal(static_cast<uint64_t>(ThisSession().collector))
      .Add(":")
      .AddDecimal(static_cast<uint64_t>(ThisSession().collector_fd))
      .Add(":")
      .AddDecimal(ThisSession().inode)
      .Add(":")
      .AddDecimal(ThisSession().cookie);
}

}  // namespace filemon
