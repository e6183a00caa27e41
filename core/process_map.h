// A table of processes.
#ifndef FILEMON_CORE_PROCESS_MAP_H_
#define FILEMON_CORE_PROCESS_MAP_H_

#include <stdint.h>
#include <sys/types.h>

#include <memory>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/container/flat_hash_map.h"

namespace filemon {

// A process as its records name it (wire.h): its pid, as it sees it itself, and
// its life.
using ProcessKey = uint64_t;

constexpr ProcessKey KeyOf(pid_t pid, uint32_t life) {
  return static_cast<uint64_t>(life) << 32 | static_cast<uint32_t>(pid);
}
constexpr pid_t PidOf(ProcessKey key) { return static_cast<pid_t>(key); }

// What is known of each process. Made for being asked about the same process
// many times in a row, as records come in runs; and what it holds stays where
// it is in memory until it is erased.
//
// Not thread-safe, not even for several readers.
template <typename T>
class ProcessMap {
  using Table = absl::flat_hash_map<ProcessKey, std::unique_ptr<T>>;

 public:
  ProcessMap() = default;

  ProcessMap(const ProcessMap&) = delete;
  ProcessMap& operator=(const ProcessMap&) = delete;

  // Null if nothing is known of the process.
  T* Find(ProcessKey key) {
    if (ABSL_PREDICT_TRUE(key == last_key_ && last_ != nullptr)) return last_;
    return LookUp(key);
  }
  const T* Find(ProcessKey key) const {
    return const_cast<ProcessMap*>(this)->Find(key);
  }

  // Makes one if nothing is known of the process.
  T& operator[](ProcessKey key) {
    T* const known = Find(key);
    return ABSL_PREDICT_TRUE(known != nullptr) ? *known : Create(key);
  }

  void Erase(ProcessKey key) {
    if (key == last_key_) last_ = nullptr;
    table_.erase(key);
  }

  // In no order: pairs of a key and a pointer.
  typename Table::const_iterator begin() const { return table_.begin(); }
  typename Table::const_iterator end() const { return table_.end(); }

 private:
  // Not to be in the way where records of one process follow each other.
  ABSL_ATTRIBUTE_NOINLINE T* LookUp(ProcessKey key) {
    const auto it = table_.find(key);
    return it != table_.end() ? Remember(key, it->second.get()) : nullptr;
  }

  ABSL_ATTRIBUTE_NOINLINE T& Create(ProcessKey key) {
    std::unique_ptr<T>& created = table_[key];
    created = std::make_unique<T>();
    return *Remember(key, created.get());
  }

  T* Remember(ProcessKey key, T* found) {
    last_key_ = key;
    return last_ = found;
  }

  Table table_;
  // The last that was found; null if there is none.
  T* last_ = nullptr;
  ProcessKey last_key_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_CORE_PROCESS_MAP_H_
