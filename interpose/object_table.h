// Which loaded objects were reported, in the order of the dynamic linker's
// list.
#ifndef FILEMON_INTERPOSE_OBJECT_TABLE_H_
#define FILEMON_INTERPOSE_OBJECT_TABLE_H_

#include <link.h>
#include <stddef.h>
#include <string.h>

#include "interpose/sys.h"

namespace filemon {

// All zeros is an empty table. For one thread at a time.
class ObjectTable {
 public:
  // Goes through the objects from `map` on: calls visit(object) for each that
  // is not in the table, puts it there, and takes out those that are gone. New
  // objects are at the list's end. Another object in the place of one that was
  // unloaded unseen has another dynamic section, most likely.
  template <typename Visit>
  void Update(const link_map* map, Visit visit) {
    size_t next = 0;
    size_t kept = 0;
    for (; map != nullptr; map = map->l_next) {
      size_t i = next;
      while (i < size_ &&
             !(places_[i].map == map && places_[i].dynamic == map->l_ld)) {
        ++i;
      }
      if (i < size_) {
        next = i + 1;
        places_[kept++] = places_[i];
        continue;
      }
      visit(map);
      next = size_ = kept;
      if (!MakeRoom()) return;
      places_[kept++] = {map, map->l_ld};
      next = size_ = kept;
    }
    size_ = kept;
  }

 private:
  struct Place {
    const link_map* map;
    const ElfW(Dyn) * dynamic;
  };
  // Without a system call: most programs load few libraries, if any.
  static constexpr size_t kFirstCapacity = 64;

  bool MakeRoom() {
    if (capacity_ == 0) {
      places_ = first_places_;
      capacity_ = kFirstCapacity;
    }
    if (size_ < capacity_) return true;
    auto* const places =
        static_cast<Place*>(sys::MapMemory(2 * capacity_ * sizeof(Place)));
    if (places == nullptr) return false;
    memcpy(places, places_, size_ * sizeof(Place));
    if (places_ != first_places_) {
      sys::UnmapMemory(places_, capacity_ * sizeof(Place));
    }
    places_ = places;
    capacity_ *= 2;
    return true;
  }

  Place* places_;
  size_t size_;
  size_t capacity_;
  Place first_places_[kFirstCapacity];
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_OBJECT_TABLE_H_
