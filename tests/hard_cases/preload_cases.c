// Programs that share their process with other libraries that stand in for
// libc's functions.
#define _GNU_SOURCE
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

static int PrintObject(struct dl_phdr_info* object, size_t size, void* data) {
  (void)size;
  (void)data;
  if (strstr(object->dlpi_name, "libfilemon.so") == NULL) {
    puts(object->dlpi_name);
  }
  return 0;
}

// The objects of this process in the order in which symbols are sought.
CASE(order) { dl_iterate_phdr(PrintObject, NULL); }

enum { kThreads = 8, kRounds = 200 };

static void* Allocate(void* data) {
  char* blocks[32] = {NULL};
  for (int i = 0; i < kRounds; ++i) {
    char** const block = &blocks[i % 32];
    const size_t size = 1 + (size_t)i * 37 % 5000;
    free(*block);
    *block = malloc(size);
    CHECK(*block != NULL);
    memset(*block, i, size);
    *block = realloc(*block, 2 * size);
    CHECK((*block)[size - 1] == (char)i);
  }
  for (int i = 0; i < 32; ++i) free(blocks[i]);
  FILE* const file = fopen(data, "w");
  CHECK(file != NULL);
  CHECK(fputs("text\n", file) >= 0);
  CHECK(fclose(file) == 0);
  return NULL;
}

// Memory from several threads, files, children.
CASE(work) {
  static char names[kThreads][8];
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    snprintf(names[i], sizeof(names[i]), "seen-%d", i);
    CHECK(pthread_create(&threads[i], NULL, Allocate, names[i]) == 0);
  }
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  const pid_t pid = fork();
  if (pid == 0) {
    Allocate("seen-fork");
    exit(3);
  }
  ExpectExit(pid, 3);
  CHECK(system("echo shell > seen-shell") == 0);
  CHECK(rename("seen-shell", "seen-moved") == 0);
  FILE* const shell = popen("cat seen-moved", "r");
  CHECK(shell != NULL);
  for (int c; (c = fgetc(shell)) != EOF;) putchar(c);
  CHECK(pclose(shell) == 0);
  CHECK(unlink("seen-moved") == 0);
}

CASE(overflow) {
  CHECK(open("seen", O_WRONLY | O_CREAT, 0666) >= 0);
  char* volatile block = malloc(10);
  block[10] = 1;
  free(block);
}

CASE(leak) {
  CHECK(open("seen", O_WRONLY | O_CREAT, 0666) >= 0);
  static char* volatile block;
  block = malloc(4711);
  CHECK(block != NULL);
  block = NULL;
}

static int shared;
static void* Race(void* data) {
  (void)data;
  ++shared;
  return NULL;
}
CASE(race) {
  CHECK(open("seen", O_WRONLY | O_CREAT, 0666) >= 0);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, Race, NULL) == 0);
  Race(NULL);
  pthread_join(thread, NULL);
}
