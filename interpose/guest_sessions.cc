#include "interpose/guest_sessions.h"

#include "interpose/layout.h"
#include "interpose/process.h"
#include "interpose/session.h"
#include "interpose/sys.h"

namespace filemon {

int g_guests;
int g_expected_guests;

namespace {

// Guests exist between a vfork() and an exec, one for each thread that is in
// between.
constexpr unsigned kMaxGuests = 512;
struct Guest {
  pid_t pid;  // 0: the place is free
  Session session;
};
FILEMON_COLD Guest g_guest[kMaxGuests];

// The places for `pid` in turn: it has the first that was free.
Guest* PlaceFor(pid_t pid, unsigned i) {
  return &g_guest[(static_cast<unsigned>(pid) + i) % kMaxGuests];
}

Guest* FindGuest(pid_t pid) {
  for (unsigned i = 0; i < kMaxGuests; ++i) {
    Guest* const guest = PlaceFor(pid, i);
    if (__atomic_load_n(&guest->pid, __ATOMIC_ACQUIRE) == pid) return guest;
  }
  return nullptr;
}

}  // namespace

Session& SessionOfThisProcess() {
  Guest* const guest = FindGuest(sys::Getpid());
  return guest != nullptr ? guest->session : g_owner_session;
}

void ExpectGuest() {
  __atomic_fetch_add(&g_expected_guests, 1, __ATOMIC_RELAXED);
}

void GuestIsGone() {
  // A guest that was killed at once has not said that it was there.
  int expected = __atomic_load_n(&g_expected_guests, __ATOMIC_RELAXED);
  while (expected > 0 && !__atomic_compare_exchange_n(
                             &g_expected_guests, &expected, expected - 1, true,
                             __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    continue;
  }
}

Session* AddGuestSession(pid_t pid) {
  Guest* guest = FindGuest(pid);
  if (guest != nullptr) return &guest->session;
  for (unsigned i = 0; i < kMaxGuests; ++i) {
    Guest& place = *PlaceFor(pid, i);
    pid_t free = 0;
    // The session is dormant until the caller has filled it in.
    if (!__atomic_compare_exchange_n(&place.pid, &free, -1, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      continue;
    }
    place.session = DormantSession();
    __atomic_store_n(&place.pid, pid, __ATOMIC_RELEASE);
    __atomic_fetch_add(&g_guests, 1, __ATOMIC_RELEASE);
    // A pid kept in memory may be the owner's.
    DistrustMemory();
    return &place.session;
  }
  return nullptr;
}

void RemoveGuestSession(pid_t pid) {
  if (__atomic_load_n(&g_guests, __ATOMIC_RELAXED) == 0) return;
  Guest* const guest = FindGuest(pid);
  if (guest == nullptr) return;
  __atomic_fetch_sub(&g_guests, 1, __ATOMIC_RELEASE);
  __atomic_store_n(&guest->pid, 0, __ATOMIC_RELEASE);
  TrustMemory();
}

ProcessId GuestOfThisMemory(pid_t pid) {
  if (__atomic_load_n(&g_guests, __ATOMIC_RELAXED) == 0) return {pid, 0};
  const Guest* const guest = FindGuest(pid);
  return {pid, guest != nullptr ? guest->session.life : 0};
}

void InheritGuestSession(pid_t parent) {
  if (__atomic_load_n(&g_guests, __ATOMIC_RELAXED) == 0) return;
  const Guest* const guest = FindGuest(parent);
  if (guest == nullptr) return;
  const pid_t pid = sys::Getpid();
  Session* const session = AddGuestSession(pid);
  if (session == nullptr) return;
  *session = guest->session;
  session->pid = pid;
}

void TakeOverGuestSession(pid_t parent) {
  if (__atomic_load_n(&g_guests, __ATOMIC_RELAXED) != 0) {
    const Guest* const guest = FindGuest(parent);
    if (guest != nullptr) g_owner_session = guest->session;
    for (Guest& place : g_guest) {
      __atomic_store_n(&place.pid, 0, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&g_guests, 0, __ATOMIC_RELAXED);
  }
  __atomic_store_n(&g_expected_guests, 0, __ATOMIC_RELAXED);
}

}  // namespace filemon
