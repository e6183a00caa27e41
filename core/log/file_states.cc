#include "core/log/file_states.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/paths.h"

namespace filemon::log {
namespace {

// The kernel follows 40 (path_resolution(7)).
constexpr int kMaxLinks = 40;

absl::string_view FolderOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return "";
  return path.substr(0, slash == 0 ? 1 : slash);
}

}  // namespace

void FileStates::On(const Event& event) {
  FileState& state = State(event.file);
  // An open for both is an R and then a W, and most of the time it makes the
  // file.
  if (event.action == Action::kWrite && event.process == last_reader_ &&
      event.file == last_read_) {
    state.input = false;
  }
  last_reader_ = nullptr;
  switch (event.action) {
    case Action::kRead:
      state.read = true;
      if (!state.input && !state.made) {
        last_reader_ = event.process;
        last_read_ = event.file;
      }
      return Read(event.file);
    case Action::kExecute:
      state.executed = true;
      return Read(event.file);
    case Action::kWrite:
      state.written = true;
      return Write(event.file);
    case Action::kDelete:
      state.deleted = true;
      return Delete(event.file);
    case Action::kRename:
      state.renamed_from = true;
      State(event.second).renamed_to = true;
      return Rename(event.file, event.second);
    case Action::kLink:
      State(event.second).linked = true;
      return Link(event);
    case Action::kEnter:
      state.entered = true;
      return;
    case Action::kProbe:
      state.probed = true;
      return;
    case Action::kAbsent:
      state.absent = true;
      return;
  }
}

void FileStates::Read(NameId id) {
  if (!links_.empty()) id = Followed(id);
  FileState& state = State(id);
  if (state.input || state.made) return;
  if (!renamed_.empty() && CameWithRename((*names_)[id])) return;
  state.input = true;
}

void FileStates::Write(NameId id) {
  if (!links_.empty()) id = Followed(id);
  Make(id);
}

void FileStates::Make(NameId id) {
  FileState& state = State(id);
  state.made = true;
  state.gone = false;
  if (state.output) return;
  state.output = true;
  outputs_.insert((*names_)[id]);
}

void FileStates::Delete(NameId id) {
  if (!links_.empty()) links_.erase(id);
  FileState& state = State(id);
  state.gone = true;
  if (!state.output) return;
  state.output = false;
  outputs_.erase((*names_)[id]);
}

std::vector<NameId> FileStates::TakeOutputs(absl::string_view name) {
  std::vector<NameId> taken;
  // What sorts between NAME and NAME/ begins with NAME too, and is no kin.
  const auto take = [&](absl::string_view from, absl::string_view prefix) {
    auto it = outputs_.lower_bound(from);
    while (it != outputs_.end() && absl::StartsWith(*it, prefix)) {
      const NameId id = names_->Find(*it);
      State(id).output = false;
      taken.push_back(id);
      it = outputs_.erase(it);
    }
  };
  const auto itself = outputs_.find(name);
  if (itself != outputs_.end()) {
    const NameId id = names_->Find(*itself);
    State(id).output = false;
    taken.push_back(id);
    outputs_.erase(itself);
  }
  const std::string inside = absl::StrCat(name, "/");
  take(inside, inside);
  return taken;
}

void FileStates::Rename(NameId from, NameId to) {
  const std::string old_name((*names_)[from]);
  const std::string new_name((*names_)[to]);
  const auto link = links_.find(from);
  if (link != links_.end()) {
    const NameId target = link->second;
    links_.erase(link);
    links_[to] = target;
  }
  // What was there under the new name is no more.
  for (const NameId id : TakeOutputs(new_name)) State(id).gone = true;
  for (const NameId id : TakeOutputs(old_name)) {
    const std::string moved =
        absl::StrCat(new_name, (*names_)[id].substr(old_name.size()));
    State(id).gone = true;
    Make(names_->Add(moved));
  }
  State(from).gone = true;
  Make(to);
  renamed_.insert(to);
}

void FileStates::Link(const Event& event) {
  const NameId link = event.second;
  Make(link);
  // The target of a hard link is relative to the process's directory, that of a
  // symbolic link to the link's; the log does not tell one from the other.
  const NameId from_link =
      names_->Add(CleanPath(JoinPath(FolderOf((*names_)[link]), event.text)));
  if (absl::StartsWith(event.text, "/") ||
      absl::StartsWith(event.text, "../") ||
      !absl::StrContains(event.text, '/') || State(from_link).touched()) {
    links_[link] = from_link;
  } else {
    links_[link] = event.file;
  }
}

bool FileStates::CameWithRename(absl::string_view name) const {
  for (absl::string_view folder = FolderOf(name);
       !folder.empty() && folder != "/"; folder = FolderOf(folder)) {
    const NameId id = names_->Find(folder);
    if (id != kNoName && renamed_.contains(id)) return true;
  }
  return false;
}

NameId FileStates::Followed(NameId id) {
  for (int i = 0; i < kMaxLinks; ++i) {
    const absl::string_view path = (*names_)[id];
    absl::string_view link = path;
    auto found = links_.end();
    for (; !link.empty() && link != "/"; link = FolderOf(link)) {
      const NameId part = names_->Find(link);
      if (part != kNoName) found = links_.find(part);
      if (found != links_.end()) break;
    }
    if (found == links_.end()) break;
    const std::string next = CleanPath(
        absl::StrCat((*names_)[found->second], path.substr(link.size())));
    id = names_->Add(next);
  }
  return id;
}

}  // namespace filemon::log
