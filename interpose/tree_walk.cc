#include "interpose/tree_walk.h"

#include <fcntl.h>
#include <ftw.h>

#include "interpose/kernel_names.h"
#include "interpose/report.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/text.h"

extern "C" const char* gnu_get_libc_version() __attribute__((weak));

namespace filemon {
namespace {

// For where libc goes back to; what does not fit in is taken for the directory
// above by its name.
constexpr size_t kRoomAbove = 16 * PATH_MAX;
constexpr size_t kMemory = 3 * PATH_MAX + kRoomAbove;
constexpr size_t kNowhere = SIZE_MAX;

// The length of the directory part of the first `size` bytes of `path`.
size_t DirectorySize(const char* path, size_t size) {
  const char* slash = FindLast(path, size, '/');
  return slash != nullptr ? static_cast<size_t>(slash - path) : 0;
}

void GetDirectory(char* out) {
  if (!DirectoryOfDescriptor(AT_FDCWD, out, PATH_MAX)) out[0] = '\0';
}

void GoUp(char* path) {
  const size_t up = DirectorySize(path, strlen(path));
  if (path[0] != '\0') path[up > 0 ? up : 1] = '\0';
}

// Makes the path of `name` in the directory `path`, if that is known and it
// fits in. What leads up at the beginning is taken back: `path` is the
// kernel's.
void Append(const char* name, size_t size, char* path) {
  bool named = false;
  for (size_t at = 0; at < size && path[0] != '\0';) {
    size_t part = 0;
    while (at + part < size && name[at + part] != '/') ++part;
    const bool dot = part == 1 && name[at] == '.';
    const bool dots = part == 2 && name[at] == '.' && name[at + 1] == '.';
    if (dots && !named) {
      GoUp(path);
    } else if (part > 0 && !dot) {
      const size_t length = strlen(path);
      TextBuilder text(path + length, PATH_MAX - length);
      if (path[length - 1] != '/') text.Add("/");
      if (!text.Add(name + at, part).ok()) path[0] = '\0';
      named = true;
    }
    at += part + 1;
  }
}

}  // namespace

__thread TreeWalk* TreeWalk::g_current;

TreeWalk::TreeWalk(const char* root, FtwFunction ftw, NftwFunction nftw,
                   int flags)
    : root_(root),
      root_size_(strlen(root)),
      ftw_(ftw),
      nftw_(nftw),
      changes_directory_((flags & FTW_CHDIR) != 0 &&
                         &gnu_get_libc_version != nullptr),
      outer_(g_current),
      opened_(static_cast<char*>(sys::MapMemory(kMemory))),
      entered_(opened_ != nullptr ? opened_ + PATH_MAX : nullptr),
      directory_(opened_ != nullptr ? entered_ + PATH_MAX : nullptr),
      above_(opened_ != nullptr ? directory_ + PATH_MAX : nullptr) {
  while (root_size_ > 1 && root[root_size_ - 1] == '/') --root_size_;
  g_current = this;
  if (!changes_directory_) return;
  ReportOpen(PathAt::Here("."), O_RDONLY);
  if (entered_ != nullptr) GetDirectory(entered_);
}

int TreeWalk::Result(int result) {
  g_current = outer_;
  if (changes_directory_ && Tracing()) {
    if (opened_ != nullptr) {
      target_size_ = kNowhere;  // the kernel speaks of where it began
      if (!begun_) Begin();
      if (enters_ && result == 0) Enter(opened_, strlen(opened_));
      if (result == 0) Leave(opened_, root_size_);
    }
    ReportChdir(nullptr);
  }
  if (opened_ != nullptr) sys::UnmapMemory(opened_, kMemory);
  return result;
}

int TreeWalk::VisitFtw(const char* path, const void* status, int type) {
  TreeWalk* const walk = g_current;
  walk->See(path, type);
  return walk->ftw_(path, status, type);
}

int TreeWalk::VisitNftw(const char* path, const void* status, int type,
                        void* position) {
  TreeWalk* const walk = g_current;
  walk->See(path, type);
  const int result = walk->nftw_(path, status, type, position);
  walk->enters_ = walk->changes_directory_ && type == FTW_D && result == 0;
  return result;
}

void TreeWalk::See(const char* path, int type) {
  if (opened_ == nullptr || !Tracing()) return;
  const size_t size = strlen(path);
  // Where the visited file lies; for the visit after its entries, a directory
  // itself.
  const size_t above = type == FTW_DP ? size : DirectorySize(path, size);
  if (changes_directory_) {
    GetDirectory(directory_);
    target_size_ = size > root_size_ || type == FTW_DP ? above : 0;
    if (!begun_) Begin();
    if (enters_) Enter(opened_, strlen(opened_));
    if (above >= root_size_) Leave(path, above);
  }
  for (size_t n = root_size_; n <= above; ++n) {
    if (n != above && path[n] != '/') continue;
    if (IsOpen(path, n)) continue;
    Open(path, n);
    if (changes_directory_) Enter(path, n);
  }
  if (type == FTW_D) Open(path, size);
}

bool TreeWalk::IsOpen(const char* path, size_t size) const {
  for (size_t i = 0; i < size; ++i) {
    if (opened_[i] == '\0' || opened_[i] != path[i]) return false;
  }
  return opened_[size] == '\0' || opened_[size] == '/';
}

void TreeWalk::Open(const char* path, size_t size) {
  if (size >= PATH_MAX) return;
  memcpy(opened_, path, size);
  opened_[size] = '\0';
  if (!changes_directory_) {
    ReportOpen(PathAt::Here(opened_), O_RDONLY);
    return;
  }
  const size_t above = DirectorySize(opened_, size);
  const char* name = opened_ + (opened_[above] == '/' ? above + 1 : above);
  if (size == root_size_) {
    if (*name == '\0') name = ".";
    ReportOpen(PathAt::Told(name), O_RDONLY);
  } else {
    ReportOpenIn(entered_[0] != '\0' ? entered_ : wire::kNoDirectory, name,
                 O_RDONLY);
  }
}

void TreeWalk::Begin() {
  begun_ = true;
  const char* const slash = FindLast(root_, root_size_, '/');
  if (slash == nullptr) return;
  const size_t size = static_cast<size_t>(slash - root_);
  if (root_[0] == '/') TextBuilder(entered_, PATH_MAX).Add("/");
  Append(root_, size, entered_);
  // Without a visit there may have been no such directory.
  sys::Identity id;
  if (target_size_ == kNowhere &&
      (sys::Stat(AT_FDCWD, entered_, 0, &id) != 0 || !S_ISDIR(id.mode))) {
    return;
  }
  Arrive(0);
}

void TreeWalk::Enter(const char* path, size_t size) {
  const size_t length = strlen(entered_) + 1;
  if (above_size_ + length + sizeof(length) <= kRoomAbove) {
    memcpy(above_ + above_size_, entered_, length);
    memcpy(above_ + above_size_ + length, &length, sizeof(length));
    above_size_ += length + sizeof(length);
  } else {
    ++unknown_above_;
  }
  const size_t above = DirectorySize(path, size);
  const size_t name = path[above] == '/' ? above + 1 : above;
  // A root without a name of its own, such as "/", is where it lies.
  if (name < size) Append(path + name, size - name, entered_);
  entered_size_ = size;
  Arrive(size);
}

void TreeWalk::Leave(const char* path, size_t size) {
  while (entered_size_ > root_size_ &&
         !(entered_size_ <= size && IsOpen(path, entered_size_))) {
    entered_size_ = DirectorySize(opened_, entered_size_);
    opened_[entered_size_] = '\0';
    GoBack();
    Arrive(entered_size_);
  }
}

void TreeWalk::GoBack() {
  if (unknown_above_ > 0 || above_size_ == 0) {
    if (unknown_above_ > 0) --unknown_above_;
    GoUp(entered_);
    return;
  }
  size_t length;
  memcpy(&length, above_ + above_size_ - sizeof(length), sizeof(length));
  above_size_ -= length + sizeof(length);
  memcpy(entered_, above_ + above_size_, length);
}

void TreeWalk::Arrive(size_t size) {
  if (size == target_size_) memcpy(entered_, directory_, PATH_MAX);
  ReportEntered(entered_);
}

}  // namespace filemon
