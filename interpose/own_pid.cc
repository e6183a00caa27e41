#include "interpose/own_pid.h"

#include <sys/mman.h>

#include "interpose/sys.h"

namespace filemon {
namespace {

constexpr size_t kPage = 4096;

// Most processes of a build report a dozen records, and asking a dozen times
// costs less than a page.
constexpr int kAsksBeforeAPage = 32;

pid_t* g_page;  // null before, and where the kernel cannot clear it
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
  __atomic_store_n(&g_page, static_cast<pid_t*>(page), __ATOMIC_RELEASE);
  return pid;
}

}  // namespace

pid_t OwnPid() {
  pid_t* const page = __atomic_load_n(&g_page, __ATOMIC_ACQUIRE);
  if (page == nullptr) return Ask();
  pid_t pid = __atomic_load_n(page, __ATOMIC_RELAXED);
  if (__builtin_expect(pid == 0, 0)) {
    pid = sys::Getpid();
    __atomic_store_n(page, pid, __ATOMIC_RELAXED);
  }
  return pid;
}

}  // namespace filemon
