// One record is one write of at most PIPE_BUF bytes into the pipe, so the
// kernel keeps it whole, or it is one claimed place in the process's lane. The
// pipe is open for reading too (O_RDWR): it always has a reader, so no write
// ever raises SIGPIPE; when the collector is gone the pipe fills up and the
// write says EAGAIN.
//
// Who finds the pipe full waits. When the collector does not even look any more
// (it was stopped, or its log's reader does not read), records are appended to
// the session's overflow, and nobody waits. When that cannot be had, or is full
// too, the wait has an end, and what is given up is counted.
#include "interpose/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "core/stamp.h"
#include "interpose/apart.h"
#include "interpose/door.h"
#include "interpose/layout.h"
#include "interpose/own_lane.h"
#include "interpose/process.h"
#include "interpose/session.h"
#include "interpose/session_memory.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {

bool g_unstamped;

namespace {

// Records up to this size are gathered on the stack and written by write(),
// which is cheaper than writev(). Signal handlers run on small stacks.
constexpr size_t kSmall = 256;

// Who finds the pipe full sleeps, and twice as long when it is full again, in
// microseconds. Nobody waits for room by poll(): a thousand writers that are
// all woken by each read keep the processors from the one who reads.
constexpr int kFirstSleep = 1000;
constexpr int kLongestSleep = 64 * 1000;
// A sleep is made shorter by one part in so many by each record that gets
// through.
constexpr int kRelief = 64;

// How long the collector may take to look again until it counts as stalled, in
// microseconds. On the busiest machine it gets its turn within some ten.
constexpr int kStall = 100 * 1000;

int g_sleep;             // the next one; 0 before the first
uint32_t g_lost;         // given up since the last kLost, and counted only here
uint32_t g_writers;      // how many write into the pipe just now
bool g_out_of_patience;  // the last wait was in vain: no other until a success
uint32_t g_fragment_number;  // of the last record sent in pieces

// A record, and how many bytes its names have with their NULs.
struct Measured {
  explicit Measured(const OutgoingRecord& source)
      : record(source), names(wire::NamesOf(source.kind)) {
    for (int i = 0; i < names; ++i) {
      const char* const name = record.name[i];
      // Most names are relative to no directory.
      name_size[i] = name[0] == '\0' ? 1 : strlen(name) + 1;
      size += name_size[i];
    }
  }

  const OutgoingRecord& record;
  const int names;
  size_t size = sizeof(wire::Header);
  size_t name_size[wire::kMaxNames];
};

wire::Header HeaderOf(const Session& session, const Measured& measured,
                      uint32_t first_word) {
  const OutgoingRecord& record = measured.record;
  const uint64_t stamp =
      __builtin_expect(!g_unstamped, 1) ? Stamp() : uint64_t{0};
  return {first_word,
          static_cast<uint16_t>(measured.size),
          static_cast<uint8_t>(record.kind),
          static_cast<uint8_t>(measured.names),
          static_cast<uint32_t>(stamp),
          static_cast<uint32_t>(stamp >> 32),
          record.process.pid,
          record.a,
          record.b,
          session.pid_namespace,
          record.process.life};
}

// All of the record but that its first word is `first_word`.
void Gather(const Session& session, const Measured& measured,
            uint32_t first_word, char* out) {
  const wire::Header header = HeaderOf(session, measured, first_word);
  memcpy(out, &header, sizeof(header));
  out += sizeof(header);
  for (int i = 0; i < measured.names; ++i) {
    const char* const name = measured.record.name[i];
    const size_t size = measured.name_size[i];
    if (size == 1) {
      *out = '\0';
    } else {
      memcpy(out, name, size);
    }
    out += size;
  }
}

__attribute__((noinline)) void GiveUp(pid_t pid, uint32_t records) {
  // In the session's memory the count outlives this process.
  if (CountLost(pid, records)) return;
  // Here it may be said later, or never: then at least that there are some.
  if (__atomic_fetch_add(&g_lost, records, __ATOMIC_RELAXED) == 0) LeaveNote();
}

void Sleep(int* waited) {
  int sleep = __atomic_load_n(&g_sleep, __ATOMIC_RELAXED);
  if (sleep < kFirstSleep) sleep = kFirstSleep;
  *waited += sys::Sleep(sleep);
  if (2 * sleep <= kLongestSleep) sleep *= 2;
  __atomic_store_n(&g_sleep, sleep, __ATOMIC_RELAXED);
}

__attribute__((noinline)) void GetOver() {
  g_out_of_patience = false;
  const int sleep = __atomic_load_n(&g_sleep, __ATOMIC_RELAXED);
  __atomic_store_n(&g_sleep, sleep > kFirstSleep ? sleep - sleep / kRelief : 0,
                   __ATOMIC_RELAXED);
}

// The wait for room in the pipe.
struct Wait {
  int waited = 0;      // microseconds
  int looked_at = 0;   // how long it had lasted when the collector last looked
  uint32_t looks = 0;  // how often it had looked then
};

// Sleeps while there is reason to believe that there will be room. False if
// there is none: the record is to go into the overflow, or is lost.
__attribute__((noinline)) bool WaitForRoom(Wait* wait) {
  if (wait->waited / 1000 >= kPatience || g_out_of_patience) {
    g_out_of_patience = true;
    return false;
  }
  const uint32_t looks = CollectorLooks();
  if (looks != wait->looks) {
    wait->looks = looks;
    wait->looked_at = wait->waited;
  } else if (looks != 0 && wait->waited - wait->looked_at >= kStall) {
    NoteStall(looks);
  }
  Sleep(&wait->waited);
  if (ThisSession().fd < 0 || CollectorLives()) return true;
  GoDormant();
  return false;
}

// The descriptor is not closed meanwhile (pipe_place.h).
template <typename Attempt>
inline long WriteCounted(Attempt write) {
  __atomic_fetch_add(&g_writers, 1, __ATOMIC_SEQ_CST);
  const int fd = __atomic_load_n(&ThisSession().fd, __ATOMIC_SEQ_CST);
  const long result = fd < 0 ? -EBADF : write(fd);
  __atomic_fetch_sub(&g_writers, 1, __ATOMIC_RELEASE);
  return result;
}

// Writes by a descriptor that exists only meanwhile.
template <typename Attempt>
struct PassingWrite {
  Attempt* write;
  size_t size;
  long result;

  static int InPipe(void* data) {
    auto* const self = static_cast<PassingWrite*>(data);
    const int fd = OpenCollectorsFile(ThisSession().collector_fd,
                                      O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return fd;
    self->result = IsPipeOfSession(fd) ? (*self->write)(fd) : -EBADF;
    sys::Close(fd);
    return 0;
  }

  static int InOverflow(void* data) {
    auto* const self = static_cast<PassingWrite*>(data);
    const int fd = OpenOverflow(self->size);
    if (fd < 0) return fd;
    self->result = (*self->write)(fd);
    sys::Close(fd);
    return 0;
  }
};

template <typename Attempt>
__attribute__((noinline)) long WriteApart(Attempt write) {
  PassingWrite<Attempt> passing = {&write, 0, -EBADF};
  const int error = RunApart(PassingWrite<Attempt>::InPipe, &passing);
  return error != 0 ? error : passing.result;
}

// Whether a write has failed for another reason than a full pipe, a signal or a
// filter of the program's.
bool IsOfNoPipe(long result) {
  return result < 0 && result != -EAGAIN && result != -EINTR &&
         result != -EPERM;
}

// Room that does not depend on the collector. False if there is none, and for
// records without stamps, whose place is that in the pipe.
template <typename Attempt>
bool Append(Attempt write, size_t size) {
  if (g_unstamped) return false;
  PassingWrite<Attempt> passing = {&write, size, -EBADF};
  RunApart(PassingWrite<Attempt>::InOverflow, &passing);
  return passing.result == static_cast<long>(size);
}

// `write` tries once to write `size` bytes, and returns what the kernel said.
// False if the record could not be written. `*appends` says that the bytes are
// for the overflow, as those before them were, and is set when they are.
// `forks` is the record's.
template <typename Attempt>
bool WriteWhole(Attempt write, size_t size, uint32_t forks, bool* appends) {
  Wait wait;
  bool recovered = false;
  if (*appends) return Append(write, size);
  for (;;) {
    if (__atomic_load_n(&ThisSession().fd, __ATOMIC_RELAXED) == kDormant) {
      return false;
    }
    // A signal handler has forked: it is the parent's record.
    if (__builtin_expect(forks != g_forks, 0)) return true;
    long result = WriteCounted(write);
    if (__builtin_expect(IsOfNoPipe(result), 0)) {
      // The descriptor is gone: a system call that no wrapper saw, or for want
      // of a free number.
      if (!recovered && RecoverPipe()) {
        recovered = true;
        continue;
      }
      if (ThisSession().fd != kNoDescriptor) return false;
      result = WriteApart(write);
    }
    if (__builtin_expect(result >= 0, 1)) {
      if (__builtin_expect(g_sleep != 0 || g_out_of_patience, 0)) GetOver();
      return true;
    }
    switch (result) {
      case -EAGAIN:
        if ((CollectorIsStalled() || g_out_of_patience) &&
            Append(write, size)) {
          return *appends = true;
        }
        if (!WaitForRoom(&wait)) return false;
        break;
      case -EINTR:
        break;
      default:
        return false;
    }
  }
}

bool WriteBytes(const void* data, size_t size, uint32_t forks, bool* appends) {
  return WriteWhole([&](int fd) { return sys::Write(fd, data, size); }, size,
                    forks, appends);
}

constexpr int kMaxParts = 1 + wire::kMaxNames;

// A record as the pieces of memory that it consists of.
struct Parts {
  explicit Parts(const Measured& measured)
      : header(HeaderOf(ThisSession(), measured, ThisSession().cookie)),
        forks(measured.record.forks),
        count(1 + measured.names) {
    part[0] = {&header, sizeof(header)};
    for (int i = 0; i < measured.names; ++i) {
      part[1 + i] = {const_cast<char*>(measured.record.name[i]),
                     measured.name_size[i]};
    }
  }

  wire::Header header;
  const uint32_t forks;
  const int count;
  struct iovec part[kMaxParts];
};

// Sends what is longer than one write can keep whole.
bool WriteFragments(const Parts& parts) {
  char piece[sizeof(wire::Header) + kSmall];
  wire::Header header = parts.header;
  header.kind = static_cast<uint8_t>(wire::Kind::kFragment);
  header.names = 0;
  header.a = static_cast<int32_t>(
      __atomic_add_fetch(&g_fragment_number, 1, __ATOMIC_RELAXED));
  size_t offset = 0;
  size_t filled = 0;
  // Its pieces come in order: once one is in the overflow, all are.
  bool appends = false;
  const auto send = [&] {
    header.size = static_cast<uint16_t>(sizeof(header) + filled);
    header.b = static_cast<int32_t>(offset);
    memcpy(piece, &header, sizeof(header));
    if (!WriteBytes(piece, sizeof(header) + filled, parts.forks, &appends)) {
      return false;
    }
    offset += filled;
    filled = 0;
    return true;
  };
  for (int i = 0; i < parts.count; ++i) {
    const char* from = static_cast<const char*>(parts.part[i].iov_base);
    size_t left = parts.part[i].iov_len;
    while (left > 0) {
      const size_t n = left < kSmall - filled ? left : kSmall - filled;
      memcpy(piece + sizeof(header) + filled, from, n);
      filled += n;
      from += n;
      left -= n;
      if (filled == kSmall && !send()) return false;
    }
  }
  return filled == 0 || send();
}

// Functions of their own, and not inlined: a lane needs none of their stack.
__attribute__((noinline)) bool WriteSmall(const Measured& measured) {
  char bytes[kSmall];
  const Session& session = ThisSession();
  Gather(session, measured, session.cookie, bytes);
  bool appends = false;
  return WriteBytes(bytes, measured.size, measured.record.forks, &appends);
}

FILEMON_RARE bool WriteLong(const Measured& measured) {
  // The kernel takes no name longer than PATH_MAX: of a call that had such a
  // one, which has failed, there is nothing to say.
  if (measured.size > wire::kMaxRecord) return true;
  const Parts parts(measured);
  if (measured.size > wire::kMaxWrite) return WriteFragments(parts);
  bool appends = false;
  return WriteWhole(
      [&](int fd) { return sys::Writev(fd, parts.part, parts.count); },
      measured.size, measured.record.forks, &appends);
}

bool WriteInPipe(const Measured& measured) {
  return measured.size <= kSmall ? WriteSmall(measured) : WriteLong(measured);
}

// False if the record has to go into the pipe.
__attribute__((always_inline)) inline bool WriteInLane(
    const Measured& measured) {
  const Session& session = ThisSession();
  ++t_lane_writes;
  // A signal handler has forked: it is the parent's, which says it itself.
  if (__builtin_expect(measured.record.forks != g_forks, 0)) {
    --t_lane_writes;
    return true;
  }
  char* const place = ClaimInLane(session, measured.size);
  if (place != nullptr) {
    // Its first word comes last, and makes it a record.
    Gather(session, measured, lane::kUnwritten, place);
    lane::Commit(place, session.cookie);
  }
  --t_lane_writes;
  return place != nullptr;
}

// For a process that has no pipe, as it may not write, or has no descriptor
// left: its full lane has to do. False if the collector does not make room
// soon.
FILEMON_RARE bool WaitForLane(const Measured& measured) {
  // A tenth of a second, on most machines where the clock is read.
  constexpr uint64_t kSpin = uint64_t{1} << 28;
  constexpr int kMostSleeps = 100;  // of a millisecond
  static uint32_t given_up;  // the head at which the last wait was in vain
  if (!sys::Denies(sys::kWrite) && ThisSession().fd != kNoDescriptor) {
    return false;
  }
  const OwnPage* const page = OwnPageIfAny();
  const lane::Header* const lane = page != nullptr ? page->lane : nullptr;
  if (lane == nullptr || measured.size > lane::kLongest) return false;
  const bool spins = sys::Denies(sys::kPpoll);
  const uint64_t begin = Stamp();
  for (int sleeps = 0; spins ? Stamp() - begin < kSpin : sleeps < kMostSleeps;
       ++sleeps) {
    if (__atomic_load_n(&lane->head, __ATOMIC_ACQUIRE) == given_up) break;
    if (WriteInLane(measured)) return true;
    if (!spins) sys::Sleep(kFirstSleep);
  }
  given_up = __atomic_load_n(&lane->head, __ATOMIC_ACQUIRE);
  return false;
}

// Says how many records of this process the collector did not get.
__attribute__((noinline)) void ReportLost(ProcessId process) {
  const uint32_t lost = __atomic_exchange_n(&g_lost, 0, __ATOMIC_RELAXED);
  if (lost == 0) return;
  OutgoingRecord record = {wire::Kind::kLost, process};
  record.a = static_cast<int32_t>(lost);
  if (!WriteInPipe(Measured(record))) {
    __atomic_fetch_add(&g_lost, lost, __ATOMIC_RELAXED);
  }
}

}  // namespace

uint32_t g_forks;

void Emit(const OutgoingRecord& record) {
  if (__builtin_expect(__atomic_load_n(&g_lost, __ATOMIC_RELAXED) != 0, 0)) {
    ReportLost(record.process);
  }
  const Measured measured(record);
  if (WriteInLane(measured)) return;
  // Who cannot tell its pid cannot speak.
  if (record.process.pid > 0 &&
      (WriteInPipe(measured) || WaitForLane(measured))) {
    return;
  }
  // How it ended the kernel tells.
  if (record.kind != wire::Kind::kExit) GiveUp(record.process.pid, 1);
}

void ForgetLosses() { g_lost = 0; }

FILEMON_RARE void StopStamps() {
  if (g_unstamped) return;
  // With a stamp yet, in the pipe: what follows there is later than what is in
  // the lane.
  if (!WriteInPipe(Measured({wire::Kind::kUnstamped, CurrentProcess()}))) {
    GiveUp(ThisSession().pid, 1);
  }
  g_unstamped = true;
  if (!MemoryIsShared()) LeaveLane();
}

void ResumeStamps() { g_unstamped = false; }

void NoteClock() {
  int mode = PR_TSC_ENABLE;
  g_unstamped = sys::Call(SYS_prctl, PR_GET_TSC, sys::Arg(&mode)) == 0 &&
                mode == PR_TSC_SIGSEGV;
}

bool WritersAreDone() {
  constexpr int kPatient = 100;
  for (int i = 0; i < kPatient; ++i) {
    if (__atomic_load_n(&g_writers, __ATOMIC_SEQ_CST) == 0) return true;
    sys::Call(SYS_sched_yield);
  }
  return false;
}

void ForgetWriters() { __atomic_store_n(&g_writers, 0, __ATOMIC_RELAXED); }

void Batch::Add(const OutgoingRecord& record) {
  const Measured measured(record);
  if (measured.size > sizeof(bytes_) - size_) Flush();
  if (measured.size > sizeof(bytes_)) {
    if (!WriteInPipe(measured)) GiveUp(record.process.pid, 1);
    return;
  }
  const Session& session = ThisSession();
  Gather(session, measured, session.cookie, bytes_ + size_);
  size_ += measured.size;
  ++records_;
  pid_ = record.process.pid;
}

void Batch::Flush() {
  bool appends = false;
  if (size_ > 0 && !WriteBytes(bytes_, size_, forks_, &appends)) {
    GiveUp(pid_, records_);
  }
  size_ = 0;
  records_ = 0;
}

}  // namespace filemon
