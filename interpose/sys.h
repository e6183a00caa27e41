// System calls made directly, for our own doings.
//
// A wrapper must not disturb errno, must not be a cancellation point and may
// run in a signal handler or a vfork child: so nothing of ours goes through
// libc. Results are the kernel's: a negative errno on failure.
//
// A program may have installed a filter that kills it for a call that it never
// makes (seccomp(2)): what the filter would punish is not called, and fails
// with EPERM. Only what the program has asked for, and would be punished for
// without us, goes by ProgramsCall().
#ifndef FILEMON_INTERPOSE_SYS_H_
#define FILEMON_INTERPOSE_SYS_H_

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>

namespace filemon {
namespace sys {

// The calls that we make most, as bits; kOtherCalls are all the rest, of which
// nobody finds out whether a filter lets them pass.
enum CallSet : uint32_t {
  kNoCalls = 0,
  kGetpid = 1u << 0,
  kGetppid = 1u << 1,
  kWrite = 1u << 2,
  kWritev = 1u << 3,
  kOpenat = 1u << 4,
  kRead = 1u << 5,
  kPread = 1u << 6,
  kClose = 1u << 7,
  kReadlinkat = 1u << 8,
  kGetcwd = 1u << 9,
  kStat = 1u << 10,
  kFaccessat = 1u << 11,
  kFcntl = 1u << 12,
  kMmap = 1u << 13,
  kMunmap = 1u << 14,
  kMadvise = 1u << 15,
  kFlock = 1u << 16,
  kPpoll = 1u << 17,
  kPrlimit = 1u << 18,
  kSigprocmask = 1u << 19,
  kOtherCalls = 1u << 30,
};

constexpr uint32_t SetOf(long number) {
  switch (number) {
    case SYS_getpid:
      return kGetpid;
    case SYS_getppid:
      return kGetppid;
    case SYS_write:
      return kWrite;
    case SYS_writev:
      return kWritev;
    case SYS_openat:
      return kOpenat;
    case SYS_read:
      return kRead;
    case SYS_pread64:
      return kPread;
    case SYS_close:
      return kClose;
    case SYS_readlinkat:
      return kReadlinkat;
    case SYS_getcwd:
      return kGetcwd;
    case SYS_faccessat:
      return kFaccessat;
#if defined(__i386__)
    case SYS_fstatat64:
      return kStat;
    case SYS_fcntl64:
      return kFcntl;
    case SYS_mmap2:
#else
    case SYS_newfstatat:
      return kStat;
    case SYS_fcntl:
      return kFcntl;
#endif
    case SYS_mmap:
      return kMmap;
    case SYS_munmap:
      return kMunmap;
    case SYS_madvise:
      return kMadvise;
    case SYS_flock:
      return kFlock;
    case SYS_ppoll:
      return kPpoll;
    case SYS_prlimit64:
      return kPrlimit;
    case SYS_rt_sigprocmask:
      return kSigprocmask;
    default:
      return kOtherCalls;
  }
}

// Those that a filter keeps from this process (call_filter.h).
inline uint32_t g_denied __attribute__((visibility("hidden")));

inline bool Denies(uint32_t calls) {
  return __builtin_expect(
      (__atomic_load_n(&g_denied, __ATOMIC_RELAXED) & calls) != 0, 0);
}

#if defined(__x86_64__)

inline long ProgramsCall(long number, long a = 0, long b = 0, long c = 0,
                         long d = 0, long e = 0, long f = 0) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
                     "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

#elif defined(__i386__)

inline long ProgramsCall(long number, long a = 0, long b = 0, long c = 0,
                         long d = 0, long e = 0) {
  // int $0x80 and not the vDSO's entry: this also runs before that is known.
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                   : "memory");
  return result;
}

#elif defined(__aarch64__)

inline long ProgramsCall(long number, long a = 0, long b = 0, long c = 0,
                         long d = 0, long e = 0, long f = 0) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}

#else
#error "system calls of this architecture are not written down yet"
#endif

// `number` is a constant most often, and the test one instruction.
template <typename... Arguments>
__attribute__((always_inline)) inline long Call(long number,
                                                Arguments... arguments) {
  if (Denies(SetOf(number))) return -EPERM;
  return ProgramsCall(number, static_cast<long>(arguments)...);
}

inline long Arg(const void* p) { return reinterpret_cast<long>(p); }

inline pid_t Getpid() { return static_cast<pid_t>(Call(SYS_getpid)); }
inline pid_t Getppid() { return static_cast<pid_t>(Call(SYS_getppid)); }

inline long Write(int fd, const void* data, size_t size) {
  return Call(SYS_write, fd, Arg(data), static_cast<long>(size));
}

inline long Writev(int fd, const struct iovec* parts, int count) {
  return Call(SYS_writev, fd, Arg(parts), count);
}

inline int Openat(int dirfd, const char* path, int flags) {
  return static_cast<int>(Call(SYS_openat, dirfd, Arg(path), flags, 0));
}

// How we open a file for a look of our own at it. O_APPEND means nothing where
// nothing is written: it tells these opens from the program's own in a trace of
// system calls.
inline constexpr int kLookFlags =
    O_RDONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

inline long Read(int fd, void* data, size_t size) {
  return Call(SYS_read, fd, Arg(data), static_cast<long>(size));
}

inline long PositionedRead(int fd, void* data, size_t size, uint32_t offset) {
  return Call(SYS_pread64, fd, Arg(data), static_cast<long>(size), offset);
}

inline int Close(int fd) { return static_cast<int>(Call(SYS_close, fd)); }

inline long Readlinkat(int dirfd, const char* path, char* buffer, size_t size) {
  return Call(SYS_readlinkat, dirfd, Arg(path), Arg(buffer),
              static_cast<long>(size));
}

// The length including the final NUL, as the kernel counts it.
inline long Getcwd(char* buffer, size_t size) {
  return Call(SYS_getcwd, Arg(buffer), static_cast<long>(size));
}

// What we need of a file's status; the kernel's struct differs by architecture.
struct Identity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint32_t mode = 0;
  uint32_t links = 0;
  int64_t size = 0;
  int64_t changed = 0;  // st_ctim, nanoseconds since the epoch
};

// stat() of path relative to dirfd; flags as for fstatat(). 0 or -errno.
inline int Stat(int dirfd, const char* path, int flags, Identity* out) {
#if defined(__i386__)
  struct stat64 st;
  const long result = Call(SYS_fstatat64, dirfd, Arg(path), Arg(&st), flags);
#else
  struct stat st;
  const long result = Call(SYS_newfstatat, dirfd, Arg(path), Arg(&st), flags);
#endif
  if (result < 0) return static_cast<int>(result);
  out->device = st.st_dev;
  out->inode = st.st_ino;
  out->mode = st.st_mode;
  out->links = static_cast<uint32_t>(st.st_nlink);
  out->size = st.st_size;
  out->changed = int64_t{st.st_ctim.tv_sec} * 1000000000 + st.st_ctim.tv_nsec;
  return 0;
}

// No signal handler of this thread runs while one exists: for the rare steps
// that must not be begun in one process and ended in another.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    constexpr uint64_t kAll = ~uint64_t{0};
    Call(SYS_rt_sigprocmask, SIG_BLOCK, Arg(&kAll), Arg(&before_), 8);
  }
  ~SignalsBlocked() {
    Call(SYS_rt_sigprocmask, SIG_SETMASK, Arg(&before_), 0, 8);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  uint64_t before_ = 0;
};

// Whether the eight bytes at `address` can be read. The kernel copies the
// signal set before it finds that there is no such `how` (kernel/signal.c).
inline bool IsMapped(const void* address) {
  constexpr long kNoSuchHow = -1;
  return Call(SYS_rt_sigprocmask, kNoSuchHow, Arg(address), 0, 8) == -EINVAL;
}

inline bool Exists(const char* path) {
  return Call(SYS_faccessat, AT_FDCWD, Arg(path), 0 /* F_OK */) == 0;
}

inline bool Readable(const char* path) {
  // Where nobody can look there is no reason to think otherwise.
  return Denies(kFaccessat) ||
         Call(SYS_faccessat, AT_FDCWD, Arg(path), 4 /* R_OK */) == 0;
}

// fcntl() with an int argument, or a pointer's.
inline int Fcntl(int fd, int command, long argument = 0) {
#if defined(__i386__)
  return static_cast<int>(Call(SYS_fcntl64, fd, command, argument));
#else
  return static_cast<int>(Call(SYS_fcntl, fd, command, argument));
#endif
}

// Whether another description holds an open file description lock (fcntl(2)) on
// this file; `otherwise` if that cannot be told.
inline bool IsLocked(int fd, bool otherwise) {
  struct flock64 lock = {};
  lock.l_type = F_WRLCK;
  const bool told = Fcntl(fd, F_OFD_GETLK, Arg(&lock)) == 0;
  return told ? lock.l_type != F_UNLCK : otherwise;
}

// Locks (F_WRLCK) or unlocks (F_UNLCK) one byte of a file for this description.
// 0 or -errno.
inline int LockByte(int fd, short type, uint32_t offset) {
  struct flock64 lock = {};
  lock.l_type = type;
  lock.l_start = offset;
  lock.l_len = 1;
  return Fcntl(fd, F_OFD_SETLK, Arg(&lock));
}

inline void SetCloseOnExec(int fd, bool close) {
  Fcntl(fd, F_SETFD, close ? FD_CLOEXEC : 0);
}

// Whom F_SETOWN has made the owner of a description, as this process sees it; 0
// if it does not see him.
inline pid_t Owner(int fd) { return Fcntl(fd, F_GETOWN); }

inline void SetOwner(int fd, pid_t owner) { Fcntl(fd, F_SETOWN, owner); }

// RLIMIT_NOFILE: how many descriptors this process may have.
struct FileLimit {
  uint64_t soft, hard;
};
inline bool ExchangeFileLimit(const FileLimit* wanted, FileLimit* old) {
  constexpr int kNoFile = 7;
  return Call(SYS_prlimit64, 0, kNoFile, Arg(wanted), Arg(old)) == 0;
}

// RLIMIT_FSIZE: whoever makes a file longer gets SIGXFSZ.
inline bool GetFileSizeLimit(FileLimit* out) {
  constexpr int kFileSize = 1;
  return Call(SYS_prlimit64, 0, kFileSize, 0, Arg(out)) == 0;
}

inline int FcntlDupfd(int fd, int least) { return Fcntl(fd, F_DUPFD, least); }

// ppoll() without a signal mask; what is left of `time` comes back in it
// (ppoll(2), C library/kernel differences). On 32-bit machines by its old
// number: kernels before 5.1 have no other one, and those of today have both.
#if defined(__i386__)
struct Interval {
  int32_t seconds, nanoseconds;
};
inline long PollFor(struct pollfd* fds, int count, Interval* time) {
  const Interval given = *time;
  const long result = Call(SYS_ppoll, Arg(fds), count, Arg(time), 0, 8);
  if (result != -ENOSYS) return result;
  // A kernel that was built without CONFIG_COMPAT_32BIT_TIME.
  struct {
    int64_t seconds, nanoseconds;
  } long_time = {given.seconds, given.nanoseconds};
  const long second =
      Call(SYS_ppoll_time64, Arg(fds), count, Arg(&long_time), 0, 8);
  *time = {static_cast<int32_t>(long_time.seconds),
           static_cast<int32_t>(long_time.nanoseconds)};
  return second;
}
#else
struct Interval {
  int64_t seconds, nanoseconds;
};
inline long PollFor(struct pollfd* fds, int count, Interval* time) {
  return Call(SYS_ppoll, Arg(fds), count, Arg(time), 0, 8);
}
#endif

// Waits for `events` of fd or until `milliseconds` have passed; the events that
// came, 0 if none did.
inline int Poll(int fd, short events, int milliseconds) {
  struct pollfd poll = {fd, events, 0};
  Interval time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  const long result = PollFor(&poll, 1, &time);
  return result == 1 ? poll.revents : static_cast<int>(result);
}

// Returns how many microseconds it has slept: fewer if a signal came, and all
// of them where sleeping is denied, so that nobody waits without end.
inline int Sleep(int microseconds) {
  Interval time = {0, microseconds * 1000};
  const long result = PollFor(nullptr, 0, &time);
  return result == -EINTR
             ? microseconds - static_cast<int>(time.nanoseconds) / 1000
             : microseconds;
}

// What mmap() has returned; null for a failure.
inline void* MemoryAt(long address) {
  return address < 0 && address > -4096 ? nullptr
                                        : reinterpret_cast<void*>(address);
}

// Zeroed memory, in whole pages; null if there is none.
inline void* MapMemory(size_t size) {
  constexpr int kAccess = PROT_READ | PROT_WRITE;
  constexpr int kKind = MAP_PRIVATE | MAP_ANONYMOUS;
#if defined(__SANITIZE_THREAD__)
  // In a unit's test: or what one thread gets would still be another's.
  void* const memory = mmap(nullptr, size, kAccess, kKind, -1, 0);
  return memory != MAP_FAILED ? memory : nullptr;
#elif defined(__i386__)
  // The sixth argument, the offset, is ignored for anonymous memory.
  return MemoryAt(
      Call(SYS_mmap2, 0, static_cast<long>(size), kAccess, kKind, -1));
#else
  return MemoryAt(
      Call(SYS_mmap, 0, static_cast<long>(size), kAccess, kKind, -1, 0));
#endif
}

// Zeroed memory at an address where nothing is.
inline void MapMemoryAt(void* address, size_t size) {
#ifndef MAP_FIXED_NOREPLACE
  constexpr int MAP_FIXED_NOREPLACE = 0x100000;
#endif
  constexpr int kFlags =
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
#if defined(__i386__)
  const long p = Call(SYS_mmap2, Arg(address), static_cast<long>(size),
                      PROT_READ | PROT_WRITE, kFlags, -1);
#else
  const long p = Call(SYS_mmap, Arg(address), static_cast<long>(size),
                      PROT_READ | PROT_WRITE, kFlags, -1, 0);
#endif
  // Before Linux 4.17 the address is a wish.
  if (MemoryAt(p) != nullptr && p != Arg(address)) {
    Call(SYS_munmap, p, static_cast<long>(size));
  }
}

// Part of a file, for reading and writing; null if that cannot be had.
inline void* MapShared(int fd, uint32_t offset, size_t size) {
#if defined(__i386__)
  // The old call: six arguments are one more than Call() has registers for.
  const long arguments[] = {
      0,  static_cast<long>(size),  PROT_READ | PROT_WRITE, MAP_SHARED,
      fd, static_cast<long>(offset)};
  return MemoryAt(Call(SYS_mmap, Arg(arguments)));
#else
  return MemoryAt(Call(SYS_mmap, 0, static_cast<long>(size),
                       PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset));
#endif
}

inline void UnmapMemory(void* p, size_t size) {
  Call(SYS_munmap, Arg(p), static_cast<long>(size));
}

}  // namespace sys
}  // namespace filemon

#endif  // FILEMON_INTERPOSE_SYS_H_
