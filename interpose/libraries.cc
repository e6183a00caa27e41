#include "interpose/libraries.h"

#include <elf.h>
#include <link.h>

#include <initializer_list>

#include "interpose/auxiliary.h"
#include "interpose/environment.h"
#include "interpose/layout.h"
#include "interpose/library_search.h"
#include "interpose/linker_start.h"
#include "interpose/loaded_object.h"
#include "interpose/object_list.h"
#include "interpose/object_table.h"
#include "interpose/path_buffer.h"
#include "interpose/preload.h"
#include "interpose/process.h"
#include "interpose/rebind.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

extern "C" const char* gnu_get_libc_version() noexcept __attribute__((weak));

namespace filemon {
namespace {

constexpr char kCache[] = "/etc/ld.so.cache";
constexpr char kPreloadFile[] = "/etc/ld.so.preload";
constexpr char kSelf[] = "/proc/self/exe";

Original<int (*)(int (*)(struct dl_phdr_info*, size_t, void*), void*)>
    original_dl_iterate_phdr;

// The last of the objects that were there when this process joined its session,
// or rather the first one that is never unloaded: what comes behind it is in
// the table, or new.
const link_map* g_base;
FILEMON_COLD ObjectTable g_objects;

// Somebody goes through the list and the table.
int g_looking;
// This thread's Loads.
__thread int t_loads;

// LD_LIBRARY_PATH when the image was started, if g_started says that it is
// known.
const char* g_library_path;
bool g_started;

// What the dynamic section of an object says of where to look for libraries.
struct Paths {
  const char* rpath = nullptr;
  const char* runpath = nullptr;
};

const char* StringsOf(const link_map* object) {
  for (const ElfW(Dyn)* d = object->l_ld; d->d_tag != DT_NULL; ++d) {
    if (d->d_tag == DT_STRTAB) return DynamicPointer<char>(object->l_addr, *d);
  }
  return nullptr;
}

Paths PathsOf(const link_map* object) {
  Paths paths;
  size_t rpath = 0;
  size_t runpath = 0;
  for (const ElfW(Dyn)* d = object->l_ld; d->d_tag != DT_NULL; ++d) {
    if (d->d_tag == DT_RPATH) rpath = d->d_un.d_val;
    if (d->d_tag == DT_RUNPATH) runpath = d->d_un.d_val;
  }
  if (rpath == 0 && runpath == 0) return paths;
  const char* const strings = StringsOf(object);
  if (strings == nullptr) return paths;
  // The newer of the two replaces the other (elf/get-dynamic-info.h).
  if (runpath != 0) {
    paths.runpath = strings + runpath;
  } else {
    paths.rpath = strings + rpath;
  }
  return paths;
}

bool IsVirtual(const link_map* object) {
  return StartsWith(object->l_name, "linux-vdso.so") ||
         StartsWith(object->l_name, "linux-gate.so");
}

bool IsOurs(const link_map* object) {
  return object->l_ld == _DYNAMIC ||
         Equal(FileOf(object->l_name), "libfilemon.so");
}

// True for a module of iconv(3): libc loads these by the path that its own
// table of them gives.
bool IsCharacterSet(const char* library) {
  for (; *library != '\0'; ++library) {
    if (*library == '/' && StartsWith(library, "/gconv/")) return true;
  }
  return false;
}

// The next entry of LD_PRELOAD or LD_AUDIT at `*list`, and its size; null at
// the end.
const char* TakeEntry(const char** list, size_t* size) {
  const char* p = *list;
  while (*p == ':' || *p == ' ') ++p;
  size_t n = 0;
  while (p[n] != '\0' && p[n] != ':' && p[n] != ' ') ++n;
  *list = p + n;
  *size = n;
  return n > 0 ? p : nullptr;
}

// Whether the entry of `size` bytes at `entry` has brought the object `name`: a
// path as it is, what is sought, or has a token, by its file's name.
bool Brings(const char* entry, size_t size, const char* name) {
  if (strlen(name) == size && EqualBytes(entry, name, size)) return true;
  const char* const slash = FindLast(entry, size, '/');
  if (slash != nullptr && FindLast(entry, size, '$') == nullptr) return false;
  const char* const file = slash != nullptr ? slash + 1 : entry;
  const char* const other = FileOf(name);
  const size_t file_size = static_cast<size_t>(entry + size - file);
  return strlen(other) == file_size && EqualBytes(file, other, file_size);
}

// The path of an object's file, as the dynamic linker makes it for $ORIGIN
// (elf/dl-object.c); an empty name is the program's.
bool AbsolutePath(const char* name, char* out, size_t size) {
  if (name[0] == '\0') {
    const long n = sys::Readlinkat(AT_FDCWD, kSelf, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    return static_cast<size_t>(n) < size - 1;
  }
  TextBuilder text(out, size);
  if (name[0] != '/') {
    const long n = sys::Getcwd(out, size);
    if (n <= 0 || out[0] != '/') return false;
    text.Skip(static_cast<size_t>(n - 1));
    if (n > 2) text.Add("/");
  }
  return text.Add(name).ok();
}

bool HasEntryFor(const char* list, const char* name) {
  if (list == nullptr) return false;
  size_t size;
  while (const char* const entry = TakeEntry(&list, &size)) {
    if (Brings(entry, size, name)) return true;
  }
  return false;
}

// A record of each file that the dynamic linker opened in one go, in the order
// of its opens.
class LibraryReport {
 public:
  // `process` has no pid if it is to be asked for when there is something to
  // report. `first` is the first object of the list.
  LibraryReport(Batch* batch, ProcessId process, const link_map* first)
      : batch_(batch), process_(process), first_(first) {
    char* const* const environment = Environment();
    if (g_started) {
      // The program may have changed the variable, which has no effect.
      start_.library_path = g_library_path;
    } else if (environment != nullptr) {
      ReadLinkerVariables(environment, &start_);
      if (g_preload.is_only_one) start_.preload = nullptr;
    }
    if (IsRunByLinker()) ReadLinkerOptions(&start_);
  }

  const LinkerStart& start() const { return start_; }

  void Add(const char* path, int32_t access = wire::kReads) {
    if (process_.pid == 0) process_ = CurrentProcess();
    OutgoingRecord record = {wire::Kind::kOpen, process_};
    record.a = access;
    record.name[0] = "";
    record.name[1] = path;
    batch_->Add(record);
  }

  void AddCache() {
    if (cache_added_) return;
    cache_added_ = true;
    if (&gnu_get_libc_version == nullptr || start_.without_cache) return;
    if (sys::Exists(kCache)) Add(kCache);
  }

  // `asked_by` asked for it by name (null: an object needs it, or a preload).
  void AddObject(const link_map* object, const link_map* asked_by) {
    const char* const name = object->l_name;
    if (IsCharacterSet(name)) return Add(name);
    if (cache_added_ && !HasLists()) return Add(name);
    const link_map* loader = asked_by;
    if (loader == nullptr) {
      loader = LoaderOf(object);
      if (by_path_) return Add(name);
    }
    if (!Search(loader, FileOf(name), name)) AddCache();
    Add(name);
  }

  // dlopen() has found nothing that it could use: what it has tried.
  FILEMON_RARE void AddFailed(const char* name, const link_map* asked_by) {
    if (HasSlash(name)) return AddTried(name);
    Search(asked_by, name, nullptr);
    AddCache();
    AddFromStandardFolders(name);
  }

  // What was opened, if it is there, and found to be of no use.
  void AddTried(const char* path) {
    if (sys::Readable(path)) Add(path);
  }

 private:
  // Whether anything is sought anywhere but in the cache and the standard
  // folders.
  bool HasLists() {
    if (lists_ != kUnknown) return lists_ == kSome;
    lists_ = start_.library_path != nullptr && *start_.library_path != '\0'
                 ? kSome
                 : kNone;
    for (const link_map* map = first_; map != nullptr && lists_ == kNone;
         map = map->l_next) {
      // Neither needs anything; a kernel's build may have left a path behind.
      if (map->l_ld == _DYNAMIC || IsVirtual(map)) continue;
      const Paths paths = PathsOf(map);
      if (paths.rpath != nullptr || paths.runpath != nullptr) lists_ = kSome;
    }
    return lists_ == kSome;
  }

  // The object that was loaded for the sake of which `object` was; the program
  // for a preload. Sets by_path_ if it was named by a path, and not sought.
  const link_map* LoaderOf(const link_map* object) {
    const char* const file = FileOf(object->l_name);
    by_path_ = false;
    for (const link_map* map = first_; map != nullptr && map != object;
         map = map->l_next) {
      const char* const strings = StringsOf(map);
      if (strings == nullptr) continue;
      for (const ElfW(Dyn)* d = map->l_ld; d->d_tag != DT_NULL; ++d) {
        if (d->d_tag != DT_NEEDED) continue;
        const char* const needed = strings + d->d_un.d_val;
        const bool path = HasSlash(needed);
        if (!Equal(path ? FileOf(needed) : needed, file)) continue;
        by_path_ = path;
        return map;
      }
    }
    by_path_ = (HasEntryFor(start_.preload, object->l_name) ||
                HasEntryFor(start_.preload_option, object->l_name)) &&
               !HasEntryFor(start_.preload, file) &&
               !HasEntryFor(start_.preload_option, file);
    return first_;
  }

  // Goes the way of the dynamic linker (elf/dl-load.c, _dl_map_object()), which
  // opens what it finds on the way to `library`, null if it found nothing. True
  // if it has found it, and has not asked its cache.
  bool Search(const link_map* loader, const char* name, const char* library) {
    if (&gnu_get_libc_version == nullptr) return true;  // musl has no cache
    return HasLists() && SearchLists(loader, name, library);
  }

  FILEMON_RARE bool SearchLists(const link_map* loader, const char* name,
                                const char* library) {
    if (loader == nullptr) loader = first_;
    const Paths own = PathsOf(loader);
    if (own.runpath == nullptr) {
      const link_map* map = loader;
      for (int depth = 0; depth < kDeepest; ++depth) {
        if (SearchIn(map, PathsOf(map).rpath, name, library)) return true;
        if (map == first_) break;
        map = LoaderOf(map);
      }
    }
    return SearchIn(first_, start_.library_path, name, library) ||
           SearchIn(loader, own.runpath, name, library);
  }

  // Most searches have no list, and need none of its stack.
  FILEMON_RARE bool SearchIn(const link_map* owner, const char* list,
                             const char* name, const char* library) {
    if (list == nullptr || *list == '\0') return false;
    PathBuffer origin;
    size_t origin_size = 0;
    // To ask /proc costs 18 us, where the dynamic linker has not done it.
    if (FindLast(list, strlen(list), '$') != nullptr) {
      origin.Fill([owner](char* out, size_t size) {
        return AbsolutePath(owner->l_name, out, size);
      });
      const char* const path = origin.path();
      const char* const slash = FindLast(path, strlen(path), '/');
      if (slash != nullptr) origin_size = static_cast<size_t>(slash - path);
    }
    const Tokens tokens = {origin.path(), origin_size, OwnLibFolder()};
    return SearchAlong(list, tokens, name, library,
                       [this](const char* tried) { AddTried(tried); });
  }

  // Where the dynamic linker looks in the end; what is found there and cannot
  // be used is the last that it opens, most often a linker script.
  FILEMON_RARE void AddFromStandardFolders(const char* name) {
    const char* const lib = OwnLibFolder();
    for (const char* const root : {"/", "/usr/"}) {
      for (const char* const folder : {lib, "lib"}) {
        if (folder == nullptr) continue;
        PathBuffer path;
        path.Fill([&](char* out, size_t size) {
          return TextBuilder(out, size)
              .Add(root)
              .Add(folder)
              .Add("/")
              .Add(name)
              .ok();
        });
        if (!sys::Readable(path.path())) continue;
        return Add(path.path());
      }
    }
  }

  static constexpr int kDeepest = 16;

  Batch* batch_;
  ProcessId process_;
  const link_map* first_;
  LinkerStart start_;
  enum { kUnknown, kNone, kSome } lists_ = kUnknown;
  bool cache_added_ = false;
  bool by_path_ = false;
};

// Whether the object is of no file that was opened to load it.
bool IsOfNoFile(const link_map* object) {
  // The program's name is empty, and the kernel has mapped the dynamic linker.
  return object->l_name[0] == '\0' || IsVirtual(object) ||
         object->l_addr == LinkerAddress();
}

void AddObject(LibraryReport* report, const link_map* object,
               const link_map* handle, const char* asked_for,
               const link_map* caller) {
  if (IsOfNoFile(object) || IsOurs(object)) return;
  if (object != handle) {
    report->AddObject(object, nullptr);
  } else if (HasSlash(asked_for)) {
    report->Add(object->l_name);  // such a dlopen() searches nothing
  } else {
    report->AddObject(object, caller);
  }
}

// Waits for a turn at the list, for as long as a look may take; false if there
// is none, as in a signal handler that has interrupted a look.
bool TakeTurn() {
  constexpr int kPatience = 1000;
  for (int i = 0; i < kPatience; ++i) {
    if (__atomic_exchange_n(&g_looking, 1, __ATOMIC_SEQ_CST) == 0) return true;
    sys::Call(SYS_sched_yield);
  }
  return false;
}

void EndTurn() { __atomic_store_n(&g_looking, 0, __ATOMIC_SEQ_CST); }

// Calls visit() for each new object. The caller has its turn.
template <typename Visit>
void VisitNewObjects(Visit visit) {
  if (g_base != nullptr) g_objects.Update(g_base->l_next, visit);
}

template <typename Visit>
FILEMON_RARE int VisitLocked(struct dl_phdr_info*, size_t, void* data) {
  if (!TakeTurn()) return 1;
  VisitNewObjects(*static_cast<Visit*>(data));
  EndTurn();
  return 1;
}

enum class Stays {
  kAsItIs,        // this thread holds the lock under which the list changes
  kWhileNoLoads,  // as long as no other thread loads or unloads
};

// The same, safe from other threads that unload. False if that cannot be.
template <typename Visit>
bool LookForNewObjects(Stays stays, Visit visit) {
  if (!TakeTurn()) return false;
  const bool safe =
      stays == Stays::kAsItIs ||
      __atomic_load_n(&g_libraries_pending, __ATOMIC_SEQ_CST) <= t_loads;
  if (safe) VisitNewObjects(visit);
  EndTurn();
  return safe;
}

// Most images have nothing of the following, and need none of its stack.

// A file that the dynamic linker is told to write to: "W NAME.PID".
FILEMON_RARE void AddDebugOutput(LibraryReport* report, pid_t pid) {
  const LinkerStart& start = report->start();
  if (start.debug == nullptr || start.debug[0] == '\0' ||
      start.debug_output[0] == '\0') {
    return;
  }
  PathBuffer path;
  const bool whole = path.Fill([&](char* out, size_t size) {
    return TextBuilder(out, size)
        .Add(start.debug_output)
        .Add(".")
        .AddDecimal(static_cast<uint64_t>(pid))
        .ok();
  });
  if (whole && sys::Exists(path.path())) {
    report->Add(path.path(), wire::kWrites);
  }
}

// "R FOLDER/LIBRARY.profile", and W. `first` is the first object.
FILEMON_RARE void AddProfile(LibraryReport* report, const link_map* first) {
  const LinkerStart& start = report->start();
  bool loaded = false;
  for (const link_map* map = first; map != nullptr; map = map->l_next) {
    loaded = loaded || Equal(map->l_name, start.profile) ||
             Equal(FileOf(map->l_name), start.profile);
  }
  if (!loaded) return;
  const char* const folder = start.profile_output;
  PathBuffer path;
  const bool whole = path.Fill([&](char* out, size_t size) {
    return TextBuilder(out, size)
        .Add(folder != nullptr && *folder != '\0' ? folder : "/var/tmp")
        .Add("/")
        .Add(start.profile)
        .Add(".profile")
        .ok();
  });
  if (whole && sys::Exists(path.path())) {
    report->Add(path.path(), wire::kReads | wire::kWrites);
  }
}

// A namespace of its own is not in the program's list. `handle` is what was
// asked for by `name`. The namespace's dynamic linker is the one that runs
// already; it is opened all the same, to be recognised, where the namespace's
// libc was found.
FILEMON_RARE void AddNamespace(Batch* batch, ProcessId process,
                               const link_map* first, const link_map* handle,
                               const char* name) {
  LibraryReport report(batch, process, first);
  const char* last = "";
  for (const link_map* map = first; map != nullptr; map = map->l_next) {
    if (map->l_addr != LinkerAddress()) {
      if (HasSlash(map->l_name)) last = map->l_name;
      AddObject(&report, map, handle, name, nullptr);
      continue;
    }
    const char* slash = FindLast(last, strlen(last), '/');
    PathBuffer path;
    path.Fill([&](char* out, size_t size) {
      TextBuilder text(out, size);
      text.Add(last, slash != nullptr ? static_cast<size_t>(slash - last) : 0);
      return text.Add("/").Add(FileOf(map->l_name)).ok();
    });
    if (!sys::Exists(path.path())) continue;
    report.AddCache();
    report.Add(path.path());
  }
}

// The libraries of LD_AUDIT, each in a namespace with all that it needs.
FILEMON_RARE void AddAuditors(Batch* batch, ProcessId process,
                              LibraryReport* report) {
  const LinkerStart& start = report->start();
  for (const char* list : {start.audit_option, start.audit}) {
    if (list == nullptr) continue;
    size_t size;
    while (const char* const entry = TakeEntry(&list, &size)) {
      bool found = false;
      VisitOtherNamespaces([&](const link_map* first) {
        if (found || !Brings(entry, size, first->l_name)) return;
        found = true;
        AddNamespace(batch, process, first, first, first->l_name);
      });
      if (found) continue;
      // It was of no use.
      PathBuffer path;
      path.Fill([&](char* out, size_t room) {
        return TextBuilder(out, room).Add(entry, size).ok();
      });
      if (HasSlash(path.path())) report->AddTried(path.path());
    }
  }
}

// Preloads that could not be used: they are not in the list.
FILEMON_RARE void AddUselessPreloads(LibraryReport* report, const char* list,
                                     const link_map* first) {
  size_t size;
  while (const char* const entry = TakeEntry(&list, &size)) {
    size_t ours;
    if (FindOurPreload(entry, &ours) == entry && ours == size) continue;
    bool loaded = false;
    for (const link_map* map = first; map != nullptr; map = map->l_next) {
      loaded = loaded || Brings(entry, size, map->l_name);
    }
    if (loaded || FindLast(entry, size, '/') == nullptr) continue;
    PathBuffer path;
    path.Fill([&](char* out, size_t room) {
      return TextBuilder(out, room).Add(entry, size).ok();
    });
    report->AddTried(path.path());
  }
}

}  // namespace

void AddFirstLibraries(Batch* batch, ProcessId process) {
  const link_map* const first = FirstObject();
  if (first == nullptr) return;
  LibraryReport report(batch, process, first);
  const LinkerStart& start = report.start();
  g_library_path = start.library_path;
  g_started = true;
  if (start.debug_output != nullptr) AddDebugOutput(&report, process.pid);
  if (IsRunByLinker()) {
    // The dynamic linker makes it the program's name (elf/rtld.c).
    report.Add(reinterpret_cast<const char*>(Auxiliary(AT_EXECFN)));
  }
  if (start.audit != nullptr || start.audit_option != nullptr) {
    AddAuditors(batch, process, &report);
  }
  for (const char* list : {start.preload, start.preload_option}) {
    if (list != nullptr) AddUselessPreloads(&report, list, first);
  }
  bool preloads = true;
  for (const link_map* map = first; map != nullptr; map = map->l_next) {
    g_base = map;
    // musl has a name for the program.
    if (map == first || IsOfNoFile(map)) continue;
    // What /etc/ld.so.preload names comes behind all other preloads.
    if (preloads && map->l_ld != _DYNAMIC &&
        !HasEntryFor(start.preload, map->l_name) &&
        !HasEntryFor(start.preload_option, map->l_name)) {
      preloads = false;
      if (&gnu_get_libc_version != nullptr) report.AddTried(kPreloadFile);
    }
    if (map->l_ld == _DYNAMIC) {
      // Nor are we an input.
      g_preload.library = map->l_name;
    } else {
      report.AddObject(map, nullptr);
    }
  }
  if (start.profile != nullptr) AddProfile(&report, first);
}

FILEMON_RARE void ReportNamespace(void* handle, const char* name) {
  const auto* const asked = static_cast<const link_map*>(handle);  // dlinfo(3)
  const link_map* first = asked;
  while (first->l_prev != nullptr) first = first->l_prev;
  Batch batch;
  AddNamespace(&batch, CurrentProcess(), first, asked, name);
  batch.Flush();
}

FILEMON_RARE void ReportUnseen(const char* library, int32_t reason) {
  OutgoingRecord record = {wire::Kind::kUnseen, CurrentProcess()};
  record.a = reason;
  record.name[0] = library;
  Emit(record);
}

// dl_iterate_phdr() callback: `data` is the address of a library, and null from
// there on. What it has brought along comes after it.
FILEMON_RARE static int BindFromHere(struct dl_phdr_info* object, size_t,
                                     void* data) {
  auto* const first = static_cast<uintptr_t*>(data);
  if (object->dlpi_addr == *first) *first = 0;
  if (*first == 0 && !IsOurObject(*object) && !Rebind(*object)) {
    ReportUnseen(object->dlpi_name, wire::kBoundToLibc);
  }
  return 0;
}

FILEMON_RARE void BindLibraries(void* handle) {
  // dlinfo(3). Another thread may have seen the library before it was bound.
  uintptr_t first = static_cast<const link_map*>(handle)->l_addr;
  original_dl_iterate_phdr.Get("dl_iterate_phdr")(BindFromHere, &first);
}

FILEMON_RARE void SkipPresentLibraries() {
  g_base = FirstObject();
  if (TakeTurn()) {
    VisitNewObjects([](const link_map*) {});
    EndTurn();
  }
}

bool IsOurObject(const dl_phdr_info& object) {
  return DynamicOf(object) == _DYNAMIC;
}

int g_libraries_pending;

Load::Load() {
  __atomic_fetch_add(&g_libraries_pending, 1, __ATOMIC_SEQ_CST);
  ++t_loads;
  // Whoever goes through the list has not seen that it may change now.
  if (TakeTurn()) EndTurn();
}

Load::~Load() {
  --t_loads;
  // A fork in a constructor may have forgotten it.
  if (__atomic_load_n(&g_libraries_pending, __ATOMIC_RELAXED) > 0) {
    __atomic_fetch_sub(&g_libraries_pending, 1, __ATOMIC_SEQ_CST);
  }
}

FILEMON_RARE void Load::Loaded(void* handle, const char* name,
                               const link_map* caller) {
  Batch batch;
  LibraryReport report(&batch, {}, FirstObject());
  if (handle == nullptr) report.AddFailed(name, caller);
  const auto* const asked = static_cast<const link_map*>(handle);
  auto visit = [&](const link_map* object) {
    AddObject(&report, object, asked, name, caller);
  };
  if (!LookForNewObjects(Stays::kWhileNoLoads, visit)) {
    original_dl_iterate_phdr.Get("dl_iterate_phdr")(
        VisitLocked<decltype(visit)>, &visit);
  }
  batch.Flush();
}

FILEMON_RARE void Load::Unloaded() {
  Batch batch;
  LibraryReport report(&batch, {}, FirstObject());
  auto add = [&](const link_map* object) {
    AddObject(&report, object, nullptr, "", nullptr);
  };
  if (!LookForNewObjects(Stays::kWhileNoLoads, add)) {
    original_dl_iterate_phdr.Get("dl_iterate_phdr")(VisitLocked<decltype(add)>,
                                                    &add);
  }
  batch.Flush();
}

FILEMON_RARE static void ReportNew(Stays stays) {
  Batch batch;
  LibraryReport report(&batch, {}, FirstObject());
  LookForNewObjects(stays, [&](const link_map* object) {
    AddObject(&report, object, nullptr, "", nullptr);
  });
  batch.Flush();
}

void ReportNewLibraries() {
  if (t_loads > 0) ReportNew(Stays::kAsItIs);
}

void ReportLateLibraries() {
  // Nothing is behind the last that is known, in most processes.
  if (g_base != nullptr && g_base->l_next != nullptr) {
    ReportNew(Stays::kWhileNoLoads);
  }
}

void ForgetPendingLibraries() {
  __atomic_store_n(&g_libraries_pending, t_loads, __ATOMIC_RELAXED);
  EndTurn();
}

}  // namespace filemon
