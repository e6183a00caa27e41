#include "interpose/libraries.h"

#include <elf.h>
#include <link.h>

#include "interpose/auxiliary.h"
#include "interpose/environment.h"
#include "interpose/loaded_object.h"
#include "interpose/path_buffer.h"
#include "interpose/preload.h"
#include "interpose/rebind.h"
#include "interpose/search_path.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

extern "C" const char* gnu_get_libc_version() noexcept __attribute__((weak));

namespace filemon {
namespace {

constexpr char kCache[] = "/etc/ld.so.cache";
constexpr char kSelf[] = "/proc/self/exe";

Original<int (*)(int (*)(struct dl_phdr_info*, size_t, void*), void*)>
    original_dl_iterate_phdr;

// How many objects the dynamic linker had ever added when we last reported.
unsigned long long g_reported_adds;

// The object's DT_RUNPATH or DT_RPATH, or null.
const char* RunpathOf(const dl_phdr_info& object) {
  const ElfW(Dyn)* dynamic = DynamicOf(object);
  if (dynamic == nullptr) return nullptr;
  const char* strings = nullptr;
  size_t runpath = 0;
  for (const ElfW(Dyn)* d = dynamic; d->d_tag != DT_NULL; ++d) {
    if (d->d_tag == DT_STRTAB) {
      strings = DynamicPointer<char>(object.dlpi_addr, *d);
    } else if (d->d_tag == DT_RPATH || d->d_tag == DT_RUNPATH) {
      runpath = d->d_un.d_val;
    }
  }
  return strings != nullptr && runpath != 0 ? strings + runpath : nullptr;
}

// True if `list`, a search path of the object `name` (empty: the program),
// leads to `library`.
bool PathOfObjectHolds(const char* list, const char* name,
                       const char* library) {
  PathBuffer self;
  const auto read = [](char* out, size_t size) {
    const long n = sys::Readlinkat(AT_FDCWD, kSelf, out, size - 1);
    if (n < 0 || static_cast<size_t>(n) == size - 1) return false;
    out[n] = '\0';
    return true;
  };
  // Only for $ORIGIN: to ask /proc costs 18 us, where the dynamic linker has
  // not asked it already.
  if (name[0] == '\0' && FindLast(list, strlen(list), '$') != nullptr &&
      self.Fill(read)) {
    name = self.path();
  }
  const size_t size = strlen(name);
  const char* slash = FindLast(name, size, '/');
  return SearchPathHolds(
      list, name, slash != nullptr ? static_cast<size_t>(slash - name) : 0,
      library);
}

// dl_iterate_phdr() callback: 1 if the object's search path leads to the
// library in `data`.
int RunpathHolds(struct dl_phdr_info* object, size_t, void* data) {
  const char* const runpath = RunpathOf(*object);
  return runpath != nullptr &&
         PathOfObjectHolds(runpath, object->dlpi_name,
                           static_cast<const char*>(data));
}

// dl_iterate_phdr() callback: 2 if the object holds the address in `data` and
// has a search path of its own, 1 if it has none.
int HolderHasRunpath(struct dl_phdr_info* object, size_t, void* data) {
  if (!Holds(*object, data)) return 0;
  return RunpathOf(*object) != nullptr ? 2 : 1;
}

// True for a module of iconv(3): libc loads these by the path that its own
// table of them gives.
bool IsCharacterSet(const char* library) {
  for (; *library != '\0'; ++library) {
    if (*library == '/' && StartsWith(library, "/gconv/")) return true;
  }
  return false;
}

// True if the dynamic linker finds `library` without its cache. A path tells:
// what comes out of the cache has the spelling that ldconfig gave it.
bool FoundWithoutCache(const char* library) {
  // An empty element of a search path is the current directory, and names what
  // it holds without a slash.
  if (!HasSlash(library) || IsCharacterSet(library)) return true;
  char* const* environment = Environment();
  if (environment != nullptr) {
    if (const char* list = FindVariable(environment, "LD_LIBRARY_PATH")) {
      if (PathOfObjectHolds(list, "", library)) return true;
    }
    if (const char* preload = FindVariable(environment, "LD_PRELOAD")) {
      const size_t size = strlen(library);
      for (const char* p = preload; *p != '\0'; ++p) {
        const bool begins = p == preload || p[-1] == ':' || p[-1] == ' ';
        if (begins && EqualBytes(p, library, size) &&
            (p[size] == '\0' || p[size] == ':' || p[size] == ' ')) {
          return true;
        }
      }
    }
  }
  return original_dl_iterate_phdr.Get("dl_iterate_phdr")(
             RunpathHolds, const_cast<char*>(library)) != 0;
}

// The R records of libraries, in the order of their opens.
class LibraryReport {
 public:
  // `pid` is 0 if it is to be asked for when there is something to report.
  LibraryReport(Batch* batch, pid_t pid) : batch_(batch), pid_(pid) {}

  void AddCache() {
    if (cache_added_) return;
    cache_added_ = true;
    if (&gnu_get_libc_version != nullptr && sys::Exists(kCache)) Add(kCache);
  }

  void AddLibrary(const char* path) {
    if (!cache_added_ && !FoundWithoutCache(path)) AddCache();
    Add(path);
  }

  void Add(const char* path) {
    if (pid_ == 0) pid_ = sys::Getpid();
    OutgoingRecord record = {wire::Kind::kOpen, pid_};
    record.a = wire::kReads;
    record.name[0] = "";
    record.name[1] = path;
    batch_->Add(record);
  }

 private:
  Batch* batch_;
  pid_t pid_;
  bool cache_added_ = false;
};

struct Walk {
  LibraryReport* report;
  const char* dlopened;     // dlopen()'s argument, if it has a slash
  unsigned long long skip;  // objects reported before
  unsigned long long adds;  // as the dynamic linker counts
  bool first;
  bool deep;  // a dlopen() with RTLD_DEEPBIND is behind the new ones
};

void BindToUs(const dl_phdr_info& object) {
  if (IsOurObject(object) || Rebind(object)) return;
  ReportUnseen(object.dlpi_name, wire::kBoundToLibc);
}

bool g_deep;  // see BindLibrariesLater()

// dl_iterate_phdr() callback: `data` is the address of a library, and null from
// there on. What it has brought along comes after it.
int BindFromHere(struct dl_phdr_info* object, size_t, void* data) {
  auto* const first = static_cast<uintptr_t*>(data);
  if (object->dlpi_addr == *first) *first = 0;
  if (*first == 0) BindToUs(*object);
  return 0;
}

// dl_iterate_phdr() callback.
int AddObject(struct dl_phdr_info* object, size_t size, void* data) {
  auto* walk = static_cast<Walk*>(data);
  if (walk->first) {
    walk->first = false;
    constexpr size_t kWithCounts =
        offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(object->dlpi_subs);
    if (size < kWithCounts) return 1;
    walk->adds = object->dlpi_adds;
    const unsigned long long known =
        __atomic_exchange_n(&g_reported_adds, walk->adds, __ATOMIC_RELAXED);
    if (known >= walk->adds) return 1;
    // New objects are at the list's end.
    const unsigned long long present = walk->adds - object->dlpi_subs;
    const unsigned long long added = walk->adds - known;
    walk->skip = present > added ? present - added : 0;
  }
  if (walk->skip > 0) {
    --walk->skip;
    return 0;
  }
  if (walk->deep) BindToUs(*object);
  // The program itself has no name here, and the vDSO's is that of no file; the
  // kernel and not the dynamic linker has mapped the dynamic linker.
  if (object->dlpi_name[0] == '\0' ||
      StartsWith(object->dlpi_name, "linux-vdso.so") ||
      StartsWith(object->dlpi_name, "linux-gate.so") ||
      object->dlpi_addr == Auxiliary(AT_BASE)) {
    return 0;
  }
  // Nor are we an input.
  if (IsOurObject(*object)) {
    g_preload.library = object->dlpi_name;
    return 0;
  }
  // A dlopen() by path searches nothing.
  if (walk->dlopened != nullptr && Equal(walk->dlopened, object->dlpi_name)) {
    walk->report->Add(object->dlpi_name);
  } else {
    walk->report->AddLibrary(object->dlpi_name);
  }
  return 0;
}

void AddNewLibraries(LibraryReport* report, const char* dlopened) {
  const bool deep = __atomic_exchange_n(&g_deep, false, __ATOMIC_RELAXED);
  Walk walk = {report, dlopened, 0, 0, true, deep};
  original_dl_iterate_phdr.Get("dl_iterate_phdr")(AddObject, &walk);
}

}  // namespace

void AddFirstLibraries(Batch* batch, pid_t pid) {
  LibraryReport report(batch, pid);
  AddNewLibraries(&report, nullptr);
}

// A namespace of its own is not in dl_iterate_phdr()'s list, which is the
// caller's. Its dynamic linker is the one that runs already; it is opened all
// the same, to be recognised, where the namespace's libc was found.
void ReportNamespace(void* handle) {
  const auto* map = static_cast<const link_map*>(handle);  // dlinfo(3)
  while (map->l_prev != nullptr) map = map->l_prev;
  Batch batch;
  LibraryReport report(&batch, sys::Getpid());
  const char* last = "";
  for (; map != nullptr; map = map->l_next) {
    if (!HasSlash(map->l_name)) continue;
    if (map->l_addr != Auxiliary(AT_BASE)) {
      last = map->l_name;
      report.AddLibrary(last);
      continue;
    }
    const char* slash = FindLast(last, strlen(last), '/');
    const char* name = FindLast(map->l_name, strlen(map->l_name), '/');
    PathBuffer path;
    path.Fill([&](char* out, size_t size) {
      TextBuilder text(out, size);
      text.Add(last, slash != nullptr ? static_cast<size_t>(slash - last) : 0);
      return text.Add(name).ok();
    });
    if (sys::Exists(path.path())) report.AddLibrary(path.path());
  }
  batch.Flush();
}

void ReportUnseen(const char* library, int32_t reason) {
  OutgoingRecord record = {wire::Kind::kUnseen, sys::Getpid()};
  record.a = reason;
  record.name[0] = library;
  Emit(record);
}

void BindLibrariesLater(const char* name) {
  __atomic_store_n(&g_deep, true, __ATOMIC_RELAXED);
  ReportUnseen(name, wire::kBoundToLibc);
}

void BindLibraries(void* handle) {
  // dlinfo(3). Another thread may have seen the library before it was bound.
  uintptr_t first = static_cast<const link_map*>(handle)->l_addr;
  original_dl_iterate_phdr.Get("dl_iterate_phdr")(BindFromHere, &first);
}

void SkipPresentLibraries() {
  const auto count = [](struct dl_phdr_info* object, size_t size, void*) {
    constexpr size_t kWithAdds =
        offsetof(dl_phdr_info, dlpi_adds) + sizeof(object->dlpi_adds);
    if (size >= kWithAdds) {
      __atomic_store_n(&g_reported_adds, object->dlpi_adds, __ATOMIC_RELAXED);
    }
    return 1;
  };
  original_dl_iterate_phdr.Get("dl_iterate_phdr")(count, nullptr);
}

bool IsOurObject(const dl_phdr_info& object) {
  return DynamicOf(object) == _DYNAMIC;
}

int g_libraries_pending;

void LibrariesPending() {
  __atomic_fetch_add(&g_libraries_pending, 1, __ATOMIC_RELAXED);
}

void LibrariesComplete() {
  __atomic_fetch_sub(&g_libraries_pending, 1, __ATOMIC_RELAXED);
}

void ForgetPendingLibraries() {
  __atomic_store_n(&g_libraries_pending, 0, __ATOMIC_RELAXED);
}

bool HasRunpath(const void* address) {
  return original_dl_iterate_phdr.Get("dl_iterate_phdr")(
             HolderHasRunpath, const_cast<void*>(address)) == 2;
}

void ReportNewLibraries(const char* name, bool failed) {
  Batch batch;
  LibraryReport report(&batch, 0);
  const bool has_slash = name != nullptr && HasSlash(name);
  // A search that found nothing has looked into the cache all the same.
  if (failed && name != nullptr && !has_slash) report.AddCache();
  AddNewLibraries(&report, has_slash ? name : nullptr);
  batch.Flush();
}

}  // namespace filemon
