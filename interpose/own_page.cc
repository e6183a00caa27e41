#include "interpose/own_page.h"

#include <sys/mman.h>

#include "interpose/sys.h"

namespace filemon {

OwnPage* g_own_page;

namespace {

constexpr size_t kPage = 4096;

// Most processes of a build report a dozen records, and asking a dozen times
// costs less than a page.
constexpr int kAsksBeforeAPage = 16;

int g_asks;

__attribute__((noinline)) pid_t Ask() {
  const pid_t pid = sys::Getpid();
  // Exactly one caller reaches the number.
  if (__atomic_add_fetch(&g_asks, 1, __ATOMIC_RELAXED) != kAsksBeforeAPage) {
    return pid;
  }
  void* const page = sys::MapMemory(kPage);
  if (page == nullptr) return pid;
  if (sys::Call(SYS_madvise, sys::Arg(page), kPage, MADV_WIPEONFORK) != 0) {
    sys::UnmapMemory(page, kPage);
    return pid;
  }
  __atomic_store_n(&g_own_page, static_cast<OwnPage*>(page), __ATOMIC_RELEASE);
  return pid;
}

}  // namespace

pid_t OwnPid() {
  OwnPage* const page = OwnPageIfAny();
  if (page == nullptr) return Ask();
  pid_t pid = __atomic_load_n(&page->pid, __ATOMIC_RELAXED);
  if (__builtin_expect(pid == 0, 0)) {
    pid = sys::Getpid();
    __atomic_store_n(&page->pid, pid, __ATOMIC_RELAXED);
  }
  return pid;
}

}  // namespace filemon
