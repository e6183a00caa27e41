#include "interpose/symbol.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

#include "interpose/layout.h"
#include "interpose/loaded_object.h"
#include "interpose/object_list.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// The tables of one loaded object, as its dynamic section names them.
class SymbolTable {
 public:
  explicit SymbolTable(const link_map* map) : base_(map->l_addr) {
    for (const ElfW(Dyn)* d = map->l_ld; d->d_tag != DT_NULL; ++d) {
      switch (d->d_tag) {
        case DT_SYMTAB:
          symbols_ = DynamicPointer<ElfW(Sym)>(base_, *d);
          break;
        case DT_STRTAB:
          strings_ = DynamicPointer<char>(base_, *d);
          break;
        case DT_VERSYM:
          versions_ = DynamicPointer<ElfW(Half)>(base_, *d);
          break;
        case DT_GNU_HASH:
          gnu_hash_ = DynamicPointer<uint32_t>(base_, *d);
          break;
        case DT_HASH:
          hash_ = DynamicPointer<uint32_t>(base_, *d);
          break;
        default:
          break;
      }
    }
  }

  void* Find(const char* name) const { return Find({name, nullptr}); }
  // Whether it has `name`, in any version, at `address`.
  bool Has(const char* name, const void* address) const {
    return Find({name, address}) != nullptr;
  }

 private:
  struct Wanted {
    const char* name;
    const void* address;  // null: the default version, wherever it is
  };

  void* Find(const Wanted& wanted) const {
    if (symbols_ == nullptr || strings_ == nullptr) return nullptr;
    if (gnu_hash_ != nullptr) return FindByGnuHash(wanted);
    if (hash_ != nullptr) return FindByHash(wanted);
    return nullptr;
  }

  void* FindByGnuHash(const Wanted& wanted) const {
    uint32_t hash = 5381;
    for (const char* p = wanted.name; *p != '\0'; ++p) {
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
        if (void* f = Match(i, wanted)) return f;
      }
      if ((h & 1) != 0) return nullptr;
    }
  }

  void* FindByHash(const Wanted& wanted) const {
    uint32_t hash = 0;
    for (const char* p = wanted.name; *p != '\0'; ++p) {
      hash = (hash << 4) + static_cast<unsigned char>(*p);
      const uint32_t high = hash & 0xf0000000;
      hash = (hash ^ (high >> 24)) & ~high;
    }
    const uint32_t buckets = hash_[0];
    const uint32_t* chain = hash_ + 2 + buckets;
    if (buckets == 0) return nullptr;
    for (uint32_t i = hash_[2 + hash % buckets]; i != STN_UNDEF; i = chain[i]) {
      if (void* f = Match(i, wanted)) return f;
    }
    return nullptr;
  }

  // The function that symbol i defines, if it is the one wanted.
  void* Match(uint32_t i, const Wanted& wanted) const {
    constexpr ElfW(Half) kHidden = 0x8000;  // "name@VERSION": not the default
    const ElfW(Sym)& s = symbols_[i];
    if (s.st_shndx == SHN_UNDEF || (s.st_info & 0xf) != STT_FUNC) {
      return nullptr;
    }
    auto* const address = reinterpret_cast<void*>(base_ + s.st_value);
    if (wanted.address != nullptr) {
      if (wanted.address != address) return nullptr;
    } else if (versions_ != nullptr && (versions_[i] & kHidden) != 0) {
      return nullptr;
    }
    return Equal(strings_ + s.st_name, wanted.name) ? address : nullptr;
  }

  uintptr_t base_;
  const ElfW(Sym) * symbols_ = nullptr;
  const char* strings_ = nullptr;
  const ElfW(Half) * versions_ = nullptr;
  const uint32_t* gnu_hash_ = nullptr;
  const uint32_t* hash_ = nullptr;
};

// The first object from `map` on, and before `end`, that defines `name`.
const link_map* DefinerIn(const link_map* map, const link_map* end,
                          const char* name, void** function) {
  for (; map != end; map = map->l_next) {
    if (map->l_ld == nullptr) continue;
    *function = SymbolTable(map).Find(name);
    if (*function != nullptr) return map;
  }
  return nullptr;
}

// The first object after us that defines `name`. A library that came with a
// plug-in stands behind libc, and nothing behind it has what libc has.
const link_map* NextDefiner(const char* name, void** function) {
  const link_map* const own = OwnObject();
  if (own == nullptr) return nullptr;
  const link_map* const next = DefinerIn(own->l_next, nullptr, name, function);
  return next != nullptr ? next : DefinerIn(FirstObject(), own, name, function);
}

}  // namespace

void* NextFunction(const char* name) {
  void* function = nullptr;
  return NextDefiner(name, &function) != nullptr ? function : nullptr;
}

void* WrapperOf(const char* name) {
  const link_map* own = OwnObject();
  return own != nullptr ? SymbolTable(own).Find(name) : nullptr;
}

FILEMON_RARE bool IsNextFunction(const char* name, const void* address) {
  void* function;
  const link_map* definer = NextDefiner(name, &function);
  return definer != nullptr && SymbolTable(definer).Has(name, address);
}

FILEMON_RARE bool HasOneDefinition(const char* name) {
  void* function;
  const link_map* definer = NextDefiner(name, &function);
  if (definer == nullptr) return false;
  for (const link_map* map = FirstObject(); map != nullptr; map = map->l_next) {
    if (map == definer || map->l_ld == nullptr || map->l_ld == _DYNAMIC) {
      continue;
    }
    if (SymbolTable(map).Find(name) != nullptr) return false;
  }
  return true;
}

}  // namespace filemon
