// Libraries that do not find our wrappers by themselves.
#ifndef FILEMON_INTERPOSE_REBIND_H_
#define FILEMON_INTERPOSE_REBIND_H_

#include <link.h>

namespace filemon {

// Makes calls of `object`, which dlopen() has mapped with RTLD_DEEPBIND, come
// to us as those of any other object do: wherever the dynamic linker has bound,
// or will bind, a name that we wrap to the function behind our wrapper, the
// wrapper takes its place. What the object binds to itself or to a library of
// its own stays as it is. False if there are such places that could not be
// written.
//
// Thread-safe: a place changes in one store. To be called while the object
// cannot be unloaded, as in dl_iterate_phdr().
bool Rebind(const dl_phdr_info& object);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_REBIND_H_
