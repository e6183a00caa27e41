#include <dlfcn.h>
#include <stdio.h>

#include "geometry.h"
#include "names.h"
#include "version.h"

// Reads "WIDTH HEIGHT" lines; the plugin knows the title.
int main(int argc, char** argv) {
  void* plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (plugin == NULL) return 1;
  const char* (*title)(void) = (const char* (*)(void))dlsym(plugin, "Title");
  Shape shapes[16];
  int count = 0;
  while (count < 16 &&
         scanf("%d %d", &shapes[count].width, &shapes[count].height) == 2) {
    ++count;
  }
  printf("%s %s: %d of %d by %s\n", title(), VERSION, Total(shapes, count),
         count, kNames[0]);
  return 0;
}
