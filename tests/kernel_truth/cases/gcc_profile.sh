# Programs whose run-time library writes a file when they end.
# needs: gcc gcov
printf 'int f(int n) { return n ? f(n - 1) : 0; }\nint main(void) { return f(9); }\n' > p.c
gcc -pg p.c -o pg
./pg
test -s gmon.out
gcc --coverage p.c -o cov
./cov
ls *.gcda
./cov
gcov -t cov-p.c > /dev/null
