# Files that ld.so opens and cannot use, on its way to a library or in vain.
# needs: gcc /usr/lib32/libc.so
mkdir a b c d
echo 'int f(void) { return 1; }' > f.c
gcc -m32 -shared -fPIC f.c -o a/libf.so
gcc -shared -fPIC f.c -o b/libf.so
cp a/libf.so c
echo 'int g(void) { return 1; }' > g.c
gcc -shared -fPIC g.c -o b/libg.so -Lb -Wl,--no-as-needed -lf
gcc -shared -fPIC g.c -o d/libh.so -Lb -Wl,--no-as-needed -lf -Wl,--enable-new-dtags,-rpath,"$PWD/c:$PWD/b"
cat > m.c << 'C'
#include <dlfcn.h>
#include <stdio.h>
int f(void);
int main(int argc, char** argv) {
  f();
  for (int i = 1; i < argc; ++i) printf("%d\n", dlopen(argv[i], RTLD_NOW) != NULL);
  return 0;
}
C
gcc m.c -o m -Lb -lf
gcc m.c -o runpath -Lb -lf -Wl,--enable-new-dtags,-rpath,'$ORIGIN/c:/nowhere:$ORIGIN/b'
gcc m.c -o rpath -Lb -lf -Wl,--disable-new-dtags,-rpath,"$PWD/c:$PWD/a:$PWD/b"
try() { # wanted COMMAND...
  wanted=$1
  shift
  test "$(env "$@" | tr -d '\n')" = "$wanted"
}
try 100 LD_LIBRARY_PATH=a:b ./m b/libg.so /etc/passwd a/libf.so
try 10 LD_LIBRARY_PATH=a:c:b: ./m libg.so libf_absent.so
try 1 LD_LIBRARY_PATH=b ./m d/libh.so
try 11 ./runpath d/libh.so libg.so
try 1 LD_LIBRARY_PATH=a ./runpath libf.so
try 11 ./rpath libg.so "$PWD/d/libh.so"
# An odd preload, which ld.so complains of.
LD_PRELOAD="/etc/passwd:$LD_PRELOAD:$PWD/a/libf.so" LD_LIBRARY_PATH=b ./m 2> complaints
test "$(grep -c 'cannot be preloaded' complaints)" = 2
# Linker scripts that are named like libraries.
try 00 ./runpath libc.so libm_absent.so
