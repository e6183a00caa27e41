#include "interpose/object_list.h"

#include "interpose/text.h"

// Where the dynamic linker publishes its list of objects: glibc's name, musl's.
#pragma weak _r_debug
extern "C" struct r_debug* _dl_debug_addr __attribute__((weak));

namespace filemon {
namespace {

const link_map* FindIn(const link_map* map) {
  while (map != nullptr && map->l_ld != _DYNAMIC) map = map->l_next;
  return map;
}

const link_map* MainList() {
  const LinkerNamespace* const space = FirstNamespace();
  return space != nullptr ? space->base.r_map : nullptr;
}

}  // namespace

const LinkerNamespace* FirstNamespace() {
  const r_debug* list = nullptr;
  if (&_r_debug != nullptr) {
    list = &_r_debug;
  } else if (&_dl_debug_addr != nullptr) {
    list = _dl_debug_addr;
  }
  return reinterpret_cast<const LinkerNamespace*>(list);
}

const LinkerNamespace* NamespaceAfter(const LinkerNamespace* space) {
  return space->base.r_version >= 2 ? space->next : nullptr;
}

const link_map* FirstObject() {
  const link_map* const own = OwnObject();
  if (own == nullptr) return MainList();
  const link_map* first = MainList();
  if (FindIn(first) == own) return first;
  VisitOtherNamespaces([&](const link_map* map) {
    if (FindIn(map) == own) first = map;
  });
  return first;
}

const link_map* OwnObject() {
  static const link_map* found;
  const link_map* own = __atomic_load_n(&found, __ATOMIC_RELAXED);
  if (own != nullptr) return own;
  own = FindIn(MainList());
  if (own == nullptr) {
    VisitOtherNamespaces([&](const link_map* map) {
      if (own == nullptr) own = FindIn(map);
    });
  }
  __atomic_store_n(&found, own, __ATOMIC_RELAXED);
  return own;
}

uintptr_t LinkerAddress() {
  const LinkerNamespace* const space = FirstNamespace();
  return space != nullptr ? space->base.r_ldbase : 0;
}

bool IsSecondCopy() {
  const link_map* map = MainList();
  if (FindIn(map) != nullptr) return false;
  constexpr char kFile[] = "/libfilemon.so";
  for (; map != nullptr; map = map->l_next) {
    const char* const slash = FindLast(map->l_name, strlen(map->l_name), '/');
    if (slash != nullptr && Equal(slash, kFile)) return true;
  }
  return false;
}

}  // namespace filemon
