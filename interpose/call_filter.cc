#include "interpose/call_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/mman.h>

#include "core/lane.h"
#include "interpose/known_directories.h"
#include "interpose/own_lane.h"
#include "interpose/session.h"
#include "interpose/session_memory.h"
#include "interpose/sys.h"

namespace filemon {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__i386__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_I386;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

// linux/filter.h of the kernel: what a filter's program can remember.
constexpr uint32_t kMemoryWords = BPF_MEMWORDS;

// Runs classic BPF over one call, as the kernel does (kernel/seccomp.c allows
// these instructions and no others). It has no loops: jumps lead forward.
class FilterRun {
 public:
  FilterRun(const struct sock_fprog& program, const struct seccomp_data& data)
      : program_(program), data_(data) {}

  // What the filter returns; to kill the process, if it cannot be told.
  uint32_t Result() {
    for (size_t at = 0; at < program_.len; ++at) {
      const struct sock_filter& code = program_.filter[at];
      if (BPF_CLASS(code.code) == BPF_RET) {
        return BPF_RVAL(code.code) == BPF_A ? a_ : code.k;
      }
      if (BPF_CLASS(code.code) == BPF_JMP) {
        at += Jump(code);
      } else if (!Step(code)) {
        break;
      }
    }
    return SECCOMP_RET_KILL_PROCESS;
  }

 private:
  uint32_t Operand(const struct sock_filter& code) const {
    return BPF_SRC(code.code) == BPF_X ? x_ : code.k;
  }

  // How many instructions are passed over.
  size_t Jump(const struct sock_filter& code) const {
    bool holds = false;
    switch (BPF_OP(code.code)) {
      case BPF_JA:
        return code.k;
      case BPF_JEQ:
        holds = a_ == Operand(code);
        break;
      case BPF_JGT:
        holds = a_ > Operand(code);
        break;
      case BPF_JGE:
        holds = a_ >= Operand(code);
        break;
      case BPF_JSET:
        holds = (a_ & Operand(code)) != 0;
        break;
      default:
        break;
    }
    return holds ? code.jt : code.jf;
  }

  bool Load(const struct sock_filter& code, uint32_t* to) const {
    switch (BPF_MODE(code.code)) {
      case BPF_ABS:
        if (code.k > sizeof(data_) - sizeof(uint32_t)) return false;
        __builtin_memcpy(to, reinterpret_cast<const char*>(&data_) + code.k,
                         sizeof(uint32_t));
        return true;
      case BPF_LEN:
        *to = sizeof(data_);
        return true;
      case BPF_IMM:
        *to = code.k;
        return true;
      case BPF_MEM:
        if (code.k >= kMemoryWords) return false;
        *to = memory_[code.k];
        return true;
      default:
        return false;
    }
  }

  bool Calculate(const struct sock_filter& code) {
    const uint32_t operand = Operand(code);
    switch (BPF_OP(code.code)) {
      case BPF_ADD:
        a_ += operand;
        return true;
      case BPF_SUB:
        a_ -= operand;
        return true;
      case BPF_MUL:
        a_ *= operand;
        return true;
      case BPF_DIV:
        if (operand == 0) return false;
        a_ /= operand;
        return true;
      case BPF_AND:
        a_ &= operand;
        return true;
      case BPF_OR:
        a_ |= operand;
        return true;
      case BPF_XOR:
        a_ ^= operand;
        return true;
      case BPF_LSH:
        a_ <<= operand & 31;
        return true;
      case BPF_RSH:
        a_ >>= operand & 31;
        return true;
      case BPF_NEG:
        a_ = -a_;
        return true;
      default:
        return false;
    }
  }

  bool Step(const struct sock_filter& code) {
    switch (BPF_CLASS(code.code)) {
      case BPF_LD:
        return Load(code, &a_);
      case BPF_LDX:
        return Load(code, &x_);
      case BPF_ST:
      case BPF_STX:
        if (code.k >= kMemoryWords) return false;
        memory_[code.k] = BPF_CLASS(code.code) == BPF_ST ? a_ : x_;
        return true;
      case BPF_ALU:
        return Calculate(code);
      case BPF_MISC:
        if (BPF_MISCOP(code.code) == BPF_TAX) {
          x_ = a_;
        } else {
          a_ = x_;
        }
        return true;
      default:
        return false;
    }
  }

  const struct sock_fprog& program_;
  const struct seccomp_data& data_;
  uint32_t a_ = 0;
  uint32_t x_ = 0;
  uint32_t memory_[kMemoryWords] = {};
};

// A call as we make it, with arguments that stand for all of its kind.
struct OwnCall {
  long number;
  long argument[6];
};

#if defined(__i386__)
constexpr long kStatCall = SYS_fstatat64;
constexpr long kFcntlCall = SYS_fcntl64;
constexpr long kMapMemory = SYS_mmap2;
#else
constexpr long kStatCall = SYS_newfstatat;
constexpr long kFcntlCall = SYS_fcntl;
constexpr long kMapMemory = SYS_mmap;
#endif

constexpr long kPipe = -1000;     // stands for the pipe's descriptor
constexpr long kPointer = -1001;  // stands for some address
constexpr long kHere = AT_FDCWD;

constexpr OwnCall kOwnCalls[] = {
    {SYS_getpid, {}},
    {SYS_getppid, {}},
    {SYS_write, {kPipe, kPointer, 60}},
    {SYS_writev, {kPipe, kPointer, 3}},
    {SYS_openat, {kHere, kPointer, O_RDONLY | O_CLOEXEC}},
    {SYS_openat, {kHere, kPointer, O_RDWR | O_CLOEXEC}},
    {SYS_openat, {kHere, kPointer, O_RDWR | O_NONBLOCK}},
    {SYS_openat, {kHere, kPointer, O_WRONLY | O_APPEND | O_CLOEXEC}},
    {SYS_read, {3, kPointer, 512}},
    {SYS_pread64, {3, kPointer, 4, 0}},
    {SYS_close, {3}},
    {SYS_readlinkat, {kHere, kPointer, kPointer, 512}},
    {SYS_getcwd, {kPointer, 512}},
    {kStatCall, {kHere, kPointer, kPointer, 0}},
    {kStatCall, {kPipe, kPointer, kPointer, AT_EMPTY_PATH}},
    {SYS_faccessat, {kHere, kPointer, 4}},
    {kFcntlCall, {kPipe, F_DUPFD, 1000}},
    {kFcntlCall, {kPipe, F_SETFD, FD_CLOEXEC}},
    {kFcntlCall, {kPipe, F_GETOWN}},
    {kFcntlCall, {kPipe, F_SETOWN, 1}},
    {kFcntlCall, {kPipe, F_OFD_GETLK, kPointer}},
    {kFcntlCall, {kPipe, F_OFD_SETLK, kPointer}},
    {kMapMemory,
     {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1}},
    {SYS_mmap,
     {0, lane::kSize, PROT_READ | PROT_WRITE, MAP_SHARED, 3, lane::kFirstLane}},
    {SYS_munmap, {kPointer, 4096}},
    {SYS_madvise, {kPointer, 4096, MADV_WIPEONFORK}},
    {SYS_madvise, {kPointer, lane::kSize, MADV_DONTFORK}},
    {SYS_flock, {kPipe, LOCK_SH | LOCK_NB}},
    {SYS_flock, {kPipe, LOCK_UN}},
    {SYS_ppoll, {0, 0, kPointer, 0, 8}},
    {SYS_ppoll, {kPointer, 1, kPointer, 0, 8}},
    {SYS_prlimit64, {0, 7, 0, kPointer}},
    {SYS_rt_sigprocmask, {kPointer, kPointer, 0, 8}},
};

bool LetsPass(const struct sock_fprog& program, const OwnCall& call, int pipe) {
  struct seccomp_data data = {};
  data.nr = static_cast<int>(call.number);
  data.arch = kArchitecture;
  // The call's own place is in this library, too.
  data.instruction_pointer = reinterpret_cast<uintptr_t>(&LetsPass);
  for (int i = 0; i < 6; ++i) {
    const long argument =
        call.argument[i] == kPipe ? pipe
        : call.argument[i] == kPointer
            ? static_cast<long>(reinterpret_cast<uintptr_t>(&data))
            : call.argument[i];
    // A register as the kernel finds it.
    data.args[i] = static_cast<unsigned long>(argument);
  }
  const uint32_t action = FilterRun(program, data).Result();
  return (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW ||
         (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_LOG;
}

void Deny(uint32_t calls) {
  __atomic_fetch_or(&sys::g_denied, calls, __ATOMIC_RELAXED);
}

}  // namespace

void PrepareForFilter() {
  if (!Tracing()) return;
  SessionMemory();
  GetLane();
  LearnDirectories();
}

uint32_t DeniedBy(const struct sock_fprog& program, int pipe) {
  uint32_t denied = sys::kOtherCalls;
  for (const OwnCall& call : kOwnCalls) {
    const uint32_t set = sys::SetOf(call.number);
    if ((denied & set) == 0 && !LetsPass(program, call, pipe)) denied |= set;
  }
  return denied;
}

void FilterInstalled(const struct sock_fprog& program) {
  Deny(DeniedBy(program, ThisSession().fd));
}

void StrictModeEntered() { Deny(~uint32_t{sys::kWrite}); }

}  // namespace filemon
