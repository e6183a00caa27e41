#include "interpose/process.h"

#include <stdint.h>

#include "interpose/channel.h"
#include "interpose/guest_sessions.h"
#include "interpose/layout.h"
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
// child of clone(CLONE_VM). It must not become ThisSession().pid.
struct Sharing {
  pid_t pid;  // 0: the place is free
  // What the memory's owner calls it, who may be in another pid namespace.
  pid_t here;
  uint32_t life;
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

// There is one for each thread that is between a vfork() and its child's exec.
// The first few places are in a page that each process has anyway.
constexpr unsigned kFew = 8;
constexpr unsigned kMany = 1024;
Sharing g_few[kFew];
FILEMON_COLD Sharing g_many[kMany];
// Whether any of g_many has been in use.
bool g_many_used;

// Where to begin to look for `pid`, which has been given the first free place
// from there on.
unsigned FirstOfMany(pid_t pid) { return static_cast<unsigned>(pid) % kMany; }

// The first place, of those where `pid` may be, that `is_it` says yes to.
template <typename Predicate>
Sharing* FindPlace(pid_t pid, Predicate is_it) {
  for (Sharing& place : g_few) {
    if (is_it(&place)) return &place;
  }
  if (!__atomic_load_n(&g_many_used, __ATOMIC_RELAXED)) return nullptr;
  for (unsigned i = 0; i < kMany; ++i) {
    Sharing* const place = &g_many[(FirstOfMany(pid) + i) % kMany];
    if (is_it(place)) return place;
  }
  return nullptr;
}

Sharing* FindSharing(pid_t pid) {
  return FindPlace(pid, [pid](const Sharing* place) {
    return __atomic_load_n(&place->pid, __ATOMIC_RELAXED) == pid;
  });
}

bool Claim(Sharing* place, pid_t pid) {
  pid_t empty = 0;
  return __atomic_compare_exchange_n(&place->pid, &empty, pid, false,
                                     __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void RememberSharing(pid_t pid, pid_t here, uint32_t life) {
  const auto claim = [pid](Sharing* place) { return Claim(place, pid); };
  Sharing* place = FindPlace(pid, claim);
  if (place == nullptr) {
    __atomic_store_n(&g_many_used, true, __ATOMIC_RELAXED);
    place = FindPlace(pid, claim);
  }
  if (place != nullptr) {
    DistrustMemory();
  } else {
    // Full, of processes that never came back: the oldest guess is as good as
    // any.
    place = &g_many[FirstOfMany(pid)];
    __atomic_store_n(&place->pid, pid, __ATOMIC_RELAXED);
  }
  place->here = here;
  place->life = life;
  place->moved = false;
  place->denied = sys::g_denied;
}

// In a process that has got memory of its own.
void ForgetAllSharing() {
  for (Sharing& place : g_few) {
    __atomic_store_n(&place.pid, 0, __ATOMIC_RELAXED);
  }
  if (g_many_used) {
    for (Sharing& place : g_many) {
      if (place.pid != 0) __atomic_store_n(&place.pid, 0, __ATOMIC_RELAXED);
    }
    g_many_used = false;
  }
  __atomic_store_n(&g_sharers, 0, __ATOMIC_RELAXED);
}

// Who was taken for the owner of this memory before the one who is now.
ProcessId g_former;

// The owner of this memory, as far as is known.
ProcessId Owner() {
  const Session& session = ThisSession();
  return {__atomic_load_n(&session.pid, __ATOMIC_RELAXED), session.life};
}

void BecomeOwner(ProcessId process) {
  Session& session = ThisSession();
  session.life = process.life;
  // A signal handler that finds the pid finds the life.
  __atomic_signal_fence(__ATOMIC_RELEASE);
  __atomic_store_n(&session.pid, process.pid, __ATOMIC_RELAXED);
}

// A record of `process` that names another. `forks` is what g_forks was when
// `process` was known.
void EmitRelation(wire::Kind kind, ProcessId process, ProcessId other,
                  uint32_t forks = g_forks) {
  OutgoingRecord record = {kind, process};
  record.a = other.pid;
  record.b = static_cast<int32_t>(other.life);
  record.forks = forks;
  Emit(record);
}

// The calling process's pid for its parent `parent`; 0 if it cannot be told.
pid_t PidSeenBy(pid_t parent) {
  const Outside outside = SeenFromOutside();
  return outside.parent == parent ? outside.pid : 0;
}

// The calling process was forked by `parent` into another pid namespace, or its
// parent was.
void EnterPidNamespace(ProcessId parent, ProcessId self) {
  Session& session = ThisSession();
  uint32_t outer = session.pid_namespace;
  const Outside outside = SeenFromOutside();
  // /proc may be an outer namespace's yet: the collector's, if it shows that.
  const bool by_parent = outside.pid != 0 && outside.parent == parent.pid;
  if (!by_parent && outside.pid != 0 && ProcIsTheCollectors()) outer = 0;
  const bool known = by_parent || (outside.pid != 0 && outer == 0);
  session.pid_namespace = OwnPidNamespace();
  BecomeOwner(self);
  if (known) Emit(EnteredRecord(self, outside.pid, outer));
  EmitRelation(wire::Kind::kForked, self, parent);
}

// The calling process's parent, if it is one of those that are, or were when
// this memory was copied, in this memory.
ProcessId ParentInThisMemory(pid_t parent) {
  if (const Sharing* sharing = FindSharing(parent)) {
    return {sharing->here, sharing->life};
  }
  const ProcessId owner = Owner();
  return owner.pid == parent ? owner : GuestOfThisMemory(parent);
}

// The pid is not the one that last reported.
__attribute__((noinline)) ProcessId OnOtherPid(pid_t pid) {
  if (const Sharing* sharing = FindSharing(pid)) {
    return {sharing->here, sharing->life};
  }
  const ProcessId owner = Owner();
  // A signal handler has forked, and this is the child, which has announced
  // itself.
  if (owner.pid == pid) return owner;
  // A child that no wrapper saw being made was in this memory, and is gone.
  if (pid == g_former.pid) {
    BecomeOwner(g_former);
    return g_former;
  }
  const ProcessId self = {pid, NewLife({pid, owner.life})};
  const pid_t parent = sys::Getppid();
  if (parent == 0) {
    EnterPidNamespace(owner, self);
    return self;
  }
  const ProcessId known = ParentInThisMemory(parent);
  g_former = owner;
  BecomeOwner(self);
  if (known.life != 0) {
    EmitRelation(wire::Kind::kForked, self, known);
  } else {
    EmitRelation(wire::Kind::kDescends, self, owner);
  }
  return self;
}

}  // namespace

void DistrustMemory() { __atomic_fetch_add(&g_sharers, 1, __ATOMIC_RELAXED); }
void TrustMemory() { __atomic_fetch_sub(&g_sharers, 1, __ATOMIC_RELAXED); }

ProcessId FindCurrentProcess() {
  // First: if a signal handler forks meanwhile, this is not the child's.
  const ProcessId owner = Owner();
  __atomic_signal_fence(__ATOMIC_ACQUIRE);
  const pid_t pid = MemoryIsShared() ? sys::Getpid() : OwnPid();
  if (__builtin_expect(pid <= 0, 0)) return {0, 0};
  if (__builtin_expect(pid != owner.pid, 0)) return OnOtherPid(pid);
  return owner;
}

OutgoingRecord EnteredRecord(ProcessId process, pid_t outside,
                             uint32_t outer_namespace) {
  OutgoingRecord record = {wire::Kind::kEntered, process};
  record.a = outside;
  record.b = static_cast<int32_t>(outer_namespace);
  return record;
}

void AnnounceForkedChild(ProcessId parent, uint32_t life) {
  ++g_forks;
  if (__builtin_expect(t_lane_writes != 0, 0)) StandInForLane();
  TakeOverGuestSession(parent.pid);
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
  ForgetAllSharing();
  g_former = {};
  // Another thread's dlopen() does not go on here.
  ForgetPendingLibraries();
  ForgetLosses();
  ForgetWriters();
  PutOwnPageAside();
  const ProcessId self = {pid, life};
  if (entered) return EnterPidNamespace(parent, self);
  BecomeOwner(self);
  EmitRelation(wire::Kind::kForked, self, parent);
}

pid_t Forker::Result(pid_t result) const {
  if (result == 0) {
    // Who has forked in a signal handler meanwhile has announced itself.
    AnnounceForkedChild(
        __builtin_expect(g_forks == forks_, 1) ? process_ : Owner(), life_);
  } else if (result > 0) {
    EmitRelation(wire::Kind::kFork, process_, {result, life_}, forks_);
  }
  return result;
}

void AnnounceSharingChild(pid_t parent, uint32_t life) {
  const pid_t pid = sys::Getpid();
  if (pid < 0) return RememberSharing(kNameless, kNameless, life);
  // A filter may keep us from asking; most often it is the memory's owner.
  if (parent < 0) parent = ThisSession().pid;
  pid_t here = pid;
  if (HasNoParentHere()) {
    if (parent == 0) parent = Owner().pid;
    here = PidSeenBy(parent);
    if (here == 0) return;
  }
  const ProcessId maker = ParentInThisMemory(parent);
  RememberSharing(pid, here, life);
  // A guest that has its parent's session.
  if (ThisSession().pid == pid) ThisSession().life = life;
  EmitRelation(wire::Kind::kForked, {here, life}, maker);
}

void NoteMovedPipe(int from) {
  Sharing* const slot = FindSharing(sys::Getpid());
  if (slot == nullptr || slot->moved) return;
  slot->pipe = from;
  slot->moved = true;
}

// The child of a vfork() has moved the pipe, which is here as before: `pipe`.
FILEMON_RARE static void PutPipeBack(int pipe) {
  const int elsewhere = ThisSession().fd;
  ThisSession().fd = pipe;
  // With CLONE_FILES it was our pipe too that the child moved.
  if (!PipeIsInPlace()) ThisSession().fd = elsewhere;
}

bool ForgetSharingChild(pid_t child) {
  const auto is_childs = [child](const Sharing* place) {
    return __atomic_load_n(&place->pid, __ATOMIC_RELAXED) != 0 &&
           place->here == child;
  };
  const auto is_nameless = [](const Sharing* place) {
    return __atomic_load_n(&place->pid, __ATOMIC_RELAXED) == kNameless;
  };
  Sharing* slot = FindPlace(child, is_childs);
  const bool announced = slot != nullptr;
  if (!announced) slot = FindPlace(kNameless, is_nameless);
  if (slot == nullptr) return false;
  __atomic_store_n(&sys::g_denied, slot->denied, __ATOMIC_RELAXED);
  const bool moved = slot->moved;
  const int pipe = slot->pipe;
  __atomic_store_n(&slot->pid, 0, __ATOMIC_RELAXED);
  TrustMemory();
  if (__builtin_expect(moved, 0)) PutPipeBack(pipe);
  return announced;
}

void ReportChild(pid_t child, uint32_t life) {
  EmitRelation(wire::Kind::kFork, CurrentProcess(), {child, life});
}

}  // namespace filemon
