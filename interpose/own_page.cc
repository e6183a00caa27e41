#include "interpose/own_page.h"

#include <sys/mman.h>

#include "interpose/sys.h"

namespace filemon {

OwnPage* g_own_page;

namespace {

// Most processes of a build report a dozen records, and asking a dozen times
// costs less than a page.
constexpr int kAsksBeforeAPage = 16;

int g_asks;

// A page that is not used: its process was forked from one that did use it.
OwnPage* g_spare_page;

// Null if the kernel cannot clear it in a child.
OwnPage* MakePage() {
  void* const page = sys::MapMemory(kOwnPageSize);
  if (page == nullptr) return nullptr;
  if (sys::Call(SYS_madvise, sys::Arg(page), kOwnPageSize, MADV_WIPEONFORK) !=
      0) {
    sys::UnmapMemory(page, kOwnPageSize);
    return nullptr;
  }
  return static_cast<OwnPage*>(page);
}

pid_t AskForPid() {
  const pid_t pid = sys::Getpid();
  return pid > 0 ? pid : 0;
}

__attribute__((noinline)) pid_t Ask() {
  const pid_t pid = AskForPid();
  // Exactly one caller reaches the number.
  if (__atomic_add_fetch(&g_asks, 1, __ATOMIC_RELAXED) != kAsksBeforeAPage) {
    return pid;
  }
  OwnPage* const page = g_spare_page != nullptr ? g_spare_page : MakePage();
  __atomic_store_n(&g_own_page, page, __ATOMIC_RELEASE);
  return pid;
}

}  // namespace

pid_t OwnPid() {
  OwnPage* const page = OwnPageIfAny();
  if (page == nullptr) return Ask();
  pid_t pid = __atomic_load_n(&page->pid, __ATOMIC_RELAXED);
  if (__builtin_expect(pid == 0, 0)) {
    pid = AskForPid();
    __atomic_store_n(&page->pid, pid, __ATOMIC_RELAXED);
  }
  return pid;
}

OwnPage* EnsureOwnPage() {
  OwnPage* page = OwnPageIfAny();
  if (page == nullptr) {
    page = g_spare_page != nullptr ? g_spare_page : MakePage();
    if (page == nullptr) return nullptr;
    OwnPage* none = nullptr;
    if (!__atomic_compare_exchange_n(&g_own_page, &none, page, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      page = none;
    }
  }
  OwnPid();
  return page;
}

void ForgetOwnPage() {
  g_spare_page = nullptr;
  __atomic_store_n(&g_own_page, nullptr, __ATOMIC_RELEASE);
}

void PutOwnPageAside() {
  OwnPage* const page = OwnPageIfAny();
  if (page == nullptr) return;
  g_spare_page = page;
  g_asks = 0;
  __atomic_store_n(&g_own_page, nullptr, __ATOMIC_RELEASE);
}

}  // namespace filemon
