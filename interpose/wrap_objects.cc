// dl_iterate_phdr(3), for one caller: the runtime of GCC's AddressSanitizer
// looks at the list of objects when it starts, and ends the program if another
// library stands before it. We do, like every preload, and do no harm there:
// our wrappers call its interceptors. It is shown the list without us.
//
// Everyone else sees us. An unwinder must: it may have to pass through our
// frames.
#include <link.h>
#include <stddef.h>
#include <stdint.h>

#include "interpose/libraries.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

using Callback = int (*)(struct dl_phdr_info*, size_t, void*);

// An object's address range; empty if it is not there.
struct Range {
  uintptr_t begin;
  uintptr_t end;
  bool Holds(const void* address) const {
    const auto p = reinterpret_cast<uintptr_t>(address);
    return p >= begin && p < end;
  }
};

// dl_iterate_phdr() callback: the range of the sanitizer's runtime.
int FindSanitizer(struct dl_phdr_info* object, size_t, void* data) {
  const char* slash =
      FindLast(object->dlpi_name, strlen(object->dlpi_name), '/');
  const char* file = slash != nullptr ? slash + 1 : object->dlpi_name;
  if (!StartsWith(file, "libasan.so") &&
      !StartsWith(file, "libclang_rt.asan")) {
    return 0;
  }
  auto* range = static_cast<Range*>(data);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    if (range->end == 0) range->begin = begin;
    range->end = begin + segment.p_memsz;
  }
  return 1;
}

struct Filter {
  Callback callback;
  void* data;
};

int SkipOurs(struct dl_phdr_info* object, size_t size, void* data) {
  const auto* filter = static_cast<const Filter*>(data);
  if (IsOurObject(*object)) return 0;
  return filter->callback(object, size, filter->data);
}

}  // namespace

FILEMON_WRAP(int, dl_iterate_phdr, (Callback callback, void* data)) {
  // The runtime is loaded with the program or never: it could not work.
  static int looked;
  static Range sanitizer;
  const auto next = FILEMON_NEXT(dl_iterate_phdr);
  if (!__atomic_load_n(&looked, __ATOMIC_ACQUIRE)) {
    Range found = {};
    next(FindSanitizer, &found);
    sanitizer = found;
    __atomic_store_n(&looked, 1, __ATOMIC_RELEASE);
  }
  if (!sanitizer.Holds(__builtin_return_address(0))) {
    return next(callback, data);
  }
  Filter filter = {callback, data};
  return next(SkipOurs, &filter);
}

}  // namespace filemon
