#include "interpose/program_class.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/stat.h>

#include <initializer_list>

#include "interpose/environment.h"
#include "interpose/layout.h"
#include "interpose/library_search.h"
#include "interpose/linker_start.h"
#include "interpose/path_buffer.h"
#include "interpose/readable.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

#if defined(__x86_64__)
constexpr int kMachine = EM_X86_64;
#elif defined(__i386__)
constexpr int kMachine = EM_386;
#elif defined(__aarch64__)
constexpr int kMachine = EM_AARCH64;
#else
#error "which machine is this?"
#endif
constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

// Enough for the first line of a script (BINPRM_BUF_SIZE, 256), and for seven
// program headers: the dynamic linker's name is the second of most programs.
constexpr size_t kHead = 512;

// The programs last found to be of this class, each by a number that is made of
// what stat(2) tells of its file. Whoever runs one program again and again from
// children that share his memory, as make does the shell, reads it once.
constexpr uintptr_t kPlaces = 8;
uintptr_t g_known[kPlaces];

// Never zero.
uintptr_t NumberOf(const sys::Identity& file) {
  uint64_t hash = 0;
  for (const uint64_t part :
       {file.device, file.inode, static_cast<uint64_t>(file.size),
        static_cast<uint64_t>(file.changed)}) {
    // The finaliser of MurmurHash3.
    hash = (hash ^ part) * 0xff51afd7ed558ccdU;
    hash ^= hash >> 33;
  }
  return static_cast<uintptr_t>(hash) | 1;
}

bool IsKnown(uintptr_t number) {
  return __atomic_load_n(&g_known[number / 2 % kPlaces], __ATOMIC_RELAXED) ==
         number;
}

void Know(uintptr_t number) {
  __atomic_store_n(&g_known[number / 2 % kPlaces], number, __ATOMIC_RELAXED);
}

// Reads the beginning of a file, a zero after it; its length.
size_t ReadHead(PathAt path, char (&out)[kHead]) {
  const int fd = sys::Openat(path.dirfd, path.name, sys::kLookFlags);
  if (fd < 0) return 0;
  const long n = sys::Read(fd, out, sizeof(out) - 1);
  sys::Close(fd);
  const size_t size = n > 0 ? static_cast<size_t>(n) : 0;
  out[size] = '\0';
  return size;
}

// Only these are opened: to open another may be an event for somebody.
bool IsRegular(PathAt path, sys::Identity* out) {
  return sys::Stat(path.dirfd, path.name, 0, out) == 0 && S_ISREG(out->mode);
}

bool BringsOurLinker(const char* head, size_t size) {
  ElfW(Ehdr) header;
  if (size < sizeof(header)) return false;
  memcpy(&header, head, sizeof(header));
  if (!EqualBytes(head, ELFMAG, SELFMAG) ||
      header.e_ident[EI_CLASS] != kClass || header.e_machine != kMachine ||
      header.e_phentsize != sizeof(ElfW(Phdr))) {
    return false;
  }
  for (size_t i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment;
    if (header.e_phoff > size ||
        (size - header.e_phoff) / sizeof(segment) <= i) {
      return false;
    }
    memcpy(&segment, head + header.e_phoff + i * sizeof(segment),
           sizeof(segment));
    if (segment.p_type == PT_INTERP) return true;
  }
  return false;
}

// The interpreter that a script's first line names, cut out of the line in
// place; null if it is no script (fs/binfmt_script.c).
const char* Interpreter(char* head) {
  if (head[0] != '#' || head[1] != '!') return nullptr;
  char* begin = head + 2;
  while (*begin == ' ' || *begin == '\t') ++begin;
  char* end = begin;
  while (*end != '\0' && *end != ' ' && *end != '\t' && *end != '\n') ++end;
  *end = '\0';
  return begin;
}

// Whether all of `argv` can be read.
FILEMON_RARE bool IsReadable(char* const* argv) {
  ReadableMemory pointers;
  ReadableMemory texts;
  for (; pointers.HoldsPointer(argv); ++argv) {
    if (*argv == nullptr) return true;
    if (!texts.HoldsText(*argv)) return false;
  }
  return false;
}

// musl's ldd is its dynamic linker, which goes by the name that it was called
// by; glibc's is a script.
FILEMON_RARE bool IsLinkerCalledLdd(PathAt path) {
  PathBuffer target;
  target.Fill([path](char* out, size_t size) {
    const long n = sys::Readlinkat(path.dirfd, path.name, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    return static_cast<size_t>(n) < size - 1;
  });
  return IsDynamicLinker(target.path()) ||
         Equal(FileOf(target.path()), "libc.so");
}

// Whether the program lists libraries and runs nothing. `path` is that of a
// file.
bool IsLister(PathAt path, char* const* argv) {
  const char* const file = FileOf(path.name);
  if (IsDynamicLinker(file)) return IsReadable(argv) && RunsNoProgram(argv);
  const size_t size = strlen(file);
  return size >= 3 && Equal(file + size - 3, "ldd") && IsLinkerCalledLdd(path);
}

}  // namespace

bool IsScriptFile(const char* path) {
  sys::Identity file;
  char head[kHead];
  return IsRegular(PathAt::Here(path), &file) &&
         ReadHead(PathAt::Here(path), head) > 0 && Interpreter(head) != nullptr;
}

bool IsOfThisClass(PathAt path) {
  char head[kHead];
  // As often as the kernel follows from script to script.
  for (int depth = 0; depth < 6; ++depth) {
    sys::Identity file;
    if (!IsRegular(path, &file)) return false;
    const uintptr_t number = NumberOf(file);
    if (IsKnown(number)) return true;
    const size_t size = ReadHead(path, head);
    const char* const interpreter = size > 0 ? Interpreter(head) : nullptr;
    if (interpreter == nullptr) {
      const bool ours = BringsOurLinker(head, size);
      if (ours) Know(number);
      return ours;
    }
    path = PathAt::Here(interpreter);
  }
  return false;
}

PreloadFor PreloadForProgram(PathAt path, char* const* argv) {
  sys::Identity file;
  // The kernel has looked at the name then.
  if (!IsRegular(path, &file)) return PreloadFor::kAnyClass;
  if (IsLister(path, argv)) return PreloadFor::kNone;
  return PreloadHasForms() && IsOfThisClass(path) ? PreloadFor::kThisClass
                                                  : PreloadFor::kAnyClass;
}

PreloadFor PreloadForDormant(PathAt path, char* const* environment) {
  if (environment == nullptr || !MayHandOnOneClass())
    return PreloadFor::kAsItIs;
  const char* const value = FindReadableVariable(environment, "LD_PRELOAD");
  return value == nullptr || !MayBeForOneClass(value) || IsOfThisClass(path)
             ? PreloadFor::kAsItIs
             : PreloadFor::kAnyClass;
}

}  // namespace filemon
