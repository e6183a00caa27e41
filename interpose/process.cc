#include "interpose/process.h"

#include <stdint.h>

#include "interpose/channel.h"
#include "interpose/libraries.h"
#include "interpose/session.h"
#include "interpose/sys.h"

namespace filemon {
namespace {

// Processes that live in another's memory: vfork children until their exec, and
// children of clone(CLONE_VM). Their pids must not become g_session.pid.
constexpr int kMaxSharing = 16;
pid_t g_sharing[kMaxSharing];

bool IsSharing(pid_t pid) {
  for (const pid_t& other : g_sharing) {
    if (__atomic_load_n(&other, __ATOMIC_RELAXED) == pid) return true;
  }
  return false;
}

void RememberSharing(pid_t pid) {
  for (pid_t& slot : g_sharing) {
    pid_t empty = 0;
    if (__atomic_compare_exchange_n(&slot, &empty, pid, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
      return;
    }
  }
  // Full, of processes that never came back: the oldest guess is as good as
  // any.
  __atomic_store_n(&g_sharing[static_cast<unsigned>(pid) % kMaxSharing], pid,
                   __ATOMIC_RELAXED);
}

void EmitFork(pid_t parent, pid_t child, int32_t side) {
  OutgoingRecord record = {wire::Kind::kFork, parent};
  record.a = child;
  record.b = side;
  Emit(record);
}

// The pid is not the one that last reported.
__attribute__((noinline)) void OnOtherPid(pid_t pid, pid_t last) {
  if (IsSharing(pid)) return;
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
  for (pid_t& slot : g_sharing) __atomic_store_n(&slot, 0, __ATOMIC_RELAXED);
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

bool ForgetSharingChild(pid_t child) {
  for (pid_t& slot : g_sharing) {
    pid_t expected = child;
    if (__atomic_compare_exchange_n(&slot, &expected, 0, false,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
      return true;
    }
  }
  return false;
}

void ReportChild(pid_t child) {
  EmitFork(CurrentPid(), child, wire::kSaidByParent);
}

}  // namespace filemon
