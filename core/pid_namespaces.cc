#include "core/pid_namespaces.h"

#include <limits.h>
#include <sys/stat.h>

#include "core/wire.h"

namespace filemon {
namespace {

// How many ranges of numbers there are in a pid_t, without that of the pids
// themselves.
constexpr int kRanges = INT_MAX / wire::kPidLimit;

}  // namespace

uint32_t PidNamespaces::OfThisProcess() {
  struct stat st;
  return stat("/proc/self/ns/pid", &st) == 0 ? static_cast<uint32_t>(st.st_ino)
                                             : 0;
}

pid_t PidNamespaces::Number(uint32_t space, pid_t pid) {
  if (space == 0) return pid;
  const auto known = bases_.find(space);
  if (known != bases_.end()) return known->second + pid;
  // With more namespaces at a time, some share a range.
  pid_t base = 0;
  for (int tries = 0; tries < kRanges; ++tries) {
    base = wire::kPidLimit * (1 + given_++ % kRanges);
    if (in_use_.insert(base).second) break;
  }
  bases_[space] = base;
  return base + pid;
}

void PidNamespaces::Ended(uint32_t space) {
  const auto known = bases_.find(space);
  if (known == bases_.end()) return;
  in_use_.erase(known->second);
  bases_.erase(known);
}

}  // namespace filemon
