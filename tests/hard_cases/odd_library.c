// A library without start files.
#include <dlfcn.h>

// Not a tail call: the return address is to be in this library.
void* Load(const char* name, int flags) {
  void* volatile handle = dlopen(name, flags);
  return handle;
}
