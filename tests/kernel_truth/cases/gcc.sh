# needs: gcc ar
mkdir inc
echo '#define N 3' > inc/n.h
printf '#include "n.h"\nint f(void) { return N; }\n' > f.c
printf 'int f(void);\nint main(void) { return f() - 3; }\n' > main.c
gcc -Iinc -c f.c -o f.o
gcc -pipe -Iinc -O2 -g -c f.c -o g.o
gcc -MMD -MF f.d -Iinc -c f.c -o f.o
ar rcs libf.a f.o
gcc main.c -L. -lf -o prog
./prog
gcc -shared -fPIC -Iinc f.c -o libg.so
gcc main.c -L. -lg -Wl,-rpath,"$PWD" -o prog2
./prog2
gcc -flto -Iinc main.c f.c -o prog3
./prog3
gcc -Iinc -save-temps f.c main.c -o prog4
gcc -E -Iinc f.c > f.i
gcc -c absent.c 2> /dev/null || true
echo 'int main(void) { return 0; }' | gcc -x c - -o prog5
strip prog5
./prog5
nm prog > /dev/null
objdump -d f.o > /dev/null
