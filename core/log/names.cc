#include "core/log/names.h"

#include <string.h>

namespace filemon::log {
namespace {

constexpr size_t kBlock = 64 * 1024;

}  // namespace

Names::Names() : ids_(0, Hash{&texts_}, Equal{&texts_}) {}

NameId Names::Add(absl::string_view text) {
  const auto found = ids_.find(text);
  if (found != ids_.end()) return *found;
  const auto id = static_cast<NameId>(texts_.size());
  texts_.push_back(Keep(text));
  ids_.insert(id);
  return id;
}

NameId Names::Find(absl::string_view text) const {
  const auto found = ids_.find(text);
  return found != ids_.end() ? *found : kNoName;
}

absl::string_view Names::Keep(absl::string_view text) {
  if (text.empty()) return "";
  if (text.size() > room_) {
    room_ = text.size() > kBlock ? text.size() : kBlock;
    blocks_.emplace_back(new char[room_]);
    free_ = blocks_.back().get();
  }
  memcpy(free_, text.data(), text.size());
  const absl::string_view kept(free_, text.size());
  free_ += text.size();
  room_ -= text.size();
  return kept;
}

}  // namespace filemon::log
