// A traced process that writes into the session's pipe what it likes.
//
//   hostile_writer CASE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "core/lane.h"
#include "core/session_memory.h"
#include "core/wire.h"
#include "core/wire_encode.h"

namespace filemon {
namespace {

using wire::Kind;

int g_fd;
uint32_t g_cookie;
int g_collector;
int g_lanes;
uint32_t g_life;  // our own

bool ReadSession() {
  const char* value = getenv(wire::kSessionVariable);
  int version, collector_fd, first, bell, denied, pid;
  unsigned long inode;
  return value != nullptr &&
         sscanf(value, "%d:%d:%d:%d:%lu:%u:%d:%d:%d:%d:%d:%u", &version, &g_fd,
                &g_collector, &collector_fd, &inode, &g_cookie, &first, &bell,
                &g_lanes, &denied, &pid, &g_life) == 12;
}

void Write(const std::string& bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t n = write(g_fd, bytes.data() + at, bytes.size() - at);
    if (n > 0) at += n;
  }
}

std::string Encode(Kind kind, int32_t pid, int32_t a, int32_t b,
                   const std::vector<std::string>& names = {}) {
  return EncodeRecord(g_cookie, kind, pid, a, b, names, 0, g_life);
}

std::string Open(const std::string& name) {
  return Encode(Kind::kOpen, getpid(), wire::kReads, 0, {"", name});
}

// Reproducible.
std::string Noise(size_t size) {
  static std::mt19937 random(4711);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

void Garbage() {
  for (size_t size = 1; size < 4096; size += 13) Write(Noise(size));
}

// The cookie is no secret to a traced process.
void GarbageWithCookies() {
  const std::string cookie(reinterpret_cast<const char*>(&g_cookie),
                           sizeof(g_cookie));
  for (size_t size = 1; size < 2000; size += 7) {
    Write(Noise(size) + cookie + Noise(size / 3));
  }
}

// Each is followed by what other processes say.
void CutShort() {
  const std::string record = Open(std::string(3000, 'x'));
  for (const size_t size : {1, 4, 19, 23, 24, 25, 100, 2999}) {
    Write(record.substr(0, size));
  }
}

void Unfinished() {
  const std::string record = Open(std::string(4000, 'x'));
  for (int32_t number = 0; number < 10000; ++number) {
    Write(EncodeFragments(record, number, 100).front());
  }
}

// Two records, each in pieces, byte by byte in turn.
void Interleaved() {
  const auto a = EncodeFragments(Open("one" + std::string(200, 'x')), 1, 1);
  const auto b = EncodeFragments(Open("two" + std::string(200, 'x')), 2, 1);
  for (size_t i = 0; i < a.size(); ++i) Write(a[i] + b[i]);
}

// What ends whom: nobody, as all of them live.
void Killings() {
  for (const pid_t victim : {getppid(), getpid()}) {
    Write(Encode(Kind::kChildEnded, victim + 1, victim, 0));
    Write(Encode(Kind::kChildEnded, getppid(), victim, 9));
    Write(Encode(Kind::kExit, victim, 99, 0));
    Write(Encode(Kind::kFork, getpid() + 1, victim, 0));
    Write(Encode(Kind::kFork, getpid() + 1, victim, 1));
  }
}

void ImpossibleNumbers() {
  for (const int32_t pid : {0, -1, INT32_MIN, INT32_MAX, wire::kPidLimit}) {
    Write(Encode(Kind::kOpen, pid, wire::kReads, 0, {"", "forged"}));
    Write(Encode(Kind::kFork, pid, pid, 0));
    Write(Encode(Kind::kLost, pid, pid, 0));
  }
  Write(Encode(Kind::kOpen, getpid(), -1, 0, {"", "forged"}));
  Write(Encode(Kind::kExec, getpid(), -1, 0, {"", "forged"}));
  Write(Encode(Kind::kExit, getpid(), 4711, 0));
}

// Spawns that never end would hold others back.
void EndlessSpawns() {
  for (int32_t token = 1; token < 1000; ++token) {
    Write(Encode(Kind::kSpawnBegin, getppid(), token, 0));
  }
}

void ForgedLines() {
  Write(Open("name\nX 1 0 0\nW 1 forged"));
  Write(Encode(Kind::kSymlink, getpid(), 0, 0, {"a' 'b\nX 1 0 0", "", "c"}));
}

pid_t NobodysPid() {
  pid_t pid = wire::kPidLimit - 1;
  while (kill(pid, 0) == 0 || errno != ESRCH) --pid;
  return pid;
}

// All that can be said of `victim`, and of others in its name.
// The kernel tells a process's start by the hundredth of a second: of a younger
// one nobody can say that it has had its number for long.
void AwaitAge(pid_t victim) {
  constexpr double kAge = 0.05;
  for (;;) {
    std::ifstream stat("/proc/" + std::to_string(victim) + "/stat");
    std::string text;
    std::getline(stat, text, ')');
    for (int field = 3; field <= 22; ++field) stat >> text;
    if (!stat) return;  // it has ended
    timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    const double start =
        std::stod(text) / static_cast<double>(sysconf(_SC_CLK_TCK));
    if (static_cast<double>(now.tv_sec) +
            1e-9 * static_cast<double>(now.tv_nsec) >
        start + kAge) {
      return;
    }
    sched_yield();
  }
}

void Slander(pid_t victim) {
  AwaitAge(victim);
  const pid_t nobody = NobodysPid();
  const std::string name = "forged";
  Write(
      Encode(Kind::kOpen, victim, wire::kReads | wire::kWrites, 0, {"", name}));
  Write(Encode(Kind::kChdir, victim, 0, 0, {"/forged"}));
  Write(Encode(Kind::kUnlink, victim, 0, 0, {"/dir", name}));
  Write(Encode(Kind::kRename, victim, 0, 0, {"", name, "", name}));
  Write(Encode(Kind::kSymlink, victim, 0, 0, {name, "", name}));
  Write(Encode(Kind::kExec, victim, 0, 0, {"", "/forged"}));
  Write(Encode(Kind::kStart, victim, getppid(), 0, {"/forged", "/forged"}));
  Write(Encode(Kind::kStart, victim, getpid(), 0, {"/forged", "/forged"}));
  const auto own_life = static_cast<int32_t>(g_life);
  Write(Encode(Kind::kFork, victim, nobody, 0));
  Write(Encode(Kind::kForked, nobody, victim, 0));
  Write(Encode(Kind::kFork, getpid(), victim, 1));
  Write(Encode(Kind::kForked, victim, getpid(), own_life));
  Write(Encode(Kind::kDescends, victim, getpid(), own_life));
  Write(Encode(Kind::kStart, victim, getppid(), 0, {"/forged", "/forged"}));
  Write(Encode(Kind::kSpawnBegin, victim, 1, 0));
  Write(Encode(Kind::kExit, victim, 99, 0));
  Write(Encode(Kind::kLost, victim, 99, 0));
  Write(Encode(Kind::kChildEnded, getpid(), victim, 9));
  Write(Encode(Kind::kChildEnded, victim, nobody, 9));
  Write(Encode(Kind::kSomeChildEnded, victim, 0, 9));
  // Now that it has been called a child, and started.
  Write(Encode(Kind::kOpen, victim, wire::kReads, 0, {"", name}));
}

void SlanderFamily() {
  Slander(getppid());
  std::ifstream children("/proc/" + std::to_string(getppid()) + "/task/" +
                         std::to_string(getppid()) + "/children");
  for (pid_t pid; children >> pid;) {
    if (pid != getpid()) Slander(pid);
  }
}

void SlanderStranger() { Slander(1); }

// A process that never was.
void Invent() {
  const pid_t nobody = NobodysPid();
  Write(Encode(Kind::kStart, nobody, getppid(), 0, {"/invented", "/"}));
  Write(Encode(Kind::kOpen, nobody, wire::kReads, 0, {"", "/invention"}));
}

// Makes the pipe as small as it gets, and blocking.
void MeddleWithThePipe() {
  fcntl(g_fd, F_SETPIPE_SZ, 4096);
  const int flags = fcntl(g_fd, F_GETFL);
  fcntl(g_fd, F_SETFL, flags & ~O_NONBLOCK);
  fcntl(g_fd, F_SETOWN, getpid());
}

// As if written long ago, or to be held back for ever.
void ImpossibleStamps() {
  for (const uint32_t stamp : {0u, 1u, 0x7fffffffu, UINT32_MAX}) {
    std::string record = Open("stamped");
    memcpy(&record[offsetof(wire::Header, stamp_low)], &stamp, sizeof(stamp));
    memcpy(&record[offsetof(wire::Header, stamp_high)], &stamp, sizeof(stamp));
    Write(record);
  }
}

std::string CollectorsFile(int number) {
  return "/proc/" + std::to_string(g_collector) + "/fd/" +
         std::to_string(number);
}

memory::Head* Head() {
  const int fd = open(CollectorsFile(g_lanes).c_str(), O_RDWR | O_CLOEXEC);
  void* const head = mmap(nullptr, sizeof(memory::Head), PROT_READ | PROT_WRITE,
                          MAP_SHARED, fd, 0);
  close(fd);
  return head == MAP_FAILED ? nullptr : static_cast<memory::Head*>(head);
}

// That it does not have.
void FalseLanes() {
  memory::Head* const head = Head();
  if (head == nullptr) return;
  memset(head->begun, 1, sizeof(head->begun));
}

// What is no record, between records.
void FullOverflow() {
  memory::Head* const head = Head();
  if (head == nullptr || head->overflow == 0) return;
  ++head->overflow_uses;
  const int fd = open(CollectorsFile(head->overflow).c_str(),
                      O_WRONLY | O_APPEND | O_CLOEXEC);
  const std::string record = Open("appended");
  const std::string part = record.substr(0, record.size() / 2);
  const std::string zeros(100000, '\0');
  for (const std::string& bytes : {record, zeros, part, record, part}) {
    if (write(fd, bytes.data(), bytes.size()) < 0) abort();
  }
  close(fd);
}

// And of losses without number, of anybody.
void RuinHead(uint32_t lossy) {
  memory::Head* const head = Head();
  if (head == nullptr) return;
  memset(head, 0xa5, sizeof(*head));
  head->lossy = lossy;
}

void RuinedHead() { RuinHead(0); }

// It speaks of losses that there were not.
void RuinedLosses() { RuinHead(1); }

// And keeps them until it ends.
void AllLanes() {
  const int fd = open(CollectorsFile(g_lanes).c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_len = lane::kLanes;
  if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) != 0) return;
  for (int32_t i = 0; i < 100; ++i) Write(Open("without a lane"));
  FalseLanes();
}

struct Case {
  const char* name;
  void (*run)();
};
constexpr Case kCases[] = {
    {"garbage", Garbage},
    {"garbage_with_cookies", GarbageWithCookies},
    {"cut_short", CutShort},
    {"unfinished", Unfinished},
    {"interleaved", Interleaved},
    {"killings", Killings},
    {"impossible_numbers", ImpossibleNumbers},
    {"endless_spawns", EndlessSpawns},
    {"forged_lines", ForgedLines},
    {"slander_family", SlanderFamily},
    {"slander_stranger", SlanderStranger},
    {"invent", Invent},
    {"meddle_with_the_pipe", MeddleWithThePipe},
    {"impossible_stamps", ImpossibleStamps},
    {"false_lanes", FalseLanes},
    {"all_lanes", AllLanes},
    {"full_overflow", FullOverflow},
    {"ruined_head", RuinedHead},
    {"ruined_losses", RuinedLosses},
};

}  // namespace
}  // namespace filemon

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  // The bare run has nothing to be hostile to.
  if (!filemon::ReadSession()) return 0;
  for (const auto& c : filemon::kCases) {
    if (strcmp(c.name, argv[1]) != 0) continue;
    c.run();
    return 0;
  }
  return 2;
}
