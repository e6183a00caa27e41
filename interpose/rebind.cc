// With RTLD_DEEPBIND an object looks for names in itself and its dependencies
// before all others, so it finds libc before it finds us. By then its global
// offset table is filled (or, with lazy binding, holds addresses of its own
// procedure linkage table), so the table is what we change.
#include "interpose/rebind.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "interpose/loaded_object.h"
#include "interpose/symbol.h"
#include "interpose/sys.h"

namespace filemon {
namespace {

#if defined(__x86_64__)
using Relocation = ElfW(Rela);
constexpr ElfW(Sxword) kTable = DT_RELA;
constexpr ElfW(Sxword) kTableSize = DT_RELASZ;
constexpr uint32_t kLazy = R_X86_64_JUMP_SLOT;
constexpr uint32_t kEager = R_X86_64_GLOB_DAT;
constexpr uint32_t kPointer = R_X86_64_64;
#elif defined(__i386__)
using Relocation = ElfW(Rel);
constexpr ElfW(Sword) kTable = DT_REL;
constexpr ElfW(Sword) kTableSize = DT_RELSZ;
constexpr uint32_t kLazy = R_386_JMP_SLOT;
constexpr uint32_t kEager = R_386_GLOB_DAT;
constexpr uint32_t kPointer = R_386_32;
#elif defined(__aarch64__)
using Relocation = ElfW(Rela);
constexpr ElfW(Sxword) kTable = DT_RELA;
constexpr ElfW(Sxword) kTableSize = DT_RELASZ;
constexpr uint32_t kLazy = R_AARCH64_JUMP_SLOT;
constexpr uint32_t kEager = R_AARCH64_GLOB_DAT;
constexpr uint32_t kPointer = R_AARCH64_ABS64;
#else
#error "which relocations name functions here?"
#endif

constexpr uintptr_t kPage = 4096;

constexpr uint32_t TypeOf(ElfW(Xword) info) {
  return sizeof(void*) == 8 ? static_cast<uint32_t>(info)
                            : static_cast<uint32_t>(info & 0xff);
}
constexpr size_t SymbolOf(ElfW(Xword) info) {
  return sizeof(void*) == 8 ? static_cast<size_t>(info >> 32)
                            : static_cast<size_t>(info >> 8);
}

// Makes what the dynamic linker has write-protected after relocation (RELRO)
// writable as long as this object lives.
class Unprotected {
 public:
  Unprotected(uintptr_t begin, uintptr_t end) : begin_(begin), end_(end) {}
  ~Unprotected() {
    if (open_) Protect(PROT_READ);
  }
  // Whether `p` can be written now.
  bool Reach(const void* p) {
    const auto address = reinterpret_cast<uintptr_t>(p);
    if (address < begin_ || address >= end_) return true;
    if (!open_) open_ = Protect(PROT_READ | PROT_WRITE);
    return open_;
  }

 private:
  bool Protect(int protection) {
    return sys::Call(SYS_mprotect, static_cast<long>(begin_),
                     static_cast<long>(end_ - begin_), protection) == 0;
  }

  const uintptr_t begin_;
  const uintptr_t end_;
  bool open_ = false;
};

class Rebinding {
 public:
  explicit Rebinding(const dl_phdr_info& object)
      : object_(object),
        base_(object.dlpi_addr),
        relro_(RelroBegin(object), RelroEnd(object)) {}

  bool Run() {
    const ElfW(Dyn)* const dynamic = DynamicOf(object_);
    if (dynamic == nullptr) return true;
    const Relocation* table = nullptr;
    const Relocation* lazy = nullptr;
    size_t table_size = 0;
    size_t lazy_size = 0;
    for (const ElfW(Dyn)* d = dynamic; d->d_tag != DT_NULL; ++d) {
      if (d->d_tag == DT_SYMTAB)
        symbols_ = DynamicPointer<ElfW(Sym)>(base_, *d);
      if (d->d_tag == DT_STRTAB) strings_ = DynamicPointer<char>(base_, *d);
      if (d->d_tag == kTable) table = DynamicPointer<Relocation>(base_, *d);
      if (d->d_tag == kTableSize) table_size = d->d_un.d_val;
      if (d->d_tag == DT_JMPREL) lazy = DynamicPointer<Relocation>(base_, *d);
      if (d->d_tag == DT_PLTRELSZ) lazy_size = d->d_un.d_val;
    }
    if (symbols_ == nullptr || strings_ == nullptr) return true;
    if (table != nullptr) RebindAll(table, table_size);
    if (lazy != nullptr) RebindAll(lazy, lazy_size);
    return complete_;
  }

 private:
  static uintptr_t RelroBegin(const dl_phdr_info& object) {
    return Relro(object, false);
  }
  static uintptr_t RelroEnd(const dl_phdr_info& object) {
    return Relro(object, true);
  }
  // As the dynamic linker rounds it (elf/dl-reloc.c, _dl_protect_relro).
  static uintptr_t Relro(const dl_phdr_info& object, bool end) {
    for (int i = 0; i < object.dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = object.dlpi_phdr[i];
      if (segment.p_type != PT_GNU_RELRO) continue;
      const uintptr_t begin = object.dlpi_addr + segment.p_vaddr;
      return (end ? begin + segment.p_memsz : begin) & ~(kPage - 1);
    }
    return 0;
  }

  void RebindAll(const Relocation* table, size_t size) {
    const Relocation* const end = table + size / sizeof(*table);
    for (const Relocation* r = table; r != end; ++r) {
      const uint32_t type = TypeOf(r->r_info);
      if (type != kLazy && type != kEager && type != kPointer) continue;
      const ElfW(Sym)& symbol = symbols_[SymbolOf(r->r_info)];
      if (symbol.st_shndx != SHN_UNDEF) continue;
      const char* const name = strings_ + symbol.st_name;
      void* const wrapper = WrapperOf(name);
      if (wrapper == nullptr) continue;
      auto* const place = reinterpret_cast<void**>(base_ + r->r_offset);
      void* const bound = __atomic_load_n(place, __ATOMIC_RELAXED);
      const bool unbound = type == kLazy && Holds(object_, bound);
      if (unbound ? !HasOneDefinition(name) : !IsNextFunction(name, bound)) {
        continue;
      }
      if (relro_.Reach(place)) {
        __atomic_store_n(place, wrapper, __ATOMIC_RELEASE);
      } else {
        complete_ = false;
      }
    }
  }

  const dl_phdr_info& object_;
  const uintptr_t base_;
  Unprotected relro_;
  const ElfW(Sym) * symbols_ = nullptr;
  const char* strings_ = nullptr;
  bool complete_ = true;
};

}  // namespace

bool Rebind(const dl_phdr_info& object) { return Rebinding(object).Run(); }

}  // namespace filemon
