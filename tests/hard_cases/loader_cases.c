// Programs whose threads are in the dynamic linker, or hold its locks, when
// others come to us.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

// Not a part of the program.
static const char kLibrary[] = "libresolv.so.2";

static int inside[2];  // a pipe: the callback is being called
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void Say(void) { CHECK(write(inside[1], "", 1) == 1); }

// Holds the lock of dl_iterate_phdr() until it has the program's.
static int WaitForMutex(struct dl_phdr_info* info, size_t size, void* data) {
  (void)info;
  (void)size;
  (void)data;
  Say();
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  return 1;
}

static void* Iterate(void* data) {
  dl_iterate_phdr(WaitForMutex, data);
  return NULL;
}

// From here on a thread holds the linker's lock, and waits for this one.
static pthread_t Begin(void) {
  alarm(30);  // who hangs is killed
  CHECK(pipe2(inside, O_CLOEXEC) == 0);
  pthread_mutex_lock(&mutex);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, Iterate, NULL) == 0);
  char byte;
  CHECK(read(inside[0], &byte, 1) == 1);
  return thread;
}

static void Use(const char* name) {
  CHECK(close(open(name, O_CREAT | O_RDWR, 0600)) == 0);
}

static void End(pthread_t thread) {
  pthread_mutex_unlock(&mutex);
  CHECK(pthread_join(thread, NULL) == 0);
}

CASE(exit_while_objects_are_listed) {
  Begin();
  Use("seen");
  exit(0);
}
CASE(fork_while_objects_are_listed) {
  const pthread_t thread = Begin();
  for (int i = 0; i < 2; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(30);
      Use("seen-child");
      if (i == 0) exit(0);
      execl("/bin/true", "true", NULL);
      _exit(1);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
  }
  End(thread);
}
CASE(use_while_objects_are_listed) {
  // This program has a DT_RUNPATH.
  CHECK(dlopen(kLibrary, RTLD_NOW) != NULL);
  const pthread_t thread = Begin();
  Use("seen");
  // Nothing new is loaded, so libc waits for nobody.
  CHECK(dlopen(kLibrary, RTLD_NOW) != NULL);
  CHECK(dlopen("/none/such.so", RTLD_NOW) == NULL);
  CHECK(dlopen(NULL, RTLD_NOW) != NULL);
  Use("seen-too");
  End(thread);
}

static void* LoadAndUnload(void* unused) {
  (void)unused;
  for (int i = 0; i < 200; ++i) {
    void* const library = dlopen(kLibrary, RTLD_NOW);
    CHECK(library != NULL);
    CHECK(dlopen("libabsent.so", RTLD_NOW) == NULL);
    CHECK(dlclose(library) == 0);
  }
  return NULL;
}
CASE(load_and_unload_in_threads) {
  enum { kThreads = 4 };
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    CHECK(pthread_create(&threads[i], NULL, LoadAndUnload, NULL) == 0);
  }
  for (int i = 0; i < 50; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(30);
      Use("seen");
      _exit(0);  // exit() itself waits for a dlopen() that is gone
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
  }
  for (int i = 0; i < kThreads; ++i) {
    CHECK(pthread_join(threads[i], NULL) == 0);
  }
}

// Prints what happens to a program's file when it is executed, twice.
CASE(watched_exec) {
  CHECK(system("cp /bin/true watched") == 0);
  const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  CHECK(watch >= 0 && inotify_add_watch(watch, "watched", IN_OPEN) >= 0);
  for (int i = 0; i < 2; ++i) {
    const pid_t pid = vfork();
    if (pid == 0) {
      execl("./watched", "watched", NULL);
      _exit(1);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    struct inotify_event events[64];
    memset(events, 0, sizeof(events));
    const ssize_t size = read(watch, events, sizeof(events));
    printf("%d opens\n", (int)(size / (ssize_t)sizeof(events[0])));
  }
}

// A plug-in that is linked with libfilemon.so (PLUGIN).
static void UsePlugIn(void* library) {
  if (library == NULL) fprintf(stderr, "%s\n", dlerror());
  CHECK(library != NULL);
  void (*const use)(void) = (void (*)(void))dlsym(library, "PlugIn");
  CHECK(use != NULL);
  use();
}
CASE(plug_in_deepbind) {
  UsePlugIn(dlopen(getenv("PLUGIN"), RTLD_NOW | RTLD_DEEPBIND));
}
CASE(plug_in_namespace) {
  UsePlugIn(dlmopen(LM_ID_NEWLM, getenv("PLUGIN"), RTLD_NOW));
}
