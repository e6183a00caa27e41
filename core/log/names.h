// Names of files and programs, each kept once and called by a number.
#ifndef FILEMON_CORE_LOG_NAMES_H_
#define FILEMON_CORE_LOG_NAMES_H_

#include <stddef.h>
#include <stdint.h>

#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace filemon::log {

// The number of a name; the first is 0, and none is left out.
using NameId = uint32_t;
inline constexpr NameId kNoName = UINT32_MAX;

// Not thread-safe.
class Names {
 public:
  Names();

  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  // The number of `text`, a new one if it has none.
  NameId Add(absl::string_view text);
  // kNoName if it has none.
  NameId Find(absl::string_view text) const;
  // Valid as long as this object.
  absl::string_view operator[](NameId id) const { return texts_[id]; }
  size_t size() const { return texts_.size(); }

 private:
  // Sets of numbers are looked up by text.
  struct Hash {
    using is_transparent = void;
    const std::vector<absl::string_view>* texts;
    size_t operator()(absl::string_view text) const {
      return absl::Hash<absl::string_view>()(text);
    }
    size_t operator()(NameId id) const { return (*this)((*texts)[id]); }
  };
  struct Equal {
    using is_transparent = void;
    const std::vector<absl::string_view>* texts;
    bool operator()(NameId a, NameId b) const { return a == b; }
    bool operator()(NameId a, absl::string_view b) const {
      return (*texts)[a] == b;
    }
    bool operator()(absl::string_view a, NameId b) const {
      return (*texts)[b] == a;
    }
  };

  absl::string_view Keep(absl::string_view text);

  std::vector<absl::string_view> texts_;
  absl::flat_hash_set<NameId, Hash, Equal> ids_;
  // The texts' memory.
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;
  size_t room_ = 0;
};

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_NAMES_H_
