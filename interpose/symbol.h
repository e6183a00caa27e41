// Finds the function that a wrapper stands in front of.
#ifndef FILEMON_INTERPOSE_SYMBOL_H_
#define FILEMON_INTERPOSE_SYMBOL_H_

namespace filemon {

// The default version of function `name` in the first object loaded after
// libfilemon.so that defines it: what dlsym(RTLD_NEXT, name) gives. If there is
// none, that in the first object before it, or null: libfilemon.so may have
// been loaded by dlopen(), with a plug-in that was linked with it.
//
// Unlike dlsym() it takes no lock, allocates nothing and exists wherever libc
// keeps dlsym (glibc before 2.34 has it in libdl.so.2): it can run in a signal
// handler, in a vfork child, or inside malloc's first call. What a preloaded
// library finds is in an object that the program was started with; these are
// never unloaded.
//
// The layout read here is the ELF gABI's.
void* NextFunction(const char* name);

// libfilemon.so's own wrapper `name`, or null. As above.
void* WrapperOf(const char* name);

// True if `address` is function `name`, in any of its versions, of the object
// that NextFunction(name) is in. As above.
bool IsNextFunction(const char* name, const void* address);

// True if no object but libfilemon.so and the one that NextFunction(name) is in
// defines `name` now. As above; to be called while no object can be unloaded.
bool HasOneDefinition(const char* name);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_SYMBOL_H_
