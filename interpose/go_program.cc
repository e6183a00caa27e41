#include "interpose/go_program.h"

#include <elf.h>
#include <stdint.h>

#include "interpose/auxiliary.h"
#include "interpose/text.h"

namespace filemon {
namespace {

bool HasGoNote(const char* note, size_t size) {
  constexpr char kOwner[] = "Go\0";  // and a null: four bytes
  const auto aligned = [](size_t n) { return (n + 3) & ~size_t{3}; };
  while (size >= sizeof(ElfW(Nhdr))) {
    const auto* header = reinterpret_cast<const ElfW(Nhdr)*>(note);
    const size_t whole =
        sizeof(*header) + aligned(header->n_namesz) + aligned(header->n_descsz);
    if (whole > size) return false;
    if (header->n_namesz == sizeof(kOwner) &&
        EqualBytes(note + sizeof(*header), kOwner, sizeof(kOwner))) {
      return true;
    }
    note += whole;
    size -= whole;
  }
  return false;
}

}  // namespace

bool IsGoProgram(const ElfW(Phdr) * program, int count) {
  uintptr_t base = 0;
  for (int i = 0; program != nullptr && i < count; ++i) {
    const ElfW(Phdr)& segment = program[i];
    if (segment.p_type == PT_PHDR) {
      base = reinterpret_cast<uintptr_t>(program) - segment.p_vaddr;
    } else if (segment.p_type == PT_NOTE &&
               HasGoNote(reinterpret_cast<const char*>(base + segment.p_vaddr),
                         segment.p_memsz)) {
      return true;
    }
  }
  return false;
}

bool IsGoProgram() {
  return IsGoProgram(reinterpret_cast<const ElfW(Phdr)*>(Auxiliary(AT_PHDR)),
                     static_cast<int>(Auxiliary(AT_PHNUM)));
}

}  // namespace filemon
