# Who lists the libraries of a program shall not find ours.
# needs: gcc musl-gcc musl-ldd ldd /lib32/libc.so.6 /lib64/ld-linux-x86-64.so.2
# untraced: 20
check() { # COMMAND...
  "$@" > list
  grep -q 'libc\.' list
  if grep filemon list; then exit 1; fi
}
ld=/lib64/ld-linux-x86-64.so.2
check ldd /bin/ls
check env -u LD_PRELOAD ldd /bin/ls
check env -i PATH="$PATH" ldd /bin/ls
check $ld --list /bin/ls
check $ld --inhibit-cache --list /bin/ls
check env LD_TRACE_LOADED_OBJECTS=1 /bin/ls
check env LD_TRACE_LOADED_OBJECTS= /bin/ls
echo 'int main(void) { return 0; }' > m.c
musl-gcc m.c -o m
check musl-ldd ./m
# It is seen again when it runs.
cat list
