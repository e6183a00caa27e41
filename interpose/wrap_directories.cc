// Directories that libc opens: R records. The walkers (ftw, glob, fts) open
// them inside libc; each is seen by what it tells its caller.
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <glob.h>
#include <nl_types.h>
#include <sys/stat.h>

#include <type_traits>

#include "interpose/current_directory.h"
#include "interpose/descriptors.h"
#include "interpose/directory_names.h"
#include "interpose/entries.h"
#include "interpose/kernel_names.h"
#include "interpose/own_entry.h"
#include "interpose/path.h"
#include "interpose/path_buffer.h"
#include "interpose/pipe_place.h"
#include "interpose/readable.h"
#include "interpose/report.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/tree_walk.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

void ReportDirectory(PathAt path) { ReportOpen(path, O_RDONLY); }

}  // namespace

namespace {

Original<int (*)(DIR*)> original_dirfd;

// libc has opened the stream's descriptor, or is about to close it.
void ForgetStream(DIR* directory) {
  if (!MayHaveDirectoryNames()) return;
  ForgetDirectoryName(original_dirfd.Get("dirfd")(directory));
}

}  // namespace

FILEMON_WRAP(DIR*, opendir, (const char* path)) {
  DIR* const directory = Giving([&] { return FILEMON_NEXT(opendir)(path); });
  if (directory == nullptr || !Tracing()) return directory;
  ForgetStream(directory);
  ReportDirectory(PathAt::Here(path));
  return directory;
}

FILEMON_WRAP(int, closedir, (DIR * directory)) {
  if (directory != nullptr) ForgetStream(directory);
  return FILEMON_NEXT(closedir)(directory);
}

namespace {

// scandir()'s filter: the program's, if it has one, for all but the pipe's
// number in a list of descriptors (own_entry.h).
template <typename Entry>
class Selection {
 public:
  using Filter = int (*)(const Entry*);

  Selection(PathAt directory, Filter filter)
      : directory_(directory), filter_(filter), outer_(current_) {
    current_ = this;
  }
  ~Selection() { current_ = outer_; }
  Selection(const Selection&) = delete;
  Selection& operator=(const Selection&) = delete;

  static int Select(const Entry* entry) {
    const Selection* const self = current_;
    if (IsOwnEntry(self->directory_, entry->d_name)) return 0;
    return self->filter_ == nullptr || self->filter_(entry) != 0;
  }

 private:
  const PathAt directory_;
  const Filter filter_;
  Selection* const outer_;  // of the scandir() whose filter calls this one
  static __thread Selection* current_;
};

template <typename Entry>
__thread Selection<Entry>* Selection<Entry>::current_;

}  // namespace

// The entries and how to compare them are passed through, whatever their type.
#define FILEMON_WRAP_SCANDIR(name, type)                                       \
  FILEMON_WRAP(int, name,                                                      \
               (const char* path, void* entries, int (*filter)(const type*),   \
                void* compare)) {                                              \
    if (!Tracing()) return FILEMON_NEXT(name)(path, entries, filter, compare); \
    const Selection<type> selection(PathAt::Here(path), filter);               \
    const int count =                                                          \
        FILEMON_NEXT(name)(path, entries, Selection<type>::Select, compare);   \
    if (count >= 0) ReportDirectory(PathAt::Here(path));                       \
    return count;                                                              \
  }
FILEMON_WRAP_SCANDIR(scandir, struct dirent)
FILEMON_WRAP_SCANDIR(scandir64, struct dirent64)

#define FILEMON_WRAP_SCANDIRAT(name, type)                                  \
  FILEMON_WRAP(int, name,                                                   \
               (int dirfd, const char* path, void* entries,                 \
                int (*filter)(const type*), void* compare)) {               \
    if (!Tracing()) {                                                       \
      return FILEMON_NEXT(name)(dirfd, path, entries, filter, compare);     \
    }                                                                       \
    const Selection<type> selection({dirfd, path}, filter);                 \
    const int count = FILEMON_NEXT(name)(dirfd, path, entries,              \
                                         Selection<type>::Select, compare); \
    if (count >= 0) ReportDirectory({dirfd, path});                         \
    return count;                                                           \
  }
FILEMON_WRAP_SCANDIRAT(scandirat, struct dirent)
FILEMON_WRAP_SCANDIRAT(scandirat64, struct dirent64)

#define FILEMON_WRAP_FTW(name)                                             \
  FILEMON_WRAP(int, name,                                                  \
               (const char* root, TreeWalk::FtwFunction visit, int fds)) { \
    if (!Tracing()) return FILEMON_NEXT(name)(root, visit, fds);           \
    TreeWalk walk(root, visit, nullptr, 0);                                \
    return walk.Result(FILEMON_NEXT(name)(root, TreeWalk::VisitFtw, fds)); \
  }
FILEMON_WRAP_FTW(ftw)
FILEMON_WRAP_FTW(ftw64)
FILEMON_WRAP_FTW(__ftw64_time64)

#define FILEMON_WRAP_NFTW(name)                                               \
  FILEMON_WRAP(                                                               \
      int, name,                                                              \
      (const char* root, TreeWalk::NftwFunction visit, int fds, int flags)) { \
    if (!Tracing()) return FILEMON_NEXT(name)(root, visit, fds, flags);       \
    TreeWalk walk(root, nullptr, visit, flags);                               \
    return walk.Result(                                                       \
        FILEMON_NEXT(name)(root, TreeWalk::VisitNftw, fds, flags));           \
  }
FILEMON_WRAP_NFTW(nftw)
FILEMON_WRAP_NFTW(nftw64)
FILEMON_WRAP_NFTW(__nftw64_time64)

namespace {

// glob() takes the functions that read directories from its caller
// (GLOB_ALTDIRFUNC): we give it libc's own, and see each opendir().
class GlobFunctions {
 public:
  GlobFunctions(glob_t* result, int* flags) : result_(result) {
    if (!Tracing() || (*flags & GLOB_ALTDIRFUNC) != 0) return;
    // libc may find fault with the call before it looks at this.
    if (!IsReadable(result, sizeof(*result))) return;
    Functions ours;
    ours.close = Find<decltype(ours.close)>("closedir");
    ours.read = reinterpret_cast<decltype(ours.read)>(ReadEntry);
    ours.open = Open;
    ours.lstat = Find<decltype(ours.lstat)>("lstat64");
    ours.stat = Find<decltype(ours.stat)>("stat64");
    // Before 2.33 glibc has no stat() to hand out.
    if (ours.lstat == nullptr || ours.stat == nullptr) return;
    program_ = Get();
    Set(ours);
    *flags |= GLOB_ALTDIRFUNC;
    replaced_ = true;
  }
  ~GlobFunctions() {
    if (!replaced_) return;
    Set(program_);
    result_->gl_flags &= ~GLOB_ALTDIRFUNC;
  }
  GlobFunctions(const GlobFunctions&) = delete;
  GlobFunctions& operator=(const GlobFunctions&) = delete;

 private:
  struct Functions {
    decltype(glob_t::gl_closedir) close;
    decltype(glob_t::gl_readdir) read;
    decltype(glob_t::gl_opendir) open;
    decltype(glob_t::gl_lstat) lstat;
    decltype(glob_t::gl_stat) stat;
  };

  template <typename Function>
  static Function Find(const char* name) {
    return reinterpret_cast<Function>(NextFunction(name));
  }

  static void* Open(const char* path) {
    DIR* const directory = original_opendir.Get("opendir")(path);
    if (directory != nullptr) ReportDirectory(PathAt::Here(path));
    return directory;
  }

  Functions Get() const {
    return {result_->gl_closedir, result_->gl_readdir, result_->gl_opendir,
            result_->gl_lstat, result_->gl_stat};
  }
  void Set(const Functions& functions) {
    result_->gl_closedir = functions.close;
    result_->gl_readdir = functions.read;
    result_->gl_opendir = functions.open;
    result_->gl_lstat = functions.lstat;
    result_->gl_stat = functions.stat;
  }

  glob_t* result_;
  Functions program_ = {};
  bool replaced_ = false;
};

}  // namespace

// On 32-bit machines the entries of glob() and of __glob64_time64() are of
// other types than the functions that we hand out: those run unseen.
#if defined(__LP64__)
#define FILEMON_GLOB_FUNCTIONS(result, flags) \
  const GlobFunctions functions(result, &flags)
#else
#define FILEMON_GLOB_FUNCTIONS(result, flags)
#endif

#define FILEMON_WRAP_GLOB(name)                                       \
  FILEMON_WRAP(int, name,                                             \
               (const char* pattern, int flags,                       \
                int (*on_error)(const char*, int), glob_t* result)) { \
    FILEMON_GLOB_FUNCTIONS(result, flags);                            \
    return FILEMON_NEXT(name)(pattern, flags, on_error, result);      \
  }
FILEMON_WRAP_GLOB(glob)
FILEMON_WRAP_GLOB(glob64)
FILEMON_WRAP_GLOB(__glob64_time64)

namespace {

// The structures of the fts64 functions have another layout on 32-bit machines;
// those of __fts64_*_time64() differ in what they point to only.
template <typename Walk>
using EntryOf = std::remove_pointer_t<decltype(Walk::fts_cur)>;

// Whether the walk changes the current directory.
template <typename Walk>
bool ChangesDirectory(const Walk* walk) {
  return (walk->fts_options & FTS_NOCHDIR) == 0;
}

// A directory that libc has opened by a name in the directory that was current
// then, and may not be any more.
void ReportVisited(const char* name) {
  ReportOpen(PathAt::Told(name), O_RDONLY);
}

// The collector has to know where the walk is before it goes on: what it does
// is told afterwards.
void CheckBefore() {
  if (!WantsAbsoluteNames()) return;
  PathBuffer unused;
  CheckCurrentDirectory(&unused);
}

// One step of an fts(3) walk, by fts_read(). The step opens the directory that
// the last one returned (FTS_D), unless told to skip it. Without FTS_NOCHDIR it
// goes into it, and back by "..", or by a descriptor at the roots (glibc,
// io/fts.c).
template <typename Walk>
class FtsStep {
  using Entry = EntryOf<Walk>;

 public:
  explicit FtsStep(Walk* walk) {
    if (walk == nullptr || !Tracing()) return;
    tracing_ = true;
    changes_directory_ = ChangesDirectory(walk);
    last_ = walk->fts_cur;
    // Before the first step the current entry is a stand-in without names.
    if (last_ != nullptr && last_->fts_info == FTS_D) {
      // Where fts_children() has read the directory, it is opened to enter it.
      enters_ = last_->fts_instr != FTS_SKIP &&
                (walk->fts_child == nullptr || changes_directory_);
      // libc may reuse the entry's memory.
      path_.Fill([this](char* out, size_t size) {
        return TextBuilder(out, size).Add(last_->fts_accpath).ok();
      });
    }
    CheckBefore();
    if (changes_directory_) before_ = WorkingDirectory();
  }

  Entry* Result(Entry* entry) const {
    if (!tracing_) return entry;
    if (enters_ && !(entry == last_ && entry->fts_info == FTS_DNR)) {
      ReportVisited(path_.path());
    }
    if (!changes_directory_ || entry == nullptr) return entry;
    const bool is_root = entry->fts_level == FTS_ROOTLEVEL;
    const sys::Identity after = WorkingDirectory();
    const bool moved =
        after.device != before_.device || after.inode != before_.inode;
    if (moved && !is_root && entry->fts_info == FTS_DP) {
      ReportVisited("..");
    }
    if (moved || is_root) ReportChdir(nullptr);
    return entry;
  }

 private:
  static sys::Identity WorkingDirectory() {
    sys::Identity id = {};
    sys::Stat(AT_FDCWD, ".", 0, &id);
    return id;
  }

  const Entry* last_ = nullptr;
  bool enters_ = false;
  bool changes_directory_ = false;
  bool tracing_ = false;
  PathBuffer path_;
  sys::Identity before_ = {};
};

// fts_children(): reads the directory that was returned last, and comes back.
template <typename Walk>
class FtsChildren {
  using Entry = EntryOf<Walk>;

 public:
  FtsChildren(Walk* walk, int options)
      : last_(IsReadable(walk, sizeof(*walk)) ? walk->fts_cur : nullptr),
        options_(options) {
    tracing_ = last_ != nullptr && last_->fts_info == FTS_D && Tracing();
    if (!tracing_) return;
    changes_directory_ = ChangesDirectory(walk);
    CheckBefore();
  }

  Entry* Result(Entry* result) const {
    if (!tracing_) return result;
    const char* inside = last_->fts_accpath;
    const bool is_root = last_->fts_level == FTS_ROOTLEVEL;
    const bool returns = is_root && changes_directory_ && inside[0] != '/';
    if (returns) ReportVisited(".");
    ReportVisited(inside);
    // Names alone need no look at the files.
    if (changes_directory_ && (options_ & FTS_NAMEONLY) == 0) {
      PathBuffer cwd;
      PathBuffer path;
      const auto directory = [](char* out, size_t size) {
        return DirectoryOfDescriptor(AT_FDCWD, out, size);
      };
      const auto join = [&](char* out, size_t size) {
        bool sure;
        return JoinPath(cwd.path(), inside, out, size, &sure);
      };
      if (inside[0] != '/') {
        inside = cwd.Fill(directory) && path.Fill(join) ? path.path() : "";
      }
      ReportEntered(inside);
      if (!is_root) ReportVisited("..");
      ReportChdir(nullptr);
    }
    if (returns) ReportChdir(nullptr);
    return result;
  }

 private:
  const Entry* last_;
  int options_;
  bool tracing_ = false;
  bool changes_directory_ = false;
};

}  // namespace

#define FILEMON_WRAP_FTS_OPEN(name, Walk)                                  \
  FILEMON_WRAP(Walk*, name,                                                \
               (char* const* paths, int options, void* compare)) {         \
    Walk* const walk = FILEMON_NEXT(name)(paths, options, compare);        \
    if (walk != nullptr && walk->fts_rfd >= 0 && ChangesDirectory(walk) && \
        Tracing()) {                                                       \
      ReportDirectory(PathAt::Here("."));                                  \
    }                                                                      \
    return walk;                                                           \
  }
FILEMON_WRAP_FTS_OPEN(fts_open, FTS)
FILEMON_WRAP_FTS_OPEN(fts64_open, FTS64)
FILEMON_WRAP_FTS_OPEN(__fts64_open_time64, FTS64)

#define FILEMON_WRAP_FTS_READ(name, Walk)             \
  FILEMON_WRAP(EntryOf<Walk>*, name, (Walk * walk)) { \
    const FtsStep<Walk> step(walk);                   \
    return step.Result(FILEMON_NEXT(name)(walk));     \
  }
FILEMON_WRAP_FTS_READ(fts_read, FTS)
FILEMON_WRAP_FTS_READ(fts64_read, FTS64)
FILEMON_WRAP_FTS_READ(__fts64_read_time64, FTS64)

#define FILEMON_WRAP_FTS_CHILDREN(name, Walk)                      \
  FILEMON_WRAP(EntryOf<Walk>*, name, (Walk * walk, int options)) { \
    const FtsChildren<Walk> children(walk, options);               \
    return children.Result(FILEMON_NEXT(name)(walk, options));     \
  }
FILEMON_WRAP_FTS_CHILDREN(fts_children, FTS)
FILEMON_WRAP_FTS_CHILDREN(fts64_children, FTS64)
FILEMON_WRAP_FTS_CHILDREN(__fts64_children_time64, FTS64)

#define FILEMON_WRAP_FTS_CLOSE(name, Walk)                          \
  FILEMON_WRAP(int, name, (Walk * walk)) {                          \
    const bool returns = walk != nullptr && ChangesDirectory(walk); \
    const int result = FILEMON_NEXT(name)(walk);                    \
    if (returns && result == 0 && Tracing()) ReportChdir(nullptr);  \
    return result;                                                  \
  }
FILEMON_WRAP_FTS_CLOSE(fts_close, FTS)
FILEMON_WRAP_FTS_CLOSE(fts64_close, FTS64)
FILEMON_WRAP_FTS_CLOSE(__fts64_close_time64, FTS64)

// A message catalogue named by its path; one sought along NLSPATH is libc's own
// affair.
FILEMON_WRAP(nl_catd, catopen, (const char* name, int flags)) {
  const nl_catd catalogue = FILEMON_NEXT(catopen)(name, flags);
  if (catalogue != reinterpret_cast<nl_catd>(-1) && HasSlash(name) &&
      Tracing()) {
    ReportOpen(PathAt::Here(name), O_RDONLY);
  }
  return catalogue;
}

}  // namespace filemon
