// Libraries loaded by name.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <nl_types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
// What was unloaded is opened again.
CASE(dlclose) {
  for (int i = 0; i < 3; ++i) {
    void* const library = dlopen(i < 2 ? kByPath : kByName, RTLD_NOW);
    CHECK(library != NULL);
    CHECK(dlclose(library) == 0);
  }
  CHECK(dlopen("/none/such.so", RTLD_NOW) == NULL);
  CHECK(dlopen("/dev/null", RTLD_NOW) == NULL);
  CHECK(dlopen(kByName, RTLD_NOW | RTLD_NOLOAD) == NULL);
}
CASE(dlopen_with_dependencies) {
  CHECK(dlopen("libstdc++.so.6", RTLD_NOW) != NULL);
}
CASE(dlmopen) { CHECK(dlmopen(LM_ID_BASE, kByName, RTLD_NOW) != NULL); }
CASE(dlmopen_new_namespace) {
  CHECK(dlmopen(LM_ID_NEWLM, kByName, RTLD_NOW) != NULL);
}

// The first is the program itself; filemon's library is one like the others.
static int CountObject(struct dl_phdr_info* info, size_t size, void* count) {
  CHECK(size >= sizeof(*info));
  CHECK(*(int*)count > 0 || info->dlpi_name[0] == '\0');
  ++*(int*)count;
  return *(int*)count == 2 ? 42 : 0;
}
CASE(dl_iterate_phdr) {
  int count = 0;
  CHECK(dl_iterate_phdr(CountObject, &count) == 42);
  CHECK(count == 2);
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
  // Where NLSPATH leads, only libc knows: one of the opens that may be missing.
  CHECK(mkdir("LC_MESSAGES", 0755) == 0);
  CHECK(rename("m.cat", "LC_MESSAGES/m.cat") == 0);
  CHECK(setenv("NLSPATH", "LC_MESSAGES/%N.cat", 1) == 0);
  CHECK(catopen("m", 0) != (nl_catd)-1);
}
