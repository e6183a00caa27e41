# Programs that no preload reaches, among ones that it does.
# needs: gcc
# untraced: 4
cat > st.c <<'END'
#include <fcntl.h>
#include <unistd.h>
int main(int argc, char** argv) {
  if (open("/dev/null", O_RDONLY) < 0) return 1;
  if (argc > 1) execv(argv[1], argv + 1);
  return 3;
}
END
gcc -static st.c -o st
./st || test $? = 3
(exec ./st) || test $? = 3
./st ./st || test $? = 3
./st /bin/cat st.c
