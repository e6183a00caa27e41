// A text that many have in common.
#ifndef FILEMON_CORE_SHARED_TEXT_H_
#define FILEMON_CORE_SHARED_TEXT_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace filemon {

// A text whose copies take no memory of their own, like the name of a
// directory that a process has from its parent. Empty at first.
class SharedText {
 public:
  // A text that this one is already stays shared.
  void Set(absl::string_view text) {
    if (text == view()) return;
    text_ = std::make_shared<const std::string>(text);
  }

  // Valid until the next Set().
  absl::string_view view() const {
    return text_ != nullptr ? absl::string_view(*text_) : absl::string_view();
  }

 private:
  std::shared_ptr<const std::string> text_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_SHARED_TEXT_H_
