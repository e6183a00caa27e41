#include "interpose/tree_walk.h"

#include <fcntl.h>
#include <ftw.h>

#include "interpose/report.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// The length of the directory part of the first `size` bytes of `path`.
size_t DirectorySize(const char* path, size_t size) {
  const char* slash = FindLast(path, size, '/');
  return slash != nullptr ? static_cast<size_t>(slash - path) : 0;
}

void GetDirectory(char* out, size_t size) {
  if (sys::Getcwd(out, size) < 0) out[0] = '\0';
}

}  // namespace

__thread TreeWalk* TreeWalk::g_current;

TreeWalk::TreeWalk(const char* root, FtwFunction ftw, NftwFunction nftw,
                   int flags)
    : root_size_(strlen(root)),
      ftw_(ftw),
      nftw_(nftw),
      changes_directory_((flags & FTW_CHDIR) != 0),
      outer_(g_current),
      opened_(static_cast<char*>(sys::MapMemory(2 * PATH_MAX))),
      entered_(opened_ != nullptr ? opened_ + PATH_MAX : nullptr) {
  while (root_size_ > 1 && root[root_size_ - 1] == '/') --root_size_;
  g_current = this;
  if (changes_directory_) ReportOpen(PathAt::Here("."), O_RDONLY);
}

TreeWalk::~TreeWalk() {
  g_current = outer_;
  if (opened_ != nullptr) sys::UnmapMemory(opened_, 2 * PATH_MAX);
  if (changes_directory_) ReportChdir(nullptr);
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
  walk->Saw(path, type, result);
  return result;
}

void TreeWalk::See(const char* path, int type) {
  if (opened_ == nullptr || !Tracing()) return;
  const size_t size = strlen(path);
  // Where the visited file lies; for the visit after its entries, a directory
  // itself.
  const size_t above = type == FTW_DP ? size : DirectorySize(path, size);
  if (changes_directory_ && above >= root_size_) Leave(path, above);
  for (size_t n = root_size_; n <= above; ++n) {
    if (n != above && path[n] != '/') continue;
    if (IsOpen(path, n)) continue;
    Open(path, n);
    if (changes_directory_) Enter(path, n);
  }
  if (changes_directory_) GetDirectory(entered_, PATH_MAX);
  if (type == FTW_D) Open(path, size);
}

void TreeWalk::Saw(const char* path, int type, int result) {
  if (opened_ != nullptr && changes_directory_ && type == FTW_D &&
      result == 0 && Tracing()) {
    Enter(path, strlen(path));
  }
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
  const char* const name =
      opened_ + (opened_[above] == '/' ? above + 1 : above);
  if (size == root_size_) {
    ReportOpen(PathAt::Here(name), O_RDONLY);
  } else {
    ReportOpenIn(entered_, name, O_RDONLY);
  }
}

void TreeWalk::Enter(const char* path, size_t size) {
  const size_t above = DirectorySize(path, size);
  if (entered_[0] == '\0') GetDirectory(entered_, PATH_MAX);
  TextBuilder text(entered_ + strlen(entered_), PATH_MAX - strlen(entered_));
  if (entered_[1] != '\0') text.Add("/");
  const size_t name = path[above] == '/' ? above + 1 : above;
  text.Add(path + name, size - name);
  entered_size_ = size;
  ReportEntered(entered_);
}

void TreeWalk::Leave(const char* path, size_t size) {
  while (entered_size_ > root_size_ &&
         !(entered_size_ <= size && IsOpen(path, entered_size_))) {
    entered_size_ = DirectorySize(opened_, entered_size_);
    opened_[entered_size_] = '\0';
    const size_t up = DirectorySize(entered_, strlen(entered_));
    entered_[up > 0 ? up : 1] = '\0';
    ReportEntered(entered_);
  }
}

}  // namespace filemon
