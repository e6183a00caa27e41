// What the dynamic linker tells of a loaded object (dl_iterate_phdr(3)).
#ifndef FILEMON_INTERPOSE_LOADED_OBJECT_H_
#define FILEMON_INTERPOSE_LOADED_OBJECT_H_

#include <elf.h>
#include <link.h>
#include <stdint.h>

namespace filemon {

// The object's dynamic section, or null.
inline const ElfW(Dyn) * DynamicOf(const dl_phdr_info& object) {
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object.dlpi_phdr[i];
    if (segment.p_type == PT_DYNAMIC) {
      return reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr +
                                                segment.p_vaddr);
    }
  }
  return nullptr;
}

// What an entry of the dynamic section of the object at `base` points to. glibc
// stores addresses into the loaded section; musl, and glibc for a read-only
// section, leave the file's offsets.
template <typename T>
const T* DynamicPointer(uintptr_t base, const ElfW(Dyn) & entry) {
  const uintptr_t p = entry.d_un.d_ptr;
  return reinterpret_cast<const T*>(p < base ? p + base : p);
}

// Whether `p` points into one of the object's segments.
inline bool Holds(const dl_phdr_info& object, const void* p) {
  const auto address = reinterpret_cast<uintptr_t>(p);
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object.dlpi_phdr[i];
    const uintptr_t begin = object.dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && address >= begin &&
        address - begin < segment.p_memsz) {
      return true;
    }
  }
  return false;
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_LOADED_OBJECT_H_
