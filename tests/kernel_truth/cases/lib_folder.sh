# A dynamic linker for which $LIB is `lib`, as on Arch and Void.
# needs: gcc perl /lib64/ld-linux-x86-64.so.2
perl -pe 's,\0lib/x86_64-linux-gnu\0,\0lib/././././././././\0,' /lib64/ld-linux-x86-64.so.2 > ld.so
if cmp -s ld.so /lib64/ld-linux-x86-64.so.2; then exit 1; fi
chmod +x ld.so
echo '#include <fcntl.h>
int main(void) { return open("m.c", O_RDONLY) < 0; }' > m.c
gcc m.c -o m -Wl,--dynamic-linker="$PWD/ld.so"
./m 2> complaints
./m 2>> complaints
env -i ./m 2>> complaints
test ! -s complaints
