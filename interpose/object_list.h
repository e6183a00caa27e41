// The dynamic linker's lists of loaded objects, read without its locks.
//
// An object is put at its list's end before it is used, and out of the list
// before its memory is freed. So whoever sees to it that nothing is unloaded
// meanwhile (loading.h), or goes no further than the objects that the program
// was started with, which are never unloaded, may walk along l_next.
//
// The layout read here is glibc's and musl's <link.h>.
#ifndef FILEMON_INTERPOSE_OBJECT_LIST_H_
#define FILEMON_INTERPOSE_OBJECT_LIST_H_

#include <link.h>

namespace filemon {

// The first object of the list that libfilemon.so is in: the program, but for a
// namespace that dlmopen() has made. Null if it cannot be had.
const link_map* FirstObject();

// libfilemon.so in that list; null if it is not there.
const link_map* OwnObject();

// Calls visit(first object) for each namespace but the program's, in the order
// in which they were made. None before glibc 2.35, which does not tell.
template <typename Visit>
void VisitOtherNamespaces(Visit visit);

// Where the dynamic linker itself is loaded; 0 if that cannot be told.
uintptr_t LinkerAddress();

// This copy of the library was loaded into a namespace of its own (dlmopen(3)),
// in a process that has another.
bool IsSecondCopy();

// r_debug of glibc 2.35 and later, where r_version is 2 or more.
struct LinkerNamespace {
  r_debug base;
  const LinkerNamespace* next;
};
const LinkerNamespace* FirstNamespace();
const LinkerNamespace* NamespaceAfter(const LinkerNamespace* space);

template <typename Visit>
void VisitOtherNamespaces(Visit visit) {
  const LinkerNamespace* space = FirstNamespace();
  while (space != nullptr && (space = NamespaceAfter(space)) != nullptr) {
    if (space->base.r_map != nullptr) visit(space->base.r_map);
  }
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_OBJECT_LIST_H_
