#include "interpose/program_class.h"

#include <elf.h>
#include <link.h>
#include <sys/stat.h>

#include "interpose/environment.h"
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

// Reads the beginning of a regular file, a zero after it; its length.
size_t ReadHead(PathAt path, char (&out)[kHead]) {
  sys::Identity id;
  if (sys::Stat(path.dirfd, path.name, 0, &id) != 0 || !S_ISREG(id.mode)) {
    return 0;
  }
  const int fd = sys::Openat(path.dirfd, path.name, kLookFlags);
  if (fd < 0) return 0;
  const long n = sys::Read(fd, out, sizeof(out) - 1);
  sys::Close(fd);
  const size_t size = n > 0 ? static_cast<size_t>(n) : 0;
  out[size] = '\0';
  return size;
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

}  // namespace

bool IsScriptFile(const char* path) {
  char head[kHead];
  return ReadHead(PathAt::Here(path), head) > 0 && Interpreter(head) != nullptr;
}

bool IsOfThisClass(PathAt path) {
  char head[kHead];
  // As often as the kernel follows from script to script.
  for (int depth = 0; depth < 6; ++depth) {
    const size_t size = ReadHead(path, head);
    const char* const interpreter = size > 0 ? Interpreter(head) : nullptr;
    if (interpreter == nullptr) return BringsOurLinker(head, size);
    path = PathAt::Here(interpreter);
  }
  return false;
}

PreloadFor PreloadForProgram(PathAt path) {
  return PreloadHasForms() && IsOfThisClass(path) ? PreloadFor::kThisClass
                                                  : PreloadFor::kAnyClass;
}

PreloadFor PreloadForProgram(PathAt path, char* const* environment) {
  if (environment == nullptr) return PreloadFor::kAsItIs;
  const char* const value = FindVariable(environment, "LD_PRELOAD");
  return value == nullptr || !MayBeForOneClass(value) || IsOfThisClass(path)
             ? PreloadFor::kAsItIs
             : PreloadFor::kAnyClass;
}

}  // namespace filemon
