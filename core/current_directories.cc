#include "core/current_directories.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace filemon {

struct CurrentDirectories::Node {
  Node(CurrentDirectories* of, absl::string_view path) : all(of), path(path) {
    all->Count(path, 1);
  }
  ~Node() {
    all->Count(path, -1);
    // Another may have its name by now.
    const auto it = all->nodes_.find(path);
    if (it != all->nodes_.end() && it->second.expired()) all->nodes_.erase(it);
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  CurrentDirectories* const all;
  std::string path;
};

absl::string_view CurrentDirectories::Place::path() const {
  return node_ != nullptr ? absl::string_view(node_->path)
                          : absl::string_view();
}

void CurrentDirectories::Enter(absl::string_view path, Place* place) {
  // Most images start where the one before was.
  if (place->path() == path) return;
  if (path.empty()) return place->node_.reset();
  std::shared_ptr<Node> node;
  const auto it = nodes_.find(path);
  if (it != nodes_.end()) node = it->second.lock();
  if (node == nullptr) {
    node = std::make_shared<Node>(this, path);
    nodes_[node->path] = node;
  }
  place->node_ = std::move(node);
}

void CurrentDirectories::Renamed(absl::string_view from, absl::string_view to) {
  PutBelow(from, to, TakeBelow(from));
}

void CurrentDirectories::Exchanged(absl::string_view one,
                                   absl::string_view other) {
  const auto first = TakeBelow(one);
  const auto second = TakeBelow(other);
  PutBelow(one, other, first);
  PutBelow(other, one, second);
}

void CurrentDirectories::Count(absl::string_view path, int difference) {
  for (absl::string_view component :
       absl::StrSplit(path, '/', absl::SkipEmpty())) {
    components_[Hash(component)] += difference;
  }
}

std::vector<std::shared_ptr<CurrentDirectories::Node>>
CurrentDirectories::TakeBelow(absl::string_view path) {
  std::vector<std::shared_ptr<Node>> nodes;
  for (auto it = nodes_.lower_bound(path); it != nodes_.end();) {
    const absl::string_view name = it->first;
    if (!absl::StartsWith(name, path)) break;
    const bool below = name.size() == path.size() || name[path.size()] == '/';
    std::shared_ptr<Node> node = below ? it->second.lock() : nullptr;
    if (node == nullptr) {
      ++it;
      continue;
    }
    nodes.push_back(std::move(node));
    it = nodes_.erase(it);
  }
  return nodes;
}

void CurrentDirectories::PutBelow(
    absl::string_view from, absl::string_view to,
    const std::vector<std::shared_ptr<Node>>& nodes) {
  for (const std::shared_ptr<Node>& node : nodes) {
    Count(node->path, -1);
    node->path = absl::StrCat(to, node->path.substr(from.size()));
    Count(node->path, 1);
    // An empty directory that was there is gone.
    nodes_[node->path] = node;
  }
}

}  // namespace filemon
