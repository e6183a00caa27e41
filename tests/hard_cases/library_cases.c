// Libraries whose calls libfilemon.so cannot see.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

#include "tests/programs/case.h"

// Not a part of the program.
static const char kLibrary[] = "libresolv.so.2";

// dlopen() searches along this program's DT_RUNPATH.
CASE(deepbind_along_the_run_path) {
  CHECK(dlopen(kLibrary, RTLD_NOW | RTLD_DEEPBIND) != NULL);
}
CASE(namespace_along_the_run_path) {
  CHECK(dlmopen(LM_ID_NEWLM, kLibrary, RTLD_NOW) != NULL);
}
CASE(namespace_by_path) {
  CHECK(dlmopen(LM_ID_NEWLM, "/lib/x86_64-linux-gnu/libresolv.so.2",
                RTLD_NOW) != NULL);
}

CASE(deepbind_by_an_odd_library) {
  void* const odd = dlopen(getenv("ODD_LIBRARY"), RTLD_NOW);
  CHECK(odd != NULL);
  void* (*const load)(const char*, int) =
      (void* (*)(const char*, int))dlsym(odd, "Load");
  CHECK(load(kLibrary, RTLD_NOW | RTLD_DEEPBIND) != NULL);
}
