// Programs that use /dev/filemon as they would on FreeBSD. Each case runs
// alone, in an empty folder, with libfilemon.so preloaded or linked; what it
// logs is the business of device_test.cc.
#define _GNU_SOURCE
#include <dev/filemon/filemon.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/case.h"

#define DEVICE "/dev/filemon"

static int OpenDevice(void) {
  const int device = open(DEVICE, O_RDWR | O_CLOEXEC);
  CHECK(device >= 0);
  return device;
}

static int OpenLog(const char* name) {
  const int log = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  CHECK(log >= 0);
  return log;
}

// A device that logs to the file `name`.
static int DeviceFor(const char* name) {
  const int device = OpenDevice();
  int log = OpenLog(name);
  SUCCEEDS(ioctl(device, FILEMON_SET_FD, &log) == 0);
  CHECK(close(log) == 0);
  return device;
}

static void TraceSelf(int device) {
  pid_t pid = getpid();
  SUCCEEDS(ioctl(device, FILEMON_SET_PID, &pid) == 0);
}

// Runs `command` in a child that the device traces; its exit status.
static int RunTraced(int device, const char* command) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    TraceSelf(device);
    execl("/bin/sh", "sh", "-c", command, (char*)NULL);
    _exit(127);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
  return WEXITSTATUS(status);
}

static char g_text[1 << 20];

// The file `name`.
static const char* Text(const char* name) {
  FILE* file = fopen(name, "r");
  CHECK(file != NULL);
  const size_t size = fread(g_text, 1, sizeof(g_text) - 1, file);
  g_text[size] = '\0';
  CHECK(fclose(file) == 0);
  return g_text;
}

static bool Holds(const char* name, const char* text) {
  return strstr(Text(name), text) != NULL;
}

// The log is complete: it ends as a log does, with a newline.
static bool IsComplete(const char* name) {
  static const char kEnd[] = "\n# Bye bye\n";
  const size_t size = strlen(Text(name));
  return size > sizeof(kEnd) &&
         strcmp(g_text + size - (sizeof(kEnd) - 1), kEnd) == 0;
}

// ---- The collector as a process
// ----------------------------------------------

static volatile sig_atomic_t g_children_ended;
static void CountChild(int signal) {
  (void)signal;
  ++g_children_ended;
}

static void HasNoChildren(void) {
  FAILS(ECHILD, wait(NULL) == -1);
  FAILS(ECHILD, waitpid(-1, NULL, WNOHANG) == -1);
  siginfo_t info;
  FAILS(ECHILD, waitid(P_ALL, 0, &info, WEXITED) == -1);
}

// Orphans come to this process, and a collector is nobody's child.
CASE(is_a_subreaper) {
  if (getpid() != 1) CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  CHECK(signal(SIGCHLD, CountChild) != SIG_ERR);
  HasNoChildren();
  const int other = DeviceFor("other");
  for (int i = 1; i <= 3; ++i) {
    const int device = DeviceFor("log");
    HasNoChildren();
    CHECK(RunTraced(device, "exit 3") == 3);
    HasNoChildren();
    CHECK(close(device) == 0);
    CHECK(IsComplete("log") && Holds("log", " 3 0\n"));
    HasNoChildren();
    CHECK(g_children_ended == i);
  }
  CHECK(close(other) == 0);
  // Nor is anything left that only who asks for clones could see.
  FAILS(ECHILD, waitpid(-1, NULL, __WALL | WNOHANG) == -1);
  CHECK(g_children_ended == 3);
}

// ---- The device as a file ---------------------------------------------------

CASE(looks_like_a_character_device) {
  struct stat st;
  CHECK(stat(DEVICE, &st) == 0);
  CHECK(S_ISCHR(st.st_mode) && (st.st_mode & 07777) == 0666);
  CHECK(lstat(DEVICE, &st) == 0);
  CHECK(S_ISCHR(st.st_mode));
  CHECK(fstatat(AT_FDCWD, DEVICE, &st, 0) == 0);
  CHECK(S_ISCHR(st.st_mode));
  struct statx stx;
  CHECK(statx(AT_FDCWD, DEVICE, 0, STATX_MODE, &stx) == 0);
  CHECK(S_ISCHR(stx.stx_mode));
  CHECK(access(DEVICE, F_OK) == 0);
  CHECK(access(DEVICE, R_OK | W_OK) == 0);
  FAILS(EACCES, access(DEVICE, X_OK) == -1);
  CHECK(faccessat(AT_FDCWD, DEVICE, W_OK, AT_EACCESS) == 0);
  CHECK(eaccess(DEVICE, R_OK) == 0);
}

CASE(opens_in_every_way) {
  const int first = open("/dev/null", O_RDONLY);
  CHECK(close(first) == 0);
  int device;
  // As the kernel does: the lowest free number.
  CHECK((device = open(DEVICE, O_RDWR)) == first);
  CHECK(fcntl(device, F_GETFD) == 0);
  CHECK(close(device) == 0);
  CHECK((device = open(DEVICE, O_RDONLY | O_CLOEXEC)) == first);
  CHECK(fcntl(device, F_GETFD) == FD_CLOEXEC);
  CHECK(close(device) == 0);
  CHECK((device = openat(AT_FDCWD, DEVICE, O_WRONLY)) == first);
  CHECK(close(device) == 0);
  FAILS(ENOTDIR, open(DEVICE, O_RDWR | O_DIRECTORY) == -1);
  FAILS(ENOENT, open("/dev/filemons", O_RDWR) == -1);
  // There is nothing to create.
  CHECK((device = open(DEVICE, O_RDWR | O_CREAT, 0644)) == first);
  CHECK(close(device) == 0);
  CHECK((device = creat(DEVICE, 0644)) == first);
  CHECK(close(device) == 0);
  FILE* stream = fopen(DEVICE, "w");
  CHECK(stream != NULL && fclose(stream) == 0);
  CHECK(unlink(DEVICE) == -1);  // there is no such file
  stream = fopen(DEVICE, "r+");
  CHECK(stream != NULL && fileno(stream) == first);
  int log = OpenLog("log");
  CHECK(ioctl(fileno(stream), FILEMON_SET_FD, &log) == 0);
  CHECK(fclose(stream) == 0);
  CHECK(IsComplete("log"));
}

CASE(is_a_character_device_when_open) {
  const int device = OpenDevice();
  struct stat st;
  SUCCEEDS(fstat(device, &st) == 0);
  CHECK(S_ISCHR(st.st_mode));
  SUCCEEDS(fstatat(device, "", &st, AT_EMPTY_PATH) == 0);
  CHECK(S_ISCHR(st.st_mode));
  // Nothing is ever to be read, and nobody waits for that.
  struct pollfd ready = {device, POLLIN | POLLOUT, 0};
  CHECK(poll(&ready, 1, -1) == 1);
  CHECK((ready.revents & (POLLIN | POLLOUT)) == (POLLIN | POLLOUT));
  CHECK((ready.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0);
  char byte;
  SUCCEEDS(read(device, &byte, 1) == 0);
  // A true socket stays one.
  struct stat socket;
  CHECK(fstat(device, &st) == 0);
  CHECK(stat("/dev/null", &socket) == 0 && socket.st_rdev != st.st_rdev);
  CHECK(close(device) == 0);
  FAILS(EBADF, fstat(device, &st) == -1);
}

CASE(knows_two_requests) {
  const int device = OpenDevice();
  int value = 0;
  FAILS(EINVAL, ioctl(device, _IOWR('S', 3, int), &value) == -1);
  FAILS(EINVAL, ioctl(device, FIONREAD, &value) == -1);
  // Every descriptor has these.
  SUCCEEDS(ioctl(device, FIONCLEX) == 0);
  CHECK(fcntl(device, F_GETFD) == 0);
  FAILS(EFAULT, ioctl(device, FILEMON_SET_PID, (void*)8) == -1);
  FAILS(EFAULT, ioctl(device, FILEMON_SET_FD, (void*)8) == -1);
  int ends[2];
  CHECK(pipe(ends) == 0);
  FAILS(ENOTTY, ioctl(ends[0], FILEMON_SET_FD, &value) == -1);
  FAILS(EBADF, ioctl(-1, FILEMON_SET_PID, &value) == -1);
}

// ---- FILEMON_SET_FD ---------------------------------------------------------

CASE(set_fd_errors) {
  const int device = OpenDevice();
  int fd = -1;
  FAILS(EBADF, ioctl(device, FILEMON_SET_FD, &fd) == -1);
  fd = 777;
  FAILS(EBADF, ioctl(device, FILEMON_SET_FD, &fd) == -1);
  fd = open("/dev/null", O_RDONLY);
  FAILS(EBADF, ioctl(device, FILEMON_SET_FD, &fd) == -1);
  fd = open(".", O_RDONLY | O_DIRECTORY);
  FAILS(EBADF, ioctl(device, FILEMON_SET_FD, &fd) == -1);
  fd = epoll_create1(0);
  FAILS(EINVAL, ioctl(device, FILEMON_SET_FD, &fd) == -1);
  fd = eventfd(0, 0);
  FAILS(EINVAL, ioctl(device, FILEMON_SET_FD, &fd) == -1);
  fd = OpenDevice();
  FAILS(EINVAL, ioctl(device, FILEMON_SET_FD, &fd) == -1);
  fd = OpenLog("log");
  SUCCEEDS(ioctl(device, FILEMON_SET_FD, &fd) == 0);
  FAILS(EEXIST, ioctl(device, FILEMON_SET_FD, &fd) == -1);
  CHECK(close(device) == 0);
  CHECK(IsComplete("log"));
}

CASE(writes_the_header_at_once) {
  const int device = OpenDevice();
  int log = OpenLog("log");
  CHECK(write(log, "before\n", 7) == 7);
  CHECK(ioctl(device, FILEMON_SET_FD, &log) == 0);
  char start[64];
  sprintf(start, "before\n# filemon version 5\n# Target pid %d\n# Start ",
          (int)getpid());
  CHECK(strncmp(Text("log"), start, strlen(start)) == 0);
  // The offset is shared, as with the kernel.
  CHECK(lseek(log, 0, SEEK_CUR) == (off_t)strlen(Text("log")));
  CHECK(RunTraced(device, ": > made") == 0);
  CHECK(close(device) == 0);
  CHECK(write(log, "after\n", 6) == 6);
  const char* text = Text("log");
  CHECK(strcmp(text + strlen(text) - 16, "# Bye bye\nafter\n") == 0);
}

CASE(logs_to_a_pipe) {
  const int device = OpenDevice();
  int ends[2];
  CHECK(pipe(ends) == 0);
  CHECK(ioctl(device, FILEMON_SET_FD, &ends[1]) == 0);
  CHECK(close(ends[1]) == 0);
  CHECK(close(device) == 0);
  // The reader finds the end: nobody keeps the pipe.
  size_t size = 0;
  for (ssize_t n = 1; n > 0; size += n) {
    n = read(ends[0], g_text + size, sizeof(g_text) - size - 1);
    CHECK(n >= 0);
  }
  CHECK(strstr(g_text, "# Bye bye\n") != NULL);
}

// ---- FILEMON_SET_PID --------------------------------------------------------

CASE(traces_a_forked_child) {
  const int device = DeviceFor("log");
  CHECK(RunTraced(device, ": > seen-1; cat seen-1; exit 3") == 3);
  SUCCEEDS(close(device) == 0);
  CHECK(IsComplete("log"));
}

// As bmake does it. Nothing of the parent's state may change by that.
CASE(traces_a_vforked_child) {
  const int device = DeviceFor("log");
  for (int i = 0; i < 3; ++i) {
    const pid_t child = vfork();
    CHECK(child >= 0);
    if (child == 0) {
      pid_t self = getpid();
      if (ioctl(device, FILEMON_SET_PID, &self) != 0) _exit(99);
      close(open("seen-before-exec", O_CREAT | O_WRONLY, 0644));
      execl("/bin/sh", "sh", "-c", ": > seen-after-exec", (char*)NULL);
      _exit(98);
    }
    MakeFile("unseen");
    ExpectExit(child, 0);
    MakeFile("unseen");
    CHECK(getenv("FILEMON_SESSION") == NULL);
  }
  SUCCEEDS(close(device) == 0);
  CHECK(IsComplete("log"));
  CHECK(!Holds("log", "unseen"));
}

static void* OpenFiles(void* stop) {
  while (!__atomic_load_n((bool*)stop, __ATOMIC_RELAXED)) {
    close(open("/dev/null", O_RDONLY));
    MakeFile("unseen");
  }
  return NULL;
}

// The parent's other threads go on while its vfork child is traced.
CASE(traces_a_vforked_child_of_threads) {
  bool stop = false;
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) {
    CHECK(pthread_create(&threads[i], NULL, OpenFiles, &stop) == 0);
  }
  for (int i = 0; i < 20; ++i) {
    const int device = DeviceFor("log");
    const pid_t child = vfork();
    if (child == 0) {
      pid_t self = getpid();
      if (ioctl(device, FILEMON_SET_PID, &self) != 0) _exit(99);
      close(open("seen-1", O_CREAT | O_WRONLY, 0644));
      execl("/bin/true", "true", (char*)NULL);
      _exit(98);
    }
    ExpectExit(child, 0);
    CHECK(close(device) == 0);
    CHECK(Holds("log", "seen-1") && !Holds("log", "unseen"));
  }
  __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
  for (int i = 0; i < 4; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
}

CASE(traces_itself) {
  MakeFile("unseen");
  const int device = DeviceFor("log");
  TraceSelf(device);
  MakeFile("seen-1");
  SUCCEEDS(close(device) == 0);
  CHECK(IsComplete("log"));
  MakeFile("unseen-after");
  CHECK(Holds("log", "seen-1") && !Holds("log", "unseen"));
}

// A child that is traced by its parent's word: it has loaded the library, and
// waits for a byte meanwhile.
static pid_t StartWaiting(int* go) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    char byte;
    MakeFile("unseen");
    CHECK(read(ends[0], &byte, 1) == 1);
    MakeFile("seen-1");
    CHECK(system("cat seen-1 > /dev/null") == 0);
    _exit(5);
  }
  close(ends[0]);
  *go = ends[1];
  return child;
}

CASE(traces_another_process) {
  int go;
  const pid_t child = StartWaiting(&go);
  const int device = DeviceFor("log");
  pid_t target = child;
  SUCCEEDS(ioctl(device, FILEMON_SET_PID, &target) == 0);
  CHECK(write(go, "", 1) == 1);
  ExpectExit(child, 5);
  SUCCEEDS(close(device) == 0);
  CHECK(IsComplete("log"));
  CHECK(!Holds("log", "unseen"));
}

CASE(set_pid_errors) {
  const int device = DeviceFor("log");
  // A pid that was in use and is no more.
  pid_t gone = fork();
  if (gone == 0) _exit(0);
  CHECK(waitpid(gone, NULL, 0) == gone);
  FAILS(ESRCH, ioctl(device, FILEMON_SET_PID, &gone) == -1);
  pid_t none = 0;
  FAILS(ESRCH, ioctl(device, FILEMON_SET_PID, &none) == -1);
  none = -1;
  FAILS(ESRCH, ioctl(device, FILEMON_SET_PID, &none) == -1);
  // Traced by another session.
  int go;
  pid_t child = StartWaiting(&go);
  const int other = DeviceFor("other");
  SUCCEEDS(ioctl(other, FILEMON_SET_PID, &child) == 0);
  FAILS(EBUSY, ioctl(device, FILEMON_SET_PID, &child) == -1);
  // The same session may, and so may the process itself.
  SUCCEEDS(ioctl(other, FILEMON_SET_PID, &child) == 0);
  CHECK(write(go, "", 1) == 1);
  ExpectExit(child, 5);
  TraceSelf(other);
  TraceSelf(device);
  MakeFile("seen-1");
  CHECK(close(other) == 0);
  CHECK(close(device) == 0);
  CHECK(Holds("log", "seen-1"));
}

// A process without the library: it was executed with an empty environment by a
// process that is not traced.
CASE(set_pid_of_the_unreachable) {
  const int device = DeviceFor("log");
  int ends[2];
  CHECK(pipe(ends) == 0);
  pid_t child = fork();
  if (child == 0) {
    char* const argv[] = {"cat", NULL};
    char* const environment[] = {NULL};
    dup2(ends[0], 0);
    close(ends[1]);
    execve("/bin/cat", argv, environment);
    _exit(127);
  }
  // It has been replaced when the descriptor of the exec'ing image is closed.
  char path[64], target[256];
  sprintf(path, "/proc/%d/exe", (int)child);
  ssize_t n;
  do {
    n = readlink(path, target, sizeof(target) - 1);
    CHECK(n > 0);
    target[n] = '\0';
  } while (strstr(target, "/cat") == NULL);
  FAILS(EPERM, ioctl(device, FILEMON_SET_PID, &child) == -1);
  CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
  ExpectExit(child, 0);
  CHECK(close(device) == 0);
}

// Run as an ordinary user, by secure_test.cc.
CASE(set_pid_of_another_user) {
  if (geteuid() == 0) return;
  const int device = DeviceFor("log");
  pid_t init = 1;
  FAILS(EPERM, ioctl(device, FILEMON_SET_PID, &init) == -1);
  CHECK(close(device) == 0);
}

// As bmake does in compat mode: one device, and SET_PID for each command.
CASE(moves_from_one_to_the_next) {
  const int device = DeviceFor("log");
  CHECK(RunTraced(device, ": > seen-1") == 0);
  CHECK(RunTraced(device, ": > seen-2") == 0);
  CHECK(RunTraced(device, ": > seen-3; exit 7") == 7);
  SUCCEEDS(close(device) == 0);
  CHECK(IsComplete("log"));
}

// ---- Descriptors ------------------------------------------------------------

CASE(ends_with_the_last_descriptor) {
  int device = DeviceFor("log");
  const int copy = dup(device);
  const int high = fcntl(device, F_DUPFD_CLOEXEC, 100);
  CHECK(copy > device && high >= 100);
  CHECK(RunTraced(copy, ": > seen-1") == 0);
  SUCCEEDS(close(device) == 0);
  SUCCEEDS(close(copy) == 0);
  CHECK(!IsComplete("log"));
  CHECK(RunTraced(high, ": > seen-2") == 0);
  SUCCEEDS(close(high) == 0);
  CHECK(IsComplete("log"));
  CHECK(Holds("log", "seen-1") && Holds("log", "seen-2"));
}

CASE(ends_by_dup2) {
  const int device = DeviceFor("log");
  const int null = open("/dev/null", O_RDONLY);
  SUCCEEDS(dup2(device, device) == device);
  CHECK(!IsComplete("log"));
  FAILS(EBADF, dup2(999, device) == -1);
  CHECK(!IsComplete("log"));
  SUCCEEDS(dup2(null, device) == device);
  CHECK(IsComplete("log"));
  // The number is another file's now.
  SUCCEEDS(close(device) == 0);
}

CASE(ends_by_close_range) {
  const int device = DeviceFor("log");
  const int second = DeviceFor("second");
  CHECK(close_range(device, second, CLOSE_RANGE_CLOEXEC) == 0);
  CHECK(!IsComplete("log"));
  CHECK(close_range(device, second, 0) == 0);
  CHECK(IsComplete("log") && IsComplete("second"));
  DeviceFor("third");
  closefrom(3);
  CHECK(IsComplete("third"));
}

CASE(is_kept_by_a_child) {
  const int device = DeviceFor("log");
  int ends[2];
  CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte;
    close(ends[1]);
    CHECK(read(ends[0], &byte, 1) == 0);
    _exit(close(device) == 0 && IsComplete("log") ? 0 : 1);
  }
  SUCCEEDS(close(device) == 0);  // and does not wait for the child
  CHECK(!IsComplete("log"));
  CHECK(close(ends[1]) == 0);
  ExpectExit(child, 0);
}

// Inherited over an exec: by `sh`, which hands it on to us again.
CASE(is_inherited_over_exec) {
  int device = DeviceFor("log");
  if (fcntl(device, F_SETFD, 0) != 0) _exit(1);
  char command[4200], self[4096];
  const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
  CHECK(n > 0);
  self[n] = '\0';
  sprintf(command, "exec %s use_inherited_device", self);
  char number[16];
  sprintf(number, "%d", device);
  CHECK(setenv("DEVICE", number, 1) == 0);
  execl("/bin/sh", "sh", "-c", command, (char*)NULL);
  CHECK(false);
}
CASE(use_inherited_device) {
  const char* number = getenv("DEVICE");
  if (number == NULL) return;
  const int device = atoi(number);
  // Its use tells the library that it is there.
  int log = OpenLog("other");
  FAILS(EEXIST, ioctl(device, FILEMON_SET_FD, &log) == -1);
  CHECK(RunTraced(device, ": > seen-1") == 0);
  SUCCEEDS(close(device) == 0);
  CHECK(IsComplete("log"));
}

CASE(many_at_once) {
  enum { kCount = 40 };
  int device[kCount];
  pid_t child[kCount];
  char name[32], command[64];
  for (int i = 0; i < kCount; ++i) {
    sprintf(name, "log-%d", i);
    device[i] = DeviceFor(name);
  }
  for (int i = 0; i < kCount; ++i) {
    sprintf(command, ": > own-%d.; cat own-%d. > /dev/null", i, i);
    child[i] = vfork();
    CHECK(child[i] >= 0);
    if (child[i] == 0) {
      pid_t self = getpid();
      if (ioctl(device[i], FILEMON_SET_PID, &self) != 0) _exit(99);
      execl("/bin/sh", "sh", "-c", command, (char*)NULL);
      _exit(98);
    }
  }
  for (int i = 0; i < kCount; ++i) ExpectExit(child[i], 0);
  for (int i = 0; i < kCount; ++i) {
    CHECK(close(device[i]) == 0);
    sprintf(name, "log-%d", i);
    CHECK(IsComplete(name));
    for (int j = 0; j < kCount; ++j) {
      sprintf(command, "own-%d.", j);
      CHECK(Holds(name, command) == (i == j));
    }
  }
}

CASE(many_processes_at_once) {
  enum { kCount = 8 };
  pid_t child[kCount];
  char name[32], command[64];
  for (int i = 0; i < kCount; ++i) {
    child[i] = fork();
    CHECK(child[i] >= 0);
    if (child[i] != 0) continue;
    for (int round = 0; round < 5; ++round) {
      sprintf(name, "log-%d", i);
      sprintf(command, ": > own-%d.", i);
      const int device = DeviceFor(name);
      CHECK(RunTraced(device, command) == 0);
      CHECK(close(device) == 0);
      CHECK(IsComplete(name));
      sprintf(command, "own-%d.", i);
      CHECK(Holds(name, command));
      CHECK(!Holds(name, i == 0 ? "own-1." : "own-0."));
    }
    _exit(0);
  }
  for (int i = 0; i < kCount; ++i) ExpectExit(child[i], 0);
}

CASE(without_free_descriptors) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = 64;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  int last = -1, fd;
  while ((fd = open("/dev/null", O_RDONLY)) >= 0) last = fd;
  CHECK(errno == EMFILE && last > 0);
  FAILS(EMFILE, open(DEVICE, O_RDWR) == -1);
  for (int i = 0; i < 4; ++i) CHECK(close(last - i) == 0);
  const int device = OpenDevice();
  CHECK(close(device) == 0);
}

// ---- The end ----------------------------------------------------------------

CASE(exits_without_close) {
  const int device = DeviceFor("log");
  CHECK(RunTraced(device, ": > seen-1") == 0);
  exit(0);
}
CASE(ends_at_once_without_close) {
  const int device = DeviceFor("log");
  CHECK(RunTraced(device, ": > seen-1") == 0);
  _exit(0);
}
CASE(exits_traced_without_close) {
  TraceSelf(DeviceFor("log"));
  MakeFile("seen-1");
  exit(0);
}

// A closing process never waits for what a job has left behind.
CASE(leaves_a_daemon) {
  const int device = DeviceFor("log");
  int ends[2];
  CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    TraceSelf(device);
    if (fork() == 0) {
      char byte;
      setsid();
      close(ends[1]);
      // Until the program that left it ends.
      _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(device);
    MakeFile("seen-1");
    _exit(0);
  }
  ExpectExit(child, 0);
  // The daemon has a descriptor of the device as well; a job of bmake's has
  // not, for it is executed.
  SUCCEEDS(close(device) == 0);
}
CASE(leaves_an_executed_daemon) {
  const int device = DeviceFor("log");
  int ends[2];
  CHECK(pipe(ends) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0);
  char command[128];
  sprintf(command, "exec 3<&%d; { setsid cat <&3; } > /dev/null & : > seen-1",
          ends[0]);
  CHECK(RunTraced(device, command) == 0);
  SUCCEEDS(close(device) == 0);
  CHECK(IsComplete("log"));
}

CASE(close_tells_of_a_full_disk) {
  const int device = OpenDevice();
  int full = open("/dev/full", O_WRONLY);
  CHECK(ioctl(device, FILEMON_SET_FD, &full) == 0);
  CHECK(RunTraced(device, ":") == 0);
  FAILS(ENOSPC, close(device) == -1);
  FAILS(EBADF, close(device) == -1);
}
CASE(close_tells_of_a_lost_reader) {
  const int device = OpenDevice();
  int ends[2];
  CHECK(pipe(ends) == 0);
  CHECK(ioctl(device, FILEMON_SET_FD, &ends[1]) == 0);
  CHECK(close(ends[0]) == 0);
  CHECK(RunTraced(device, ":") == 0);
  FAILS(EPIPE, close(device) == -1);
}

// Not a child that could be waited for, and not in our process group.
CASE(collector_is_nobodys_child) {
  CHECK(setpgid(0, 0) == 0);
  const int device = DeviceFor("log");
  FAILS(ECHILD, waitpid(-1, NULL, __WALL | WNOHANG) == -1);
  CHECK(RunTraced(device, ":") == 0);
  FAILS(ECHILD, waitpid(-1, NULL, __WALL | WNOHANG) == -1);
  // ^C, and a program that ends its own process group.
  CHECK(signal(SIGTERM, SIG_IGN) != SIG_ERR);
  CHECK(kill(0, SIGTERM) == 0);
  SUCCEEDS(close(device) == 0);
  CHECK(IsComplete("log"));
}

static volatile sig_atomic_t g_children_ended;
static void OnChild(int signal) {
  (void)signal;
  ++g_children_ended;
}
CASE(collector_sends_no_sigchld) {
  CHECK(signal(SIGCHLD, OnChild) != SIG_ERR);
  const int device = DeviceFor("log");
  CHECK(close(device) == 0);
  CHECK(g_children_ended == 0);
}

// ---- Nothing to do ----------------------------------------------------------

// Every kind of wrapped call that does not make a process, $COUNT times:
// dormant_test.cc counts the system calls that this takes.
CASE(calls_many_times) {
  const char* count = getenv("COUNT");
  struct stat st;
  char path[64];
  for (int i = count != NULL ? atoi(count) : 1; i > 0; --i) {
    const int fd = open("file", O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    int pending;
    CHECK(ioctl(fd, FIONREAD, &pending) == 0);
    CHECK(fstat(fd, &st) == 0);
    CHECK(fcntl(fd, F_GETFD) == 0);
    CHECK(dup2(fd, 50) == 50 && close(50) == 0);
    CHECK(close(dup(fd)) == 0);
    CHECK(close(fd) == 0);
    CHECK(stat("file", &st) == 0 && lstat("file", &st) == 0);
    CHECK(access("file", R_OK) == 0);
    FILE* const stream = fopen("file", "r");
    CHECK(stream != NULL && fclose(stream) == 0);
    CHECK(symlink("file", "link") == 0 && rename("link", "other") == 0);
    CHECK(link("file", "hard") == 0 && unlink("hard") == 0);
    CHECK(remove("other") == 0);
    CHECK(mkdir("dir", 0700) == 0 && chdir("dir") == 0 && chdir("..") == 0);
    CHECK(rmdir("dir") == 0);
    strcpy(path, "XXXXXX");
    CHECK(close(mkstemp(path)) == 0 && unlink(path) == 0);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1);
  }
}
