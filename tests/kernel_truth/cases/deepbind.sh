# Libraries loaded with RTLD_DEEPBIND find libc before they find anyone else.
# needs: gcc /usr/lib32/libc.so
cat > q.c <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int mine(void);
static int (*const pointer)(const char*) = unlink;
int q(const char* name) {
  char new[64];
  snprintf(new, sizeof(new), "%s.new", name);
  int fd = open(name, O_CREAT | O_RDWR, 0600);
  if (fd < 0 || close(fd) || rename(name, new)) return 1;
  FILE* f = fopen(new, "r");
  if (!f || fclose(f) || pointer(new)) return 2;
  return mine();
}
C
# One that brings a library of its own along, which has a function of libc's
# name: that one stays the library's.
cat > own.c <<'C'
int remove(const char* name) { return name[0] == 'x' ? 0 : 1; }
C
cat > mine.c <<'C'
#include <stdio.h>
int mine(void) { return remove("x"); }
C
cat > m.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    void* h = dlopen(argv[i], (argv[i + 1][0] == 'l' ? RTLD_LAZY : RTLD_NOW) |
                                  RTLD_DEEPBIND);
    if (!h) return puts(dlerror()), 1;
    int (*q)(const char*) = (int (*)(const char*))dlsym(h, "q");
    if (q("data") || q("data")) return 2;
  }
  return 0;
}
C
build() {  # FOLDER FLAGS...
  mkdir "$1"
  d=$1
  shift
  gcc "$@" -shared -fPIC -o $d/libown.so own.c
  gcc "$@" -shared -fPIC -o $d/libmine.so mine.c -L$d -lown '-Wl,-rpath,$ORIGIN'
  for how in lazy:-Wl,-z,lazy now:-Wl,-z,now norelro:-Wl,-z,norelro,-z,lazy \
             noplt:-fno-plt sysv:-Wl,--hash-style=sysv,-z,lazy; do
    gcc "$@" -shared -fPIC ${how#*:} -o $d/lib${how%%:*}.so q.c -L$d -lmine -Wl,--no-as-needed -lown \
      '-Wl,-rpath,$ORIGIN'
  done
  gcc "$@" m.c -o $d/m
}
build 64
build 32 -m32
for d in 64 32; do
  (
    cd $d
    for lib in lazy now norelro noplt sysv; do
      ./m ./lib$lib.so lazy
      ./m ./lib$lib.so now
    done
    ./m ./liblazy.so lazy ./libnow.so now ./liblazy.so lazy
  )
done
