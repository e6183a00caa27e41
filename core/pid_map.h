// A table of processes.
#ifndef FILEMON_CORE_PID_MAP_H_
#define FILEMON_CORE_PID_MAP_H_

#include <sys/types.h>

#include <memory>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/container/flat_hash_map.h"

namespace filemon {

// What is known of each process, by its pid. Made for being asked about the
// same process many times in a row, as records come in runs; and what it holds
// stays where it is in memory until it is erased.
//
// Not thread-safe, not even for several readers.
template <typename T>
class PidMap {
  using Table = absl::flat_hash_map<pid_t, std::unique_ptr<T>>;

 public:
  PidMap() = default;

  PidMap(const PidMap&) = delete;
  PidMap& operator=(const PidMap&) = delete;

  // Null if nothing is known of `pid`.
  T* Find(pid_t pid) {
    if (ABSL_PREDICT_TRUE(pid == last_pid_ && last_ != nullptr)) return last_;
    return LookUp(pid);
  }
  const T* Find(pid_t pid) const {
    return const_cast<PidMap*>(this)->Find(pid);
  }

  // Makes one if nothing is known of `pid`.
  T& operator[](pid_t pid) {
    T* const known = Find(pid);
    return ABSL_PREDICT_TRUE(known != nullptr) ? *known : Create(pid);
  }

  void Erase(pid_t pid) {
    if (pid == last_pid_) last_ = nullptr;
    table_.erase(pid);
  }

  // In no order: pairs of a pid and a pointer.
  typename Table::const_iterator begin() const { return table_.begin(); }
  typename Table::const_iterator end() const { return table_.end(); }

 private:
  // Not to be in the way where records of one process follow each other.
  ABSL_ATTRIBUTE_NOINLINE T* LookUp(pid_t pid) {
    const auto it = table_.find(pid);
    return it != table_.end() ? Remember(pid, it->second.get()) : nullptr;
  }

  ABSL_ATTRIBUTE_NOINLINE T& Create(pid_t pid) {
    std::unique_ptr<T>& created = table_[pid];
    created = std::make_unique<T>();
    return *Remember(pid, created.get());
  }

  T* Remember(pid_t pid, T* found) {
    last_pid_ = pid;
    return last_ = found;
  }

  Table table_;
  // The last that was found; null if there is none.
  T* last_ = nullptr;
  pid_t last_pid_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_CORE_PID_MAP_H_
