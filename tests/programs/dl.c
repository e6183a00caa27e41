// Libraries loaded by name.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <nl_types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/programs/case.h"

// Neither is a part of the program; libz needs libc only, libpam would be more.
static const char kByName[] = "libresolv.so.2";
static const char kByPath[] = "/lib/x86_64-linux-gnu/libnsl.so.1";

CASE(dlopen) {
  void* library = dlopen(kByName, RTLD_NOW);
  CHECK(library != NULL);
  CHECK(dlopen(kByName, RTLD_NOW) == library);
  CHECK(dlclose(library) == 0);
  CHECK(dlclose(library) == 0);
  CHECK(dlopen(kByPath, RTLD_LAZY) != NULL);
  CHECK(dlopen("libabsent.so", RTLD_NOW) == NULL);
  CHECK(strstr(dlerror(), "libabsent.so") != NULL);
  CHECK(dlopen(NULL, RTLD_NOW) != NULL);
}
CASE(dlopen_with_dependencies) {
  CHECK(dlopen("libstdc++.so.6", RTLD_NOW) != NULL);
}
CASE(dlmopen) { CHECK(dlmopen(LM_ID_BASE, kByName, RTLD_NOW) != NULL); }
CASE(dlmopen_new_namespace) {
  CHECK(dlmopen(LM_ID_NEWLM, kByName, RTLD_NOW) != NULL);
}

CASE(catopen) {
  // A catalogue is not needed to open one; gencat makes it where there is one.
  CHECK(catopen("absent", 0) == (nl_catd)-1);
  CHECK(catopen("./absent", 0) == (nl_catd)-1);
  MakeScript("m.msg", "$set 1\n1 text\n");
  if (system("gencat m.cat m.msg") != 0) {
    fprintf(stderr, "no gencat: only the failures are tried\n");
    return;
  }
  CHECK(catopen("./m.cat", 0) != (nl_catd)-1);
  CHECK(setenv("NLSPATH", "%N.cat", 1) == 0);
  CHECK(catopen("m", 0) != (nl_catd)-1);
}
