#include "core/pid_namespaces.h"

#include <limits.h>
#include <sys/stat.h>

#include <utility>

namespace filemon {

using wire::Kind;

namespace {

// How many ranges of numbers there are in a pid_t, without that of
// the pids themselves. A session with more namespaces uses them again.
constexpr int kRanges = INT_MAX / wire::kPidLimit;

// The pid of a namespace's init (pid_namespaces(7)).
constexpr pid_t kInit = 1;

}  // namespace

uint32_t PidNamespaces::OfThisProcess() {
  struct stat st;
  return stat("/proc/self/ns/pid", &st) == 0 ? static_cast<uint32_t>(st.st_ino)
                                             : 0;
}

void PidNamespaces::Enter(const Record& record) {
  if (IsOwn(record.pid_namespace)) return;
  const auto from = static_cast<uint32_t>(record.b);
  const pid_t number = Number(from, record.a);
  // What is said again at an exec may be a guess.
  if (Find(record.pid_namespace)
          .entered.try_emplace(record.pid, Entrance{number, from})
          .second) {
    entered_[number] = {record.pid_namespace, record.pid};
  }
}

Record PidNamespaces::Translate(Record record) {
  const uint32_t id = record.pid_namespace;
  if (IsOwn(id)) return record;
  const pid_t pid = std::exchange(record.pid, Number(id, record.pid));
  switch (record.kind) {
    case Kind::kStart:
      record.a = record.a != 0 ? Number(id, record.a)
                               : NumberOfParent(id, pid, record.b);
      break;
    case Kind::kFork:
    case Kind::kChildEnded:
    case Kind::kTraceeEnded:
      record.a = Number(id, record.a);
      break;
    case Kind::kSpawnEnd:
      if (record.b != 0) record.b = Number(id, record.b);
      break;
    default:
      break;
  }
  return record;
}

absl::optional<std::pair<pid_t, pid_t>> PidNamespaces::Ended(pid_t number) {
  const auto known = entered_.find(number);
  if (known == entered_.end()) return absl::nullopt;
  const auto [id, pid] = known->second;
  entered_.erase(known);
  const auto it = namespaces_.find(id);
  Namespace& space = it->second;
  if (pid != kInit) {
    space.entered.erase(pid);
    return absl::nullopt;
  }
  const pid_t base = space.base;
  for (const auto& entered : space.entered) {
    entered_.erase(entered.second.number);
  }
  // Its inode number may become another namespace's.
  namespaces_.erase(it);
  return std::make_pair(base, base + (wire::kPidLimit - 1));
}

pid_t PidNamespaces::Number(uint32_t id, pid_t pid) {
  if (IsOwn(id)) return pid;
  const Namespace& space = Find(id);
  const auto entered = space.entered.find(pid);
  return entered != space.entered.end() ? entered->second.number
                                        : space.base + pid;
}

pid_t PidNamespaces::NumberOfParent(uint32_t id, pid_t pid, pid_t parent) {
  const Namespace& space = Find(id);
  const auto entered = space.entered.find(pid);
  if (parent == 0 || entered == space.entered.end()) return 0;
  return Number(entered->second.from, parent);
}

PidNamespaces::Namespace& PidNamespaces::Find(uint32_t id) {
  auto found = namespaces_.find(id);
  if (found == namespaces_.end()) {
    const pid_t base = wire::kPidLimit * (1 + created_++ % kRanges);
    found = namespaces_.emplace(id, Namespace{base, {}}).first;
  }
  return found->second;
}

}  // namespace filemon
