#include "interpose/apart.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>

#include "interpose/directory_names.h"
#include "interpose/process.h"
#include "interpose/sys.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

constexpr size_t kStackSize = 16 * 1024;

Original<int (*)(int (*)(void*), void*, int, void*, ...)> original_clone;

struct Task {
  Work work;
  void* data;
  bool make_room;
  int result;
};

int Start(void* argument) {
  auto* const task = static_cast<Task*>(argument);
  // Of a table that is full any number is as good.
  if (task->make_room) sys::Close(0);
  task->result = task->work(task->data);
  return 0;
}

// Runs start(data) in a task of its own that shares this memory, and waits for
// it as for a vfork() child. No debugger hears of it. Its pid, or -errno.
int CloneAndWait(int (*start)(void*), void* data, int flags) {
  // What a filter says of clone() nobody has asked it.
  if (sys::Denies(sys::kOtherCalls)) return -EPERM;
  char* const stack = static_cast<char*>(sys::MapMemory(kStackSize));
  if (stack == nullptr) return -ENOMEM;
  const int kept_errno = errno;
  const int task = original_clone.Get("clone")(
      start, stack + kStackSize,
      CLONE_VM | CLONE_VFORK | CLONE_UNTRACED | flags, data);
  const int error = errno;
  errno = kept_errno;
  sys::UnmapMemory(stack, kStackSize);
  return task < 0 ? -error : task;
}

// A thread for the kernel, unknown to libc: it leaves nothing to be waited for.
// False if there can be none.
bool RunInTableOfItsOwn(Task* task) {
  const sys::SignalsBlocked blocked;
  constexpr int kThread = CLONE_THREAD | CLONE_SIGHAND | CLONE_FS;
  return CloneAndWait(Start, task, kThread) >= 0;
}

void RunHere(Task* task) {
  const sys::SignalsBlocked blocked;
  task->result = task->work(task->data);
}

// Whether nobody else could find a descriptor of this table: no other thread,
// no process that shares it.
bool IsAlone() {
  if (MemoryIsShared() || DistrustsDescriptors()) return false;
  sys::Identity tasks;
  // "." and the link from above, and one for each thread.
  return sys::Stat(AT_FDCWD, "/proc/self/task", 0, &tasks) == 0 &&
         tasks.links == 3;
}

struct Duplication {
  int fd;
  int least;
  int result;
};

// In a process, not a thread, and so with limits of its own.
int DuplicateWithoutLimit(void* argument) {
  auto* const order = static_cast<Duplication*>(argument);
  sys::FileLimit limit;
  if (!sys::ExchangeFileLimit(nullptr, &limit)) return 0;
  const sys::FileLimit highest = {limit.hard, limit.hard};
  if (!sys::ExchangeFileLimit(&highest, nullptr)) return 0;
  order->result = sys::FcntlDupfd(order->fd, order->least);
  for (uint64_t least = limit.hard - 1;
       order->result < 0 && least >= limit.soft; --least) {
    order->result = sys::FcntlDupfd(order->fd, static_cast<int>(least));
  }
  return 0;
}

}  // namespace

int RunApart(Work work, void* data) {
  Task task = {work, data, false, 0};
  if (IsAlone() || !RunInTableOfItsOwn(&task)) RunHere(&task);
  if (task.result == -EMFILE) {
    task.make_room = true;
    RunInTableOfItsOwn(&task);
  }
  return task.result;
}

int DuplicateAboveLimit(int fd, int least) {
  Duplication order = {fd, least, -EMFILE};
  const sys::SignalsBlocked blocked;
  // No signal at its end: nothing for a SIGCHLD handler, and nothing for a
  // wait() that does not ask for clones.
  const int child =
      CloneAndWait(DuplicateWithoutLimit, &order, CLONE_FILES | CLONE_FS);
  if (child < 0) return child;
  while (sys::Call(SYS_wait4, child, 0, __WALL, 0) == -EINTR) continue;
  return order.result;
}

}  // namespace filemon
