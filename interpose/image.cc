#include "interpose/image.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <sys/auxv.h>

#include "interpose/channel.h"
#include "interpose/environment.h"
#include "interpose/report.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

extern "C" unsigned long getauxval(unsigned long) noexcept
    __attribute__((weak));
extern "C" const char* gnu_get_libc_version() noexcept __attribute__((weak));

namespace filemon {
namespace {

constexpr char kCache[] = "/etc/ld.so.cache";
constexpr char kSelf[] = "/proc/self/exe";

Original<int (*)(int (*)(struct dl_phdr_info*, size_t, void*), void*)>
    original_dl_iterate_phdr;

// How many objects the dynamic linker had ever added when we last reported.
unsigned long long g_reported_adds;

char** g_argv;  // as the constructor got it; null before

unsigned long Auxiliary(unsigned long type) {
  return &getauxval != nullptr ? getauxval(type) : 0;
}

// main's argv. Before our constructor has run it is found by its place: the
// kernel puts argc, argv and its null right before the environment.
char** Arguments() {
  if (g_argv != nullptr) return g_argv;
  char* const* p = Environment();
  if (p == nullptr || p[-1] != nullptr) return nullptr;
  --p;
  for (intptr_t n = 0; n < (1 << 20); ++n) {
    if (reinterpret_cast<intptr_t>(p[-1]) == n) return const_cast<char**>(p);
    --p;
  }
  return nullptr;
}

bool SameFile(const char* a, const char* b) {
  sys::Identity x, y;
  return sys::Stat(AT_FDCWD, a, 0, &x) == 0 &&
         sys::Stat(AT_FDCWD, b, 0, &y) == 0 && x.device == y.device &&
         x.inode == y.inode;
}

// For a `#!` script the kernel makes argv[0] the interpreter's name and puts
// the script's after it (fs/binfmt_script.c), where AT_EXECFN is the script.
bool IsScript(const char* exec_name, char** argv) {
  if (argv == nullptr || argv[0] == nullptr) return false;
  constexpr int kDeepest =
      10;  // five nested interpreters with an argument each
  for (int i = 1; i <= kDeepest && argv[i] != nullptr; ++i) {
    if (Equal(argv[i], exec_name)) return !SameFile(exec_name, kSelf);
  }
  return false;
}

// True if lexical cleaning of `name` is safe: ".." only at its beginning, where
// it steps up the (physical) current directory.
bool DotDotOnlyLeads(const char* name) {
  bool leading = true;
  while (*name != '\0') {
    size_t n = 0;
    while (name[n] != '\0' && name[n] != '/') ++n;
    const bool up = n == 2 && name[0] == '.' && name[1] == '.';
    const bool stay = n == 0 || (n == 1 && name[0] == '.');
    if (up && !leading) return false;
    if (!up && !stay) leading = false;
    name += n;
    if (*name == '/') ++name;
  }
  return true;
}

// cwd and name joined, without "." and ".." parts. False if it does not fit.
bool Join(const char* cwd, const char* name, char* out, size_t size) {
  size_t n = strlen(cwd);
  if (n >= size) return false;
  memcpy(out, cwd, n);
  while (n > 0 && out[n - 1] == '/') --n;
  while (*name != '\0') {
    size_t part = 0;
    while (name[part] != '\0' && name[part] != '/') ++part;
    if (part == 2 && name[0] == '.' && name[1] == '.') {
      while (n > 0 && out[n - 1] != '/') --n;
      if (n > 0) --n;
    } else if (part > 0 && !(part == 1 && name[0] == '.')) {
      if (n + 1 + part >= size) return false;
      out[n++] = '/';
      memcpy(out + n, name, part);
      n += part;
    }
    name += part;
    while (*name == '/') ++name;
  }
  if (n == 0) out[n++] = '/';
  out[n] = '\0';
  return true;
}

// The absolute path of this image, as the log wants it.
void ImagePath(const char* cwd, char* out, size_t size) {
  const auto* exec_name = reinterpret_cast<const char*>(Auxiliary(AT_EXECFN));
  const char* name = exec_name;
  if (exec_name != nullptr) {
    char** const argv = Arguments();
    if (IsScript(exec_name, argv)) {
      name = argv[0];
    } else if (StartsWith(exec_name, "/dev/fd/")) {
      name =
          nullptr;  // fexecve() and execveat(): a name of the kernel's making
    }
  }
  if (name != nullptr && name[0] == '/') {
    TextBuilder text(out, size);
    text.Add(name);
    if (text.ok()) return;
  }
  if (name != nullptr && name[0] != '\0' && cwd[0] == '/' &&
      DotDotOnlyLeads(name) && Join(cwd, name, out, size)) {
    return;
  }
  const long n = sys::Readlinkat(AT_FDCWD, kSelf, out, size - 1);
  out[n > 0 ? n : 0] = '\0';
}

// An element of a search path, colon-separated, as the dynamic linker reads it.
// True if `library` lies in one of the list's directories, or in a
// subdirectory for better processors (glibc-hwcaps).
bool ListHolds(const char* list, const char* origin, size_t origin_size,
               const char* library) {
  const char* slash = FindLast(library, strlen(library), '/');
  const size_t directory = static_cast<size_t>(slash - library);
  while (*list != '\0') {
    size_t n = 0;
    while (list[n] != '\0' && list[n] != ':' && list[n] != ';') ++n;
    const char* element = list;
    size_t size = n;
    const char* rest = library;
    size_t rest_size = directory;
    const auto skip = [&](size_t token) {
      if (origin_size > rest_size || !EqualBytes(rest, origin, origin_size)) {
        return false;
      }
      rest += origin_size;
      rest_size -= origin_size;
      element += token;
      size -= token;
      return true;
    };
    bool possible = true;
    if (n >= 7 && EqualBytes(element, "$ORIGIN", 7)) {
      possible = skip(7);
    } else if (n >= 9 && EqualBytes(element, "${ORIGIN}", 9)) {
      possible = skip(9);
    }
    while (size > 0 && element[size - 1] == '/') --size;
    if (possible && size <= rest_size && EqualBytes(rest, element, size) &&
        (size == rest_size || StartsWith(rest + size, "/glibc-hwcaps/"))) {
      return true;
    }
    list += n;
    if (*list != '\0') ++list;
  }
  return false;
}

const ElfW(Dyn) * DynamicOf(const dl_phdr_info& object) {
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    if (object.dlpi_phdr[i].p_type == PT_DYNAMIC) {
      return reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr +
                                                object.dlpi_phdr[i].p_vaddr);
    }
  }
  return nullptr;
}

// The object's DT_RUNPATH or DT_RPATH, or null.
const char* RunpathOf(const dl_phdr_info& object) {
  const ElfW(Dyn)* dynamic = DynamicOf(object);
  if (dynamic == nullptr) return nullptr;
  const char* strings = nullptr;
  size_t runpath = 0;
  for (const ElfW(Dyn)* d = dynamic; d->d_tag != DT_NULL; ++d) {
    if (d->d_tag == DT_STRTAB) {
      const uintptr_t p = d->d_un.d_ptr;
      strings = reinterpret_cast<const char*>(
          p < object.dlpi_addr ? p + object.dlpi_addr : p);
    } else if (d->d_tag == DT_RPATH || d->d_tag == DT_RUNPATH) {
      runpath = d->d_un.d_val;
    }
  }
  return strings != nullptr && runpath != 0 ? strings + runpath : nullptr;
}

// dl_iterate_phdr() callback: 1 if the object's search path leads to the
// library in `data`.
int RunpathHolds(struct dl_phdr_info* object, size_t, void* data) {
  const char* const runpath = RunpathOf(*object);
  if (runpath == nullptr) return 0;
  char self[PATH_MAX];
  const char* name = object->dlpi_name;
  size_t size = strlen(name);
  if (size == 0) {
    const long n = sys::Readlinkat(AT_FDCWD, kSelf, self, sizeof(self) - 1);
    name = self;
    size = n > 0 ? static_cast<size_t>(n) : 0;
  }
  const char* slash = FindLast(name, size, '/');
  return ListHolds(runpath, name,
                   slash != nullptr ? static_cast<size_t>(slash - name) : 0,
                   static_cast<const char*>(data));
}

// dl_iterate_phdr() callback: 2 if the object holds the address in `data` and
// has a search path of its own, 1 if it has none.
int HolderHasRunpath(struct dl_phdr_info* object, size_t, void* data) {
  const auto address = reinterpret_cast<uintptr_t>(data);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    const uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && address >= begin &&
        address - begin < segment.p_memsz) {
      return RunpathOf(*object) != nullptr ? 2 : 1;
    }
  }
  return 0;
}

// True if the dynamic linker finds `library` without its cache. The usual
// places come first: for them nothing needs to be searched.
bool FoundWithoutCache(const char* library) {
  char* const* environment = Environment();
  if (environment != nullptr) {
    if (const char* list = FindVariable(environment, "LD_LIBRARY_PATH")) {
      if (ListHolds(list, "", 0, library)) return true;
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
  if (StartsWith(library, "/lib/") || StartsWith(library, "/usr/lib/")) {
    return false;
  }
  return original_dl_iterate_phdr.Get("dl_iterate_phdr")(
             RunpathHolds, const_cast<char*>(library)) != 0;
}

// The R records of libraries, in the order of their opens.
class LibraryReport {
 public:
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
    Record record = {wire::Kind::kOpen, pid_};
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
};

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
  // The program itself and the vDSO have no file name; the kernel and not the
  // dynamic linker has mapped the dynamic linker; and we are not an input.
  if (!HasSlash(object->dlpi_name) || object->dlpi_addr == Auxiliary(AT_BASE) ||
      DynamicOf(*object) == _DYNAMIC) {
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
  Walk walk = {report, dlopened, 0, 0, true};
  original_dl_iterate_phdr.Get("dl_iterate_phdr")(AddObject, &walk);
}

void OnExit(int status, void*) {
  if (Tracing()) ReportExit(status);
}

Original<int (*)(void (*)(int, void*), void*)> original_on_exit;

// glibc passes main's arguments to constructors; musl passes nothing.
__attribute__((constructor)) void Start(int, char** argv, char**) {
  if (&gnu_get_libc_version != nullptr) g_argv = argv;
  if (!Tracing()) return;
  // Registered before any other handler, so run after them all. musl has no
  // on_exit(): there the parent tells the status.
  if (original_on_exit.Exists("on_exit")) {
    original_on_exit.Get("on_exit")(OnExit, nullptr);
  }
}

}  // namespace

void ReportImageStart() {
  char cwd[PATH_MAX];
  if (sys::Getcwd(cwd, sizeof(cwd)) < 0 || cwd[0] != '/') cwd[0] = '\0';
  char path[PATH_MAX];
  ImagePath(cwd, path, sizeof(path));
  Batch batch;
  Record record = {wire::Kind::kStart, g_session.pid};
  record.a = sys::Getppid();
  record.name[0] = path;
  record.name[1] = cwd;
  batch.Add(record);
  LibraryReport report(&batch, g_session.pid);
  AddNewLibraries(&report, nullptr);
  batch.Flush();
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
  LibraryReport report(&batch, sys::Getpid());
  const bool has_slash = name != nullptr && HasSlash(name);
  // A search that found nothing has looked into the cache all the same.
  if (failed && name != nullptr && !has_slash) report.AddCache();
  AddNewLibraries(&report, has_slash ? name : nullptr);
  batch.Flush();
}

}  // namespace filemon
