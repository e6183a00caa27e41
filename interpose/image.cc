#include "interpose/image.h"

#include <fcntl.h>

#include <initializer_list>

#include "interpose/auxiliary.h"
#include "interpose/channel.h"
#include "interpose/device.h"
#include "interpose/environment.h"
#include "interpose/go_program.h"
#include "interpose/kernel_names.h"
#include "interpose/layout.h"
#include "interpose/libraries.h"
#include "interpose/linker_start.h"
#include "interpose/path.h"
#include "interpose/path_buffer.h"
#include "interpose/pid_namespace.h"
#include "interpose/process.h"
#include "interpose/program_class.h"
#include "interpose/report.h"
#include "interpose/session.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

extern "C" const char* gnu_get_libc_version() noexcept __attribute__((weak));

namespace filemon {
namespace {

constexpr char kSelf[] = "/proc/self/exe";

char** g_argv;  // as the constructor got it; null before

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
  // Five nested interpreters with an argument each.
  constexpr int kDeepest = 10;
  for (int i = 1; i <= kDeepest && argv[i] != nullptr; ++i) {
    if (!Equal(argv[i], exec_name)) continue;
    // Or it is a program with its own name as an argument, or a file of
    // binfmt_misc(5). /proc tells them all, but costs 18 us where the dynamic
    // linker has not asked it.
    return IsKnownScript(exec_name) || !SameFile(exec_name, kSelf);
  }
  return false;
}

// The path of the dynamic linker that was executed by its own name, as it was
// given; null if that is not found. The linker has put the program's in its
// place (elf/rtld.c), but the kernel has laid it behind the last variable, or
// argument (fs/exec.c).
FILEMON_RARE const char* PathOfRunningLinker() {
  const char* last = nullptr;
  for (char* const* strings :
       {Arguments(), const_cast<char**>(Environment())}) {
    for (; strings != nullptr && *strings != nullptr; ++strings) {
      if (*strings > last) last = *strings;
    }
  }
  if (last == nullptr) return nullptr;
  const char* const path = last + strlen(last) + 1;
  return SameFile(path, kSelf) ? path : nullptr;
}

// The absolute path of this image, as the log wants it. What has to be put
// together for that is put into `buffer`.
const char* ImagePath(const char* cwd, PathBuffer* buffer,
                      const char** script) {
  const auto* exec_name = reinterpret_cast<const char*>(Auxiliary(AT_EXECFN));
  const char* name = exec_name;
  if (IsRunByLinker()) {
    name = PathOfRunningLinker();
  } else if (exec_name != nullptr) {
    char** const argv = Arguments();
    if (IsScript(exec_name, argv)) {
      name = argv[0];
      *script = exec_name;
    } else if (StartsWith(exec_name, "/dev/fd/") ||
               StartsWith(exec_name, "/proc/self/fd/")) {
      // fexecve(), execveat(): a name of the kernel's, or libc's, making.
      name = nullptr;
    }
  }
  if (name != nullptr && name[0] == '/') return name;
  if (name != nullptr && name[0] != '\0' && cwd[0] == '/') {
    const auto join = [&](char* out, size_t size) {
      bool sure;
      return JoinPath(cwd, name, out, size, &sure) &&
             (sure || SameFile(out, kSelf));
    };
    const auto append = [&](char* out, size_t size) {
      return TextBuilder(out, size).Add(cwd).Add("/").Add(name).ok();
    };
    if (buffer->Fill(join) || buffer->Fill(append)) return buffer->path();
  }
  buffer->Fill([](char* out, size_t size) {
    return WithRemovedMark(NameOfProgram(out, size), out, size);
  });
  return buffer->path();
}

// Says who has made this process, as far as can be told: its parent may be a
// program without us, or have ended.
__attribute__((noinline)) void AddOrigin(const Origin& origin, ProcessId self,
                                         pid_t parent, Batch* batch) {
  if (origin.child != 0) {
    batch->Add(
        {wire::Kind::kFoundLife, self, static_cast<int32_t>(origin.child)});
  }
  if (origin.maker.life == 0) return;
  batch->Add({wire::Kind::kDescends, self, origin.maker.pid,
              static_cast<int32_t>(origin.maker.life)});
  // The chain of those in between, if it leads there.
  constexpr int kLongest = 16;
  pid_t chain[kLongest];
  int length = 0;
  chain[0] = parent;
  while (chain[length] != origin.maker.pid) {
    const pid_t next = ParentOf(chain[length]);
    if (next <= 1 || ++length == kLongest) return;
    chain[length] = next;
  }
  for (int i = 0; i < length; ++i) {
    batch->Add({wire::Kind::kAncestor, self, chain[i], chain[i + 1]});
  }
}

void OnExit(int status, void*) {
  if (Tracing()) ReportExit(status);
  if (HasDevices()) CloseDevicesAtExit();
}

Original<int (*)(void (*)(int, void*), void*)> original_on_exit;

// glibc passes main's arguments to constructors; musl passes nothing.
__attribute__((constructor)) void Start(int, char** argv, char**) {
  if (&gnu_get_libc_version != nullptr) g_argv = argv;
  // Registered before any other handler, so run after them all.
  if (Tracing()) CallAtExit();
}

}  // namespace

void CallAtExit() {
  static bool done;
  if (__atomic_exchange_n(&done, true, __ATOMIC_RELAXED)) return;
  // musl has no on_exit(): there the parent tells the status.
  if (original_on_exit.Exists("on_exit")) {
    original_on_exit.Get("on_exit")(OnExit, nullptr);
  }
}

// What the dynamic linker has used of the stack before is used again, and costs
// nothing; each page below it, that of a PATH_MAX buffer say, is another fault.
void ReportImageStart(const Origin& origin) {
  PathBuffer cwd;
  cwd.Fill([](char* out, size_t size) {
    return DirectoryOfDescriptor(AT_FDCWD, out, size);
  });
  PathBuffer buffer;
  const char* script = nullptr;
  const char* const path = ImagePath(cwd.path(), &buffer, &script);
  Batch batch;
  const ProcessId self = {ThisSession().pid, ThisSession().life};
  const pid_t parent = sys::Getppid();
  if (ThisSession().pid_namespace != 0 && parent == 0) {
    // Whoever made this process may have said nothing of the namespace.
    const Outside outside = SeenFromOutside();
    if (outside.pid != 0 && ProcIsTheCollectors()) {
      batch.Add(EnteredRecord(self, outside.pid, 0));
    }
  }
  if (origin.maker.life != 0 || origin.child != 0) {
    AddOrigin(origin, self, parent, &batch);
  }
  OutgoingRecord record = {wire::Kind::kStart, self};
  record.a = parent > 0 ? parent : 0;
  record.name[0] = path;
  // A filter may keep it from us.
  record.name[1] = sys::Denies(sys::kGetcwd) ? wire::kNoDirectory : cwd.path();
  batch.Add(record);
  if (IsGoProgram()) {
    OutgoingRecord unseen = {wire::Kind::kUnseen, self};
    unseen.a = wire::kWithoutLibc;
    unseen.name[0] = path;
    batch.Add(unseen);
  }
  AddFirstLibraries(&batch, self);
  batch.Flush();
  if (WasForAnyClass()) LearnProgram(script);
}

}  // namespace filemon
