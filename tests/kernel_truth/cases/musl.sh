# A program of another libc.
# needs: musl-gcc
# gap: R . (O_RDONLY|O_LARGEFILE|O_CLOEXEC|O_DIRECTORY) because glob() of musl has no GLOB_ALTDIRFUNC to see it by
cat > p.c <<'END'
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
extern char** environ;
int main(void) {
  FILE* f = fopen("made", "w");
  if (!f || fputs("text\n", f) < 0 || fclose(f)) return 1;
  if (open("made", O_RDWR) < 0 || creat("other", 0600) < 0) return 2;
  if (rename("other", "new") || link("new", "l") || symlink("new", "s")) return 3;
  if (unlink("l") || remove("s")) return 4;
  int fd = open(".", O_RDONLY | O_DIRECTORY);
  if (openat(fd, "made", O_RDONLY) < 0 || opendir(".") == NULL) return 5;
  char name[] = "tXXXXXX";
  if (mkstemp(name) < 0) return 6;
  if (system("cat made")) return 7;
  pid_t pid;
  char* argv[] = {"cat", "made", NULL};
  if (posix_spawn(&pid, "/bin/cat", NULL, NULL, argv, environ)) return 8;
  if (waitpid(pid, NULL, 0) != pid) return 9;
  if ((pid = fork()) == 0) { chdir("/"); _exit(3); }
  if (waitpid(pid, NULL, 0) != pid) return 10;
  f = popen("cat made", "r");
  if (!f) return 11;
  while (fgetc(f) != EOF) {
  }
  if (pclose(f)) return 11;
  glob_t g;
  if (glob("*", 0, NULL, &g)) return 12;
  execl("/bin/cat", "cat", "made", (char*)NULL);
  return 13;
}
END
musl-gcc p.c -o p
./p
