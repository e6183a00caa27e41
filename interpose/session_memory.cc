#include "interpose/session_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "interpose/apart.h"
#include "interpose/session.h"
#include "interpose/sys.h"

namespace filemon {
namespace {

memory::Head* g_head;

// The one that was mapped, if it is this session's.
memory::Head* Mapped() {
  memory::Head* const head = SessionMemoryIfMapped();
  return head != nullptr && head->cookie == ThisSession().cookie ? head
                                                                 : nullptr;
}

// No file is made longer than a process may make one: that brings SIGXFSZ.
bool MayBeAsLong(uint64_t size) {
  sys::FileLimit limit;
  return sys::GetFileSizeLimit(&limit) && limit.soft > size;
}

}  // namespace

memory::Head* SessionMemoryIfMapped() {
  return __atomic_load_n(&g_head, __ATOMIC_ACQUIRE);
}

void ForgetSessionMemory() {
  __atomic_store_n(&g_head, nullptr, __ATOMIC_RELEASE);
}

memory::Head* SessionMemoryIn(int fd) {
  if (memory::Head* const head = Mapped()) return head;
  // Read before it is mapped: the collector's pid may be another process's in
  // this pid namespace, and a mapping of a shorter file is SIGBUS.
  uint32_t cookie = 0;
  if (sys::PositionedRead(fd, &cookie, sizeof(cookie), 0) != sizeof(cookie) ||
      cookie != ThisSession().cookie) {
    return nullptr;
  }
  auto* const head =
      static_cast<memory::Head*>(sys::MapShared(fd, 0, sizeof(memory::Head)));
  if (head == nullptr) return nullptr;
  memory::Head* before = __atomic_load_n(&g_head, __ATOMIC_ACQUIRE);
  if (before == nullptr &&
      __atomic_compare_exchange_n(&g_head, &before, head, false,
                                  __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    return head;
  }
  if (before->cookie == ThisSession().cookie) {
    sys::UnmapMemory(head, sizeof(memory::Head));
    return before;
  }
  // Another session's: somebody may be counting in it, and it stays mapped.
  __atomic_store_n(&g_head, head, __ATOMIC_RELEASE);
  return head;
}

static int MapHead(void* head) {
  const int fd = OpenCollectorsFile(ThisSession().lanes, O_RDWR | O_CLOEXEC);
  if (fd < 0) return fd;
  *static_cast<memory::Head**>(head) = SessionMemoryIn(fd);
  sys::Close(fd);
  return 0;
}

memory::Head* SessionMemory() {
  if (memory::Head* const head = Mapped()) return head;
  if (ThisSession().lanes == 0) return nullptr;
  memory::Head* head = nullptr;
  RunApart(MapHead, &head);
  return head;
}

bool ReadSessionMemory(size_t offset, void* out, size_t size) {
  if (const memory::Head* const head = Mapped()) {
    memcpy(out, reinterpret_cast<const char*>(head) + offset, size);
    return true;
  }
  if (ThisSession().lanes == 0) return false;
  const int fd = OpenCollectorsFile(ThisSession().lanes, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const long n =
      sys::PositionedRead(fd, out, size, static_cast<uint32_t>(offset));
  sys::Close(fd);
  return n == static_cast<long>(size);
}

bool CountLost(pid_t pid, uint32_t records) {
  memory::Head* const head = SessionMemory();
  if (head == nullptr) return false;
  if (pid > 0) {
    memory::Loss* const loss =
        memory::LossOf(head, pid, ThisSession().pid_namespace);
    __atomic_fetch_add(&loss->records, records, __ATOMIC_RELAXED);
  } else {
    memory::Loss* const loss =
        memory::LossOf(head, ThisSession().pid, ThisSession().pid_namespace);
    __atomic_fetch_add(&loss->of_children, records, __ATOMIC_RELAXED);
  }
  return true;
}

uint32_t CollectorLooks() {
  const memory::Head* const head = SessionMemory();
  return head != nullptr ? __atomic_load_n(&head->looks, __ATOMIC_ACQUIRE) : 0;
}

void NoteStall(uint32_t looks) {
  memory::Head* const head = SessionMemory();
  if (head != nullptr) {
    __atomic_store_n(&head->stalled, looks, __ATOMIC_RELEASE);
  }
}

bool CollectorIsStalled() {
  const memory::Head* const head = SessionMemory();
  if (head == nullptr) return false;
  const uint32_t stalled = __atomic_load_n(&head->stalled, __ATOMIC_ACQUIRE);
  return stalled != 0 &&
         stalled == __atomic_load_n(&head->looks, __ATOMIC_ACQUIRE);
}

int OpenOverflow(size_t size) {
#if defined(__i386__)
  constexpr int kLarge = 0100000;  // O_LARGEFILE
#else
  constexpr int kLarge = 0;
#endif
  memory::Head* const head = SessionMemory();
  if (head == nullptr || head->overflow <= 0) return -ENOENT;
  const int fd = OpenCollectorsFile(head->overflow,
                                    O_WRONLY | O_APPEND | O_CLOEXEC | kLarge);
  if (fd < 0) return fd;
  sys::Identity id;
  int error = sys::Stat(fd, "", AT_EMPTY_PATH, &id);
  if (error == 0 && id.inode != (uint64_t{head->overflow_inode_high} << 32 |
                                 head->overflow_inode_low)) {
    error = -ENOENT;
  }
  if (error == 0) {
    const uint64_t taken =
        uint64_t{memory::kPage} *
        __atomic_load_n(&head->taken_pages, __ATOMIC_ACQUIRE);
    const uint64_t most = uint64_t{memory::kPage} * head->overflow_pages;
    // Others append meanwhile, each a record.
    constexpr uint64_t kOthers = 1 << 20;
    const uint64_t end = static_cast<uint64_t>(id.size) + size;
    if (end > taken + most || !MayBeAsLong(end + kOthers)) error = -EFBIG;
  }
  if (error != 0) {
    sys::Close(fd);
    return error;
  }
  __atomic_fetch_add(&head->overflow_uses, 1, __ATOMIC_RELEASE);
  return fd;
}

}  // namespace filemon
