#include "interpose/session.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/pipe_place.h"
#include "core/wire.h"
#include "interpose/apart.h"
#include "interpose/auxiliary.h"
#include "interpose/channel.h"
#include "interpose/door.h"
#include "interpose/environment.h"
#include "interpose/image.h"
#include "interpose/layout.h"
#include "interpose/libraries.h"
#include "interpose/logged_session.h"
#include "interpose/object_list.h"
#include "interpose/own_lane.h"
#include "interpose/own_library.h"
#include "interpose/pid_namespace.h"
#include "interpose/pipe_place.h"
#include "interpose/preload.h"
#include "interpose/process.h"
#include "interpose/readable.h"
#include "interpose/session_memory.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {

Session g_owner_session = {kDormant, 0, 0, -1, 0, 0, 0, 0, kUnknown, 0, 0, 0};
Invitation g_invitation;

namespace {

// "VERSION:FD:COLLECTOR:COLLECTOR_FD:INODE:COOKIE:FIRST:BELL:LANES:DENIED:"
// "PID:LIFE:CHILD" (core/wire.h).
struct SessionValue {
  int fd;
  uint32_t denied;
  Membership membership;
  ProcessId maker;
  uint32_t child;
};
// PID, LIFE and CHILD, and the colons between them.
constexpr size_t kDigits = 10;
constexpr size_t kIdentitySize = 3 * kDigits + 2;

bool ParseSessionValue(const char* text, SessionValue* out) {
  constexpr int kFields = 13;
  uint64_t field[kFields];
  for (int i = 0; i < kFields; ++i) {
    if (i > 0 && *text++ != ':') return false;
    if (!ReadDecimal(&text, &field[i])) return false;
  }
  if (*text != '\0' ||
      field[0] != static_cast<uint64_t>(wire::kSessionVersion)) {
    return false;
  }
  if (field[1] > INT32_MAX || field[2] > INT32_MAX || field[3] > INT32_MAX ||
      field[5] > UINT32_MAX || field[6] > INT32_MAX || field[7] > INT32_MAX ||
      field[8] > INT32_MAX || field[9] > UINT32_MAX || field[10] > INT32_MAX ||
      field[11] > UINT32_MAX || field[12] > UINT32_MAX) {
    return false;
  }
  out->fd = static_cast<int>(field[1]);
  out->membership.collector = static_cast<pid_t>(field[2]);
  out->membership.collector_fd = static_cast<int>(field[3]);
  out->membership.inode = field[4];
  out->membership.cookie = static_cast<uint32_t>(field[5]);
  out->membership.first = static_cast<pid_t>(field[6]);
  out->membership.bell = static_cast<int>(field[7]);
  out->membership.lanes = static_cast<int>(field[8]);
  out->denied = static_cast<uint32_t>(field[9]);
  out->maker.pid = static_cast<pid_t>(field[10]);
  out->maker.life = static_cast<uint32_t>(field[11]);
  out->child = static_cast<uint32_t>(field[12]);
  return true;
}

bool IsPipe(int fd, uint64_t inode) {
  sys::Identity id;
  return sys::Stat(fd, "", AT_EMPTY_PATH, &id) == 0 && S_ISFIFO(id.mode) &&
         id.inode == inode;
}

void AddDigits(uint32_t number, TextBuilder* text) {
  char digits[kDigits];
  for (size_t i = kDigits; i > 0; --i) {
    digits[i - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  text->Add(digits, kDigits);
}

void AddIdentity(ProcessId maker, uint32_t child, TextBuilder* text) {
  AddDigits(static_cast<uint32_t>(maker.pid), text);
  text->Add(':');
  AddDigits(maker.life, text);
  text->Add(':');
  AddDigits(child, text);
}

// The value that this image was given stands where its children find it.
void MakeOwn(const char* value, const Session& session) {
  const size_t size = strlen(value);
  // The kernel has put the environment between these two.
  if (reinterpret_cast<uintptr_t>(value) < Auxiliary(AT_RANDOM) ||
      reinterpret_cast<uintptr_t>(value) + size > Auxiliary(AT_EXECFN) ||
      size < kIdentitySize || value[size - kIdentitySize - 1] != ':') {
    return;
  }
  char own[kIdentitySize + 1];
  TextBuilder text(own, sizeof(own));
  AddIdentity({session.pid, session.life}, 0, &text);
  memcpy(const_cast<char*>(value) + size - kIdentitySize, own, kIdentitySize);
}

// Who this process is, by the value that it was given.
Origin TakeLife(const SessionValue& inherited, Session* session) {
  const ProcessId maker = inherited.maker;
  if (inherited.child == 0) {
    if (maker.pid == session->pid && maker.life != 0) {
      session->life = maker.life;
      return {};
    }
  } else {
    const pid_t parent = sys::Getppid();
    if (parent == maker.pid || parent == 0) {
      session->life = inherited.child;
      return {maker, 0};
    }
  }
  session->life = NewLife({session->pid, maker.life});
  return {maker, inherited.child};
}

// All of a session but its pipe, its state and the process's life.
void Enter(Session* session, const Membership& membership) {
  session->cookie = membership.cookie;
  session->collector = membership.collector;
  session->collector_fd = membership.collector_fd;
  session->inode = membership.inode;
  session->first = membership.first;
  session->bell = membership.bell;
  session->lanes = membership.lanes;
  session->pid = sys::Getpid();
}

void EnterWithPipe(Session* session, const Membership& membership, int pipe) {
  NoteClock();
  Enter(session, membership);
  if (session->life == 0) session->life = NewLife({session->pid, 0});
  session->fd = pipe;
  session->pid_namespace = PidNamespaceOf(pipe, session->collector);
}

// Joins the session that the environment names or asks for.
Origin JoinByEnvironment() {
  char* const* environment = Environment();
  // A set-user-ID program that is linked with the library does not obey
  // whoever calls it.
  if (environment == nullptr || Auxiliary(AT_SECURE) != 0) return {};
  Session* const session = &ThisSession();
  const char* value = FindVariable(environment, wire::kSessionVariable);
  if (value == nullptr) {
    // The first copy has begun it, or has seen that there is none to begin.
    if (IsSecondCopy()) return {};
    Membership membership;
    const int pipe = BeginLoggedSession(environment, &membership);
    if (pipe < 0) return {};
    KnowOwnLibrary();
    EnterWithPipe(session, membership, MoveHigh(pipe));
    return {};
  }
  g_first_pages[0] = PageOf(environment) | 1;
  g_first_pages[1] = PageOf(value) | 1;
  SessionValue inherited;
  if (!ParseSessionValue(value, &inherited)) return {};
  sys::g_denied = inherited.denied & ~wire::kNoClock;
  g_unstamped = (inherited.denied & wire::kNoClock) != 0;
  Enter(session, inherited.membership);
  // A filter keeps it from us, and nobody has told.
  if (session->pid < 0) return {};
  const Origin origin = TakeLife(inherited, session);
  if (origin.maker.life != 0 || inherited.child != 0) MakeOwn(value, *session);
  RememberPreload(environment);
  // Where a filter keeps us from looking, the image before has known.
  if (sys::Denies(sys::kStat) || IsPipe(inherited.fd, session->inode)) {
    session->fd = inherited.fd;
    if (IsOddPlace(inherited.fd)) Settle();
  } else {
    RecoverPipe();
  }
  if (session->fd < 0) return {};
  session->pid_namespace = PidNamespaceOf(session->fd, session->collector);
  return origin;
}

// Somebody has written g_invitation.
FILEMON_RARE bool AcceptInvitation(Session* session) {
  // A guest finds its host's.
  if (g_invitation.pid != sys::Getpid()) return false;
  int expected = kInvited;
  if (!__atomic_compare_exchange_n(&session->state, &expected, kJoining, false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    return false;
  }
  if (session->fd >= 0) sys::Close(session->fd);
  SkipPresentLibraries();
  NoteClock();
  Enter(session, g_invitation.membership);
  session->life = NewLife({session->pid, 0});
  if (!KnowOwnLibrary() || !RecoverPipe()) {
    GoDormant();
    return false;
  }
  session->pid_namespace = PidNamespaceOf(session->fd, session->collector);
  __atomic_store_n(&session->state, kTracing, __ATOMIC_RELEASE);
  return true;
}

}  // namespace

FILEMON_RARE bool Join(const Membership& membership, int pipe) {
  if (Tracing()) {
    Emit({wire::Kind::kLeft, CurrentProcess()});
    sys::Close(ThisSession().fd);
  }
  const bool guest = MayBeGuest();
  Session* const session =
      guest ? AddGuestSession(sys::Getpid()) : &g_owner_session;
  if (session == nullptr) return false;
  // A guest's parent has other threads, which may hold the linker's lock.
  if (!guest) SkipPresentLibraries();
  KnowOwnLibrary();
  EnterWithPipe(session, membership, MoveHigh(pipe));
  __atomic_store_n(&session->state, kTracing, __ATOMIC_RELEASE);
  return true;
}

bool BeginTracing() {
  Session& session = ThisSession();
  const int state = __atomic_load_n(&session.state, __ATOMIC_ACQUIRE);
  if (state == kTracing) return true;
  if (state == kInvited) return AcceptInvitation(&session);
  if (state != kUnknown) return false;
  int expected = kUnknown;
  if (!__atomic_compare_exchange_n(&session.state, &expected, kJoining, false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    return false;
  }
  const Origin origin = JoinByEnvironment();
  if (ThisSession().fd < 0) {
    NoteDormantEnvironment(Environment());
    GoDormant();
    return false;
  }
  // The image is the first copy's to report.
  if (!IsSecondCopy()) ReportImageStart(origin);
  // A signal handler or another thread that came in meanwhile went unreported;
  // had it reported, its records would have preceded the image's start.
  __atomic_store_n(&session.state, kTracing, __ATOMIC_RELEASE);
  return true;
}

Session DormantSession() {
  return {kDormant, 0, 0, -1, 0, 0, 0, 0, kNoSession, 0, 0, 0};
}

void GoDormant() {
  __atomic_store_n(&ThisSession().state, kNoSession, __ATOMIC_RELEASE);
  __atomic_store_n(&ThisSession().fd, kDormant, __ATOMIC_RELAXED);
}

int OpenCollectorsFile(int number, int flags) {
  char path[64];
  TextBuilder(path, sizeof(path))
      .Add("/proc/")
      .AddDecimal(static_cast<uint64_t>(ThisSession().collector))
      .Add("/fd/")
      .AddDecimal(static_cast<uint64_t>(number));
  return sys::Openat(AT_FDCWD, path, flags);
}

static int RingApart(void*) {
  // For reading as well: the collector may end at any moment, and a pipe
  // without a reader raises SIGPIPE.
  const int fd =
      OpenCollectorsFile(ThisSession().bell, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return fd;
  // Another process may be the collector's namesake in our pid namespace, and
  // that descriptor anything.
  sys::Identity id;
  if (sys::Stat(fd, "", AT_EMPTY_PATH, &id) == 0 && S_ISFIFO(id.mode) &&
      CollectorLives()) {
    sys::Write(fd, "", 1);
  }
  sys::Close(fd);
  return 0;
}

void RingBell() { RunApart(RingApart, nullptr); }

bool MovePipe(int from, int to) {
  NoteMovedPipe(from);
  return __atomic_compare_exchange_n(&ThisSession().fd, &from, to, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

// For whom /proc does not lead to the collector.
static int PipeFromTheDoor() {
  const Admission admission = Knock();
  if (admission.lanes >= 0) {
    // For what may be lost later to be counted.
    SessionMemoryIn(admission.lanes);
    sys::Close(admission.lanes);
  }
  return admission.pipe;
}

FILEMON_RARE bool RecoverPipe() {
  const int lost = ThisSession().fd;
  int low = OpenCollectorsFile(ThisSession().collector_fd, O_RDWR | O_NONBLOCK);
  if (low == -EMFILE || low == -ENFILE || low == -EPERM) {
    MovePipe(lost, kNoDescriptor);
    return false;
  }
  if (low >= 0 && !IsPipe(low, ThisSession().inode)) {
    sys::Close(low);
    low = -1;
  }
  if (low < 0) low = PipeFromTheDoor();
  if (low < 0) {
    GoDormant();
    return false;
  }
  // As the collector has done to the pipe that was lost.
  sys::SetOwner(low, ThisSession().collector);
  const int fd = MoveHigh(low);
  // Another thread may have it back already.
  if (!MovePipe(lost, fd)) sys::Close(fd);
  return ThisSession().fd >= 0;
}

bool IsPipeOfSession(int fd) { return IsPipe(fd, ThisSession().inode); }

bool PipeIsInPlace() { return IsPipeOfSession(ThisSession().fd); }

void GivenNear(int fd) {
  if (fd < 0 || !Tracing()) return;
  if (IsOurs(fd)) {
    RecoverPipe();
  } else {
    GoAhead();
  }
}

bool CollectorLives() {
  const int fd = ThisSession().fd;
  if (fd < 0) return false;
  const long result = sys::Call(SYS_flock, fd, LOCK_SH | LOCK_NB);
  if (result == 0) sys::Call(SYS_flock, fd, LOCK_UN);
  // A filter of system calls denies flock() to us, or has denied it to the
  // collector.
  return result == -EWOULDBLOCK || sys::IsLocked(fd, result != 0);
}

// Told by the pipe's inode alone: most values are our own.
static bool NamesThisSession(const char* value) {
  constexpr int kInodesField = 4;
  for (int field = 0; field < kInodesField; ++value) {
    if (*value == '\0') return false;
    if (*value == ':') ++field;
  }
  uint64_t inode;
  return ReadDecimal(&value, &inode) && inode == ThisSession().inode;
}

bool BeginsAnotherSession(const char* value) {
  SessionValue session;
  return !NamesThisSession(value) && ParseSessionValue(value, &session) &&
         (session.membership.collector == sys::Getppid() ||
          session.membership.collector == sys::Getpid());
}

bool ProcIsTheCollectors() {
  char path[64];
  TextBuilder(path, sizeof(path))
      .Add("/proc/")
      .AddDecimal(static_cast<uint64_t>(ThisSession().collector))
      .Add("/fd/")
      .AddDecimal(static_cast<uint64_t>(ThisSession().collector_fd));
  sys::Identity id;
  return sys::Stat(AT_FDCWD, path, 0, &id) == 0 && S_ISFIFO(id.mode) &&
         id.inode == ThisSession().inode;
}

void WriteSessionValue(ProcessId maker, uint32_t child, char* out) {
  // The next image, and the children's, see the numbers of their own pid
  // namespace; who is in its parent's memory has spoken by that one's.
  if (MemoryIsShared() && maker.pid > 0) maker.pid = sys::Getpid();
  const Session& session = ThisSession();
  TextBuilder text(out, kSessionValueSize);
  const auto add = [&text](auto number) {
    text.AddDecimal(static_cast<uint64_t>(number)).Add(':');
  };
  add(wire::kSessionVersion);
  // No descriptor of ours is as good as one of another file.
  add(session.fd < 0 ? 0 : session.fd);
  add(session.collector);
  add(session.collector_fd);
  add(session.inode);
  add(session.cookie);
  add(session.first);
  add(session.bell);
  add(session.lanes);
  add(sys::g_denied | (g_unstamped ? wire::kNoClock : 0));
  AddIdentity(maker, child, &text);
}

}  // namespace filemon
