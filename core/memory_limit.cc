#include "core/memory_limit.h"

#include <unistd.h>

#include <algorithm>

namespace filemon {

uint64_t MemoryToWaitIn() {
  constexpr uint64_t kMost = uint64_t{1} << 30;
  constexpr uint64_t kLeast = uint64_t{1} << 24;
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return kLeast;
  const uint64_t memory =
      static_cast<uint64_t>(pages) * static_cast<uint64_t>(page);
  return std::clamp(memory / 8, kLeast, kMost);
}

}  // namespace filemon
