// The current directories of the processes of a session.
//
// A directory is one thing for all processes that are in it: when it, or one
// above it, is renamed, all of them are somewhere else.
#ifndef FILEMON_CORE_CURRENT_DIRECTORIES_H_
#define FILEMON_CORE_CURRENT_DIRECTORIES_H_

#include <stdint.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace filemon {

// Not thread-safe.
class CurrentDirectories {
  struct Node;

 public:
  // A process's current directory; its copies, those of the process's children,
  // are in the same one until they Enter() another. Unknown at first. It does
  // not outlive the CurrentDirectories.
  class Place {
   public:
    // As wire.h has it: absolute; with a slash at the end if it is removed;
    // empty if it is not known. Valid until the next call that changes any.
    absl::string_view path() const;

   private:
    friend class CurrentDirectories;
    std::shared_ptr<Node> node_;
  };

  CurrentDirectories() = default;
  CurrentDirectories(const CurrentDirectories&) = delete;
  CurrentDirectories& operator=(const CurrentDirectories&) = delete;

  void Enter(absl::string_view path, Place* place);

  // False if no current directory has a component of this name, as nearly all
  // that is renamed: then Renamed() need not be called.
  bool MayHave(absl::string_view component) const {
    return components_[Hash(component)] > 0;
  }

  // What was `from`, and is absolute and canonical, is `to` now.
  void Renamed(absl::string_view from, absl::string_view to);
  // The same of two that have changed places.
  void Exchanged(absl::string_view one, absl::string_view other);

  // How many directories are current to any process.
  size_t size() const { return nodes_.size(); }

 private:
  static constexpr size_t kHashes = 256;

  static size_t Hash(absl::string_view component) {
    if (component.empty()) return 0;
    const auto at = [component](size_t i) {
      return static_cast<unsigned char>(component[i]);
    };
    return (component.size() * 37 + at(0) * 11 + at(component.size() - 1) * 3 +
            at(component.size() / 2)) %
           kHashes;
  }

  void Count(absl::string_view path, int difference);
  // Takes out the directories at `path` and below.
  std::vector<std::shared_ptr<Node>> TakeBelow(absl::string_view path);
  void PutBelow(absl::string_view from, absl::string_view to,
                const std::vector<std::shared_ptr<Node>>& nodes);

  std::map<std::string, std::weak_ptr<Node>, std::less<>> nodes_;
  // How many components of their paths have each hash.
  std::array<uint32_t, kHashes> components_ = {};
};

}  // namespace filemon

#endif  // FILEMON_CORE_CURRENT_DIRECTORIES_H_
