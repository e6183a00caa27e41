// A traced process that writes into the session's pipe what it likes.
//
//   hostile_writer CASE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

#include "core/wire.h"
#include "core/wire_encode.h"

namespace filemon {
namespace {

using wire::Kind;

int g_fd;
uint32_t g_cookie;

bool ReadSession() {
  const char* value = getenv(wire::kSessionVariable);
  int version, collector, collector_fd;
  unsigned long inode;
  return value != nullptr &&
         sscanf(value, "%d:%d:%d:%d:%lu:%u", &version, &g_fd, &collector,
                &collector_fd, &inode, &g_cookie) == 6;
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
  return EncodeRecord(g_cookie, kind, pid, a, b, names);
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
    Write(Encode(Kind::kFork, getpid() + 1, victim, wire::kSaidByParent));
    Write(Encode(Kind::kFork, getpid() + 1, victim, wire::kSaidByParent));
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

// Makes the pipe as small as it gets, and blocking.
void MeddleWithThePipe() {
  fcntl(g_fd, F_SETPIPE_SZ, 4096);
  const int flags = fcntl(g_fd, F_GETFL);
  fcntl(g_fd, F_SETFL, flags & ~O_NONBLOCK);
  fcntl(g_fd, F_SETOWN, getpid());
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
    {"meddle_with_the_pipe", MeddleWithThePipe},
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
