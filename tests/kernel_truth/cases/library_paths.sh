# Where ld.so finds libraries, and whether it opens its cache for that.
# needs: gcc
mkdir bin lib
echo 'int q(void) { return 0; }' > q.c
echo 'int q(void); int main(void) { return q(); }' > m.c
gcc -shared -fPIC -o lib/libq.so q.c
gcc -o bin/m m.c -Llib -lq
gcc -o bin/runpath m.c -Llib -lq -Wl,-rpath,'$ORIGIN/../lib'
gcc -o bin/rpath m.c -Llib -lq -Wl,--disable-new-dtags,-rpath,"$PWD/lib"
LD_LIBRARY_PATH=$PWD/lib bin/m
LD_LIBRARY_PATH=lib: bin/m
LD_LIBRARY_PATH='$ORIGIN/../lib' bin/m
(cd lib && LD_LIBRARY_PATH=:/x ../bin/m)
bin/runpath
bin/rpath
LD_LIBRARY_PATH=$PWD/lib:/usr/lib/x86_64-linux-gnu bin/m
# Debian's has a DT_RUNPATH that leads to all of its libraries.
expr 18 + 1
