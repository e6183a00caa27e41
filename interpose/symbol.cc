#include "interpose/symbol.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

#include "interpose/text.h"

// Where the dynamic linker publishes its list of objects: glibc's name, musl's.
#pragma weak _r_debug
extern "C" struct r_debug* _dl_debug_addr __attribute__((weak));

namespace filemon {
namespace {

// The tables of one loaded object, as its dynamic section names them.
class SymbolTable {
 public:
  explicit SymbolTable(const link_map* map) : base_(map->l_addr) {
    for (const ElfW(Dyn)* d = map->l_ld; d->d_tag != DT_NULL; ++d) {
      switch (d->d_tag) {
        case DT_SYMTAB:
          symbols_ = At<ElfW(Sym)>(d);
          break;
        case DT_STRTAB:
          strings_ = At<char>(d);
          break;
        case DT_VERSYM:
          versions_ = At<ElfW(Half)>(d);
          break;
        case DT_GNU_HASH:
          gnu_hash_ = At<uint32_t>(d);
          break;
        case DT_HASH:
          hash_ = At<uint32_t>(d);
          break;
        default:
          break;
      }
    }
  }

  void* Find(const char* name) const {
    if (symbols_ == nullptr || strings_ == nullptr) return nullptr;
    if (gnu_hash_ != nullptr) return FindByGnuHash(name);
    if (hash_ != nullptr) return FindByHash(name);
    return nullptr;
  }

 private:
  // glibc stores addresses into the loaded dynamic section; musl, and glibc for
  // a read-only section, leave the file's offsets.
  template <typename T>
  const T* At(const ElfW(Dyn) * d) const {
    const uintptr_t p = d->d_un.d_ptr;
    return reinterpret_cast<const T*>(p < base_ ? p + base_ : p);
  }

  void* FindByGnuHash(const char* name) const {
    uint32_t hash = 5381;
    for (const char* p = name; *p != '\0'; ++p) {
      hash = hash * 33 + static_cast<unsigned char>(*p);
    }
    const uint32_t buckets = gnu_hash_[0];
    const uint32_t first = gnu_hash_[1];
    const uint32_t bloom_words = gnu_hash_[2];
    const auto* bloom = reinterpret_cast<const ElfW(Addr)*>(gnu_hash_ + 4);
    const auto* bucket = reinterpret_cast<const uint32_t*>(bloom + bloom_words);
    const uint32_t* chain = bucket + buckets;
    if (buckets == 0) return nullptr;
    uint32_t i = bucket[hash % buckets];
    if (i < first) return nullptr;
    for (;; ++i) {
      const uint32_t h = chain[i - first];
      if ((h | 1) == (hash | 1)) {
        if (void* f = Match(i, name)) return f;
      }
      if ((h & 1) != 0) return nullptr;
    }
  }

  void* FindByHash(const char* name) const {
    uint32_t hash = 0;
    for (const char* p = name; *p != '\0'; ++p) {
      hash = (hash << 4) + static_cast<unsigned char>(*p);
      const uint32_t high = hash & 0xf0000000;
      hash = (hash ^ (high >> 24)) & ~high;
    }
    const uint32_t buckets = hash_[0];
    const uint32_t* chain = hash_ + 2 + buckets;
    if (buckets == 0) return nullptr;
    for (uint32_t i = hash_[2 + hash % buckets]; i != STN_UNDEF; i = chain[i]) {
      if (void* f = Match(i, name)) return f;
    }
    return nullptr;
  }

  // The function that symbol i defines, if it is `name` in its default version.
  void* Match(uint32_t i, const char* name) const {
    constexpr ElfW(Half) kHidden = 0x8000;  // "name@VERSION": not the default
    const ElfW(Sym)& s = symbols_[i];
    if (s.st_shndx == SHN_UNDEF || (s.st_info & 0xf) != STT_FUNC) {
      return nullptr;
    }
    if (versions_ != nullptr && (versions_[i] & kHidden) != 0) return nullptr;
    if (!Equal(strings_ + s.st_name, name)) return nullptr;
    return reinterpret_cast<void*>(base_ + s.st_value);
  }

  uintptr_t base_;
  const ElfW(Sym) * symbols_ = nullptr;
  const char* strings_ = nullptr;
  const ElfW(Half) * versions_ = nullptr;
  const uint32_t* gnu_hash_ = nullptr;
  const uint32_t* hash_ = nullptr;
};

const link_map* FirstObject() {
  if (&_r_debug != nullptr) return _r_debug.r_map;
  if (&_dl_debug_addr != nullptr && _dl_debug_addr != nullptr) {
    return _dl_debug_addr->r_map;
  }
  return nullptr;
}

}  // namespace

void* NextFunction(const char* name) {
  const link_map* map = FirstObject();
  while (map != nullptr && map->l_ld != _DYNAMIC) map = map->l_next;
  if (map == nullptr) return nullptr;
  for (map = map->l_next; map != nullptr; map = map->l_next) {
    if (map->l_ld == nullptr) continue;
    if (void* f = SymbolTable(map).Find(name)) return f;
  }
  return nullptr;
}

}  // namespace filemon
