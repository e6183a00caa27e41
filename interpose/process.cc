#include "interpose/process.h"

#include <stdint.h>

#include "interpose/channel.h"
#include "interpose/libraries.h"
#include "interpose/own_lane.h"
#include "interpose/own_page.h"
#include "interpose/pid_namespace.h"
#include "interpose/session.h"
#include "interpose/sys.h"

namespace filemon {

int g_sharers;

namespace {

// A process that lives in another's memory: a vfork child until its exec, or a
// child of clone(CLONE_VM). Its pid must not become ThisSession().pid.
struct Sharing {
  pid_t pid;
  // What the memory's owner calls it, who may be in another pid namespace.
  pid_t here;
  // Where the pipe was, if this child has moved it: the child's descriptors are
  // its own, and where the memory's owner has the pipe has not changed.
  bool moved;
  int pipe;
  // What filters had denied before it came: those of its own are not its
  // parent's.
  uint32_t denied;
};
// Of a process that cannot tell its pid.
constexpr pid_t kNameless = -1;
constexpr int kMaxSharing = 16;
Sharing g_sharing[kMaxSharing];

Sharing* FindSharing(pid_t pid) {
  for (Sharing& slot : g_sharing) {
    if (__atomic_load_n(&slot.pid, __ATOMIC_RELAXED) == pid) return &slot;
  }
  return nullptr;
}

void RememberSharing(pid_t pid, pid_t here) {
  for (Sharing& slot : g_sharing) {
    pid_t empty = 0;
    if (__atomic_compare_exchange_n(&slot.pid, &empty, pid, false,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
      slot.here = here;
      slot.moved = false;
      slot.denied = sys::g_denied;
      DistrustMemory();
      return;
    }
  }
  // Full, of processes that never came back: the oldest guess is as good as
  // any.
  Sharing& slot = g_sharing[static_cast<unsigned>(pid) % kMaxSharing];
  __atomic_store_n(&slot.pid, pid, __ATOMIC_RELAXED);
  slot.here = here;
  slot.moved = false;
  slot.denied = sys::g_denied;
}

// `forks` is what g_forks was when `parent` was known.
void EmitFork(pid_t parent, pid_t child, int32_t side,
              uint32_t forks = g_forks) {
  OutgoingRecord record = {wire::Kind::kFork, parent};
  record.a = child;
  record.b = side;
  record.forks = forks;
  Emit(record);
}

// The calling process's pid for its parent `parent`; 0 if it cannot be told.
pid_t PidSeenBy(pid_t parent) {
  const Outside outside = SeenFromOutside();
  return outside.parent == parent ? outside.pid : 0;
}

// The calling process was forked by `parent` into another pid namespace.
void EnterPidNamespace(pid_t parent, pid_t pid) {
  const pid_t outside = PidSeenBy(parent);
  if (outside != 0) EmitFork(parent, outside, wire::kSaidByChild);
  const uint32_t parents_namespace = ThisSession().pid_namespace;
  ThisSession().pid_namespace = OwnPidNamespace();
  __atomic_store_n(&ThisSession().pid, pid, __ATOMIC_RELAXED);
  if (outside != 0) Emit(EnteredRecord(pid, outside, parents_namespace));
}

// The pid is not the one that last reported. Returns what the process is called
// in ThisSession().pid_namespace.
__attribute__((noinline)) pid_t OnOtherPid(pid_t pid, pid_t last) {
  if (const Sharing* sharing = FindSharing(pid)) return sharing->here;
  if (HasNoParentHere()) {
    EnterPidNamespace(last, pid);
    return pid;
  }
  // If it has forked, this is the child, which has announced itself.
  if (!__atomic_compare_exchange_n(&ThisSession().pid, &last, pid, false,
                                   __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    return last;
  }
  // `last` may also be a child that shared our memory and is gone.
  if (sys::Getppid() == last) EmitFork(last, pid, wire::kSaidByChild);
  return pid;
}

}  // namespace

void DistrustMemory() { __atomic_fetch_add(&g_sharers, 1, __ATOMIC_RELAXED); }
void TrustMemory() { __atomic_fetch_sub(&g_sharers, 1, __ATOMIC_RELAXED); }

pid_t FindCurrentPid() {
  // First: if a signal handler forks meanwhile, this is not the child's.
  const pid_t last = __atomic_load_n(&ThisSession().pid, __ATOMIC_ACQUIRE);
  const pid_t pid = MemoryIsShared() ? sys::Getpid() : OwnPid();
  if (__builtin_expect(pid <= 0, 0)) return 0;
  if (__builtin_expect(pid != last, 0)) return OnOtherPid(pid, last);
  return pid;
}

OutgoingRecord EnteredRecord(pid_t pid, pid_t outside,
                             uint32_t outer_namespace) {
  OutgoingRecord record = {wire::Kind::kEntered, pid};
  record.a = outside;
  record.b = static_cast<int32_t>(outer_namespace);
  return record;
}

void AnnounceForkedChild(pid_t parent) {
  ++g_forks;
  if (__builtin_expect(t_lane_writes != 0, 0)) StandInForLane();
  TakeOverGuestSession(parent);
  const pid_t pid = sys::Getpid();
  const bool entered = HasNoParentHere();
  if (pid < 0) {
    // A filter of its parent's keeps it from us: nobody can tell who speaks.
    PutOwnPageAside();
    return;
  }
  // An atfork handler of the program may have reported already. The first
  // process of a namespace can have its parent's pid.
  if (__atomic_load_n(&ThisSession().pid, __ATOMIC_RELAXED) == pid &&
      (!entered || OwnPidNamespace() == ThisSession().pid_namespace)) {
    return;
  }
  for (Sharing& slot : g_sharing) {
    __atomic_store_n(&slot.pid, 0, __ATOMIC_RELAXED);
  }
  __atomic_store_n(&g_sharers, 0, __ATOMIC_RELAXED);
  // Another thread's dlopen() does not go on here.
  ForgetPendingLibraries();
  ForgetLosses();
  ForgetWriters();
  PutOwnPageAside();
  if (entered) return EnterPidNamespace(parent, pid);
  __atomic_store_n(&ThisSession().pid, pid, __ATOMIC_RELAXED);
  EmitFork(parent, pid, wire::kSaidByChild);
}

pid_t Forker::Result(pid_t result) const {
  if (result == 0) {
    // Who has forked in a signal handler meanwhile has announced itself.
    AnnounceForkedChild(
        __builtin_expect(g_forks == forks_, 1) ? pid_ : ThisSession().pid);
  } else if (result > 0) {
    EmitFork(pid_, result, wire::kSaidByParent, forks_);
  }
  return result;
}

void AnnounceSharingChild(pid_t parent) {
  const pid_t pid = sys::Getpid();
  if (pid < 0) return RememberSharing(kNameless, kNameless);
  // A filter may keep us from asking; most often it is the memory's owner.
  if (parent < 0) parent = ThisSession().pid;
  pid_t here = pid;
  if (HasNoParentHere()) {
    if (parent == 0)
      parent = __atomic_load_n(&ThisSession().pid, __ATOMIC_RELAXED);
    here = PidSeenBy(parent);
    if (here == 0) return;
  }
  RememberSharing(pid, here);
  EmitFork(parent, here, wire::kSaidByChild);
}

void NoteMovedPipe(int from) {
  Sharing* const slot = FindSharing(sys::Getpid());
  if (slot == nullptr || slot->moved) return;
  slot->pipe = from;
  slot->moved = true;
}

bool ForgetSharingChild(pid_t child) {
  Sharing* slot = g_sharing;
  while (slot->pid == 0 || (slot->here != child && slot->here != kNameless)) {
    if (++slot == g_sharing + kMaxSharing) return false;
  }
  const bool announced = slot->here == child;
  __atomic_store_n(&sys::g_denied, slot->denied, __ATOMIC_RELAXED);
  const bool moved = slot->moved;
  const int pipe = slot->pipe;
  __atomic_store_n(&slot->pid, 0, __ATOMIC_RELAXED);
  TrustMemory();
  if (moved) {
    const int elsewhere = ThisSession().fd;
    ThisSession().fd = pipe;
    // With CLONE_FILES it was our pipe too that the child moved.
    if (!PipeIsInPlace()) ThisSession().fd = elsewhere;
  }
  return announced;
}

void ReportSpawnedChild(pid_t child) {
  EmitFork(CurrentPid(), child, wire::kSaidOfSpawn);
}

void ReportChild(pid_t child) {
  EmitFork(CurrentPid(), child, wire::kSaidByParent);
}

}  // namespace filemon
