#include "interpose/process.h"

#include <stdint.h>

#include "interpose/channel.h"
#include "interpose/libraries.h"
#include "interpose/session.h"
#include "interpose/sys.h"

namespace filemon {
namespace {

// A process that lives in another's memory: a vfork child until its exec, or a
// child of clone(CLONE_VM). Its pid must not become g_session.pid.
struct Sharing {
  pid_t pid;
  // Where the pipe was, if this child has moved it: the child's descriptors are
  // its own, and where the memory's owner has the pipe has not changed.
  bool moved;
  int pipe;
};
constexpr int kMaxSharing = 16;
Sharing g_sharing[kMaxSharing];

Sharing* FindSharing(pid_t pid) {
  for (Sharing& slot : g_sharing) {
    if (__atomic_load_n(&slot.pid, __ATOMIC_RELAXED) == pid) return &slot;
  }
  return nullptr;
}

void RememberSharing(pid_t pid) {
  for (Sharing& slot : g_sharing) {
    pid_t empty = 0;
    if (__atomic_compare_exchange_n(&slot.pid, &empty, pid, false,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
      slot.moved = false;
      return;
    }
  }
  // Full, of processes that never came back: the oldest guess is as good as
  // any.
  Sharing& slot = g_sharing[static_cast<unsigned>(pid) % kMaxSharing];
  __atomic_store_n(&slot.pid, pid, __ATOMIC_RELAXED);
  slot.moved = false;
}

void EmitFork(pid_t parent, pid_t child, int32_t side) {
  OutgoingRecord record = {wire::Kind::kFork, parent};
  record.a = child;
  record.b = side;
  Emit(record);
}

// The pid is not the one that last reported.
__attribute__((noinline)) void OnOtherPid(pid_t pid, pid_t last) {
  if (FindSharing(pid) != nullptr) return;
  __atomic_store_n(&g_session.pid, pid, __ATOMIC_RELAXED);
  // `last` may also be a child that shared our memory and is gone.
  if (sys::Getppid() == last) EmitFork(last, pid, wire::kSaidByChild);
}

}  // namespace

pid_t CurrentPid() {
  const pid_t pid = sys::Getpid();
  const pid_t last = __atomic_load_n(&g_session.pid, __ATOMIC_RELAXED);
  if (__builtin_expect(pid != last, 0)) OnOtherPid(pid, last);
  return pid;
}

void AnnounceForkedChild(pid_t parent) {
  const pid_t pid = sys::Getpid();
  // An atfork handler of the program may have reported already.
  if (__atomic_load_n(&g_session.pid, __ATOMIC_RELAXED) == pid) return;
  for (Sharing& slot : g_sharing) {
    __atomic_store_n(&slot.pid, 0, __ATOMIC_RELAXED);
  }
  // Another thread's dlopen() does not go on here.
  ForgetPendingLibraries();
  __atomic_store_n(&g_session.pid, pid, __ATOMIC_RELAXED);
  EmitFork(parent, pid, wire::kSaidByChild);
}

void AnnounceSharingChild(pid_t parent) {
  const pid_t pid = sys::Getpid();
  RememberSharing(pid);
  EmitFork(parent, pid, wire::kSaidByChild);
}

void NoteMovedPipe(int from) {
  Sharing* const slot = FindSharing(sys::Getpid());
  if (slot == nullptr || slot->moved) return;
  slot->pipe = from;
  slot->moved = true;
}

bool ForgetSharingChild(pid_t child) {
  Sharing* const slot = FindSharing(child);
  if (slot == nullptr) return false;
  const bool moved = slot->moved;
  const int pipe = slot->pipe;
  __atomic_store_n(&slot->pid, 0, __ATOMIC_RELAXED);
  if (moved) {
    const int elsewhere = g_session.fd;
    g_session.fd = pipe;
    // With CLONE_FILES it was our pipe too that the child moved.
    if (!PipeIsInPlace()) g_session.fd = elsewhere;
  }
  return true;
}

void ReportChild(pid_t child) {
  EmitFork(CurrentPid(), child, wire::kSaidByParent);
}

}  // namespace filemon
