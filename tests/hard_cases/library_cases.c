// Libraries whose calls libfilemon.so cannot see.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

#include "tests/programs/case.h"

// Not a part of the program.
static const char kLibrary[] = "libresolv.so.2";

// dlopen() searches along this program's DT_RUNPATH, so it is entered by a
// jump.
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
