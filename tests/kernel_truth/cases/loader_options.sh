# What ld.so opens besides libraries, and programs that are run through it.
# needs: gcc /lib64/ld-linux-x86-64.so.2 /usr/bin/env
echo text > f
echo 'unsigned la_version(unsigned v) { return v; }' > au.c
gcc -shared -fPIC au.c -o au.so
gcc -shared -fPIC au.c -o needy.so -Wl,--no-as-needed -lm -lc
echo 'unsigned la_version(unsigned v) { return 0; }' > no.c
gcc -shared -fPIC no.c -o no.so
LD_AUDIT=$PWD/au.so cat f
LD_AUDIT=$PWD/needy.so:$PWD/au.so cat f
LD_AUDIT=$PWD/no.so cat f
LD_DEBUG=files LD_DEBUG_OUTPUT=$PWD/dbg cat f
LD_DEBUG_OUTPUT=$PWD/none cat f
LD_PROFILE=libc.so.6 LD_PROFILE_OUTPUT=$PWD cat f
LD_PROFILE=libabsent.so LD_PROFILE_OUTPUT=$PWD cat f
ld=/lib64/ld-linux-x86-64.so.2
mkdir b
echo 'int f(void) { return 1; }' > f.c
gcc -shared -fPIC f.c -o b/libf.so
echo 'int f(void); int main(void) { return f() - 1; }' > m.c
gcc m.c -o m -Lb -lf
$ld --inhibit-cache /bin/cat f
$ld --library-path b ./m
$ld --library-path /none:b --argv0 other ./m
$ld --preload "$PWD/b/libf.so" /bin/cat f
$ld --audit "$PWD/au.so" /bin/cat f
LD_LIBRARY_PATH=b $ld ./m
env -i $ld /bin/cat f
(cd /lib64 && exec ./ld-linux-x86-64.so.2 /bin/cat /etc/hostname)
# From there on as ever.
$ld /bin/sh -c 'cat f; cat f'
