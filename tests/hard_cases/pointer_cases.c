// Calls every wrapped function with pointers that lead nowhere, each call in a
// process of its own, and prints what came of it: the same with filemon as
// without it. `pointer_cases --list` prints the names, `pointer_cases SHARD
// SHARDS` makes the calls.
//
// A function takes up to six words here, integers and pointers alike, which is
// how the calling convention of 64-bit machines passes both.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <link.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

enum { kPage = 4096, kArguments = 6 };

// What a pointer argument is when another one is bad.
enum Good {
  kNumber,  // no pointer
  kNull,
  kFile,       // a file that is there
  kNew,        // a name that is not
  kFolder,     // a folder
  kTemplate,   // of mkstemp()
  kRead,       // a mode of fopen()
  kCommand,    // of a shell
  kProgram,    // /bin/true
  kArgv,       // its arguments
  kEnviron,    // an environment
  kPaths,      // of fts_open()
  kMemory,     // a page to be written
  kStream,     // a FILE
  kShell,      // of popen()
  kDirectory,  // a DIR
  kWalk,       // an FTS
  kActions,    // of posix_spawn()
  kVisit,      // functions
  kVisitTree,
  kStart,
  kStack,  // the end of one
};

struct Argument {
  enum Good good;
  long number;
};
#define N(value) \
  { kNumber, value }
#define P(good) \
  { good, 0 }

struct Row {
  const char* name;
  long number;  // of a system call
  struct Argument argument[kArguments];
};

// Functions that take no pointer have no arguments here, and are not called.
static const struct Row rows[] = {
#define ROW(name, ...)        \
  {                           \
    name, -1, { __VA_ARGS__ } \
  }
#define NO_POINTERS(name) \
  {                       \
    name, -1, { N(0) }    \
  }
#define OPEN(name) ROW(name, P(kFile), N(O_RDONLY), N(0))
#define OPENAT(name) ROW(name, N(AT_FDCWD), P(kFile), N(O_RDONLY), N(0))
    OPEN("open"),
    OPEN("open64"),
    OPEN("__open"),
    OPEN("__open64"),
    OPEN("__open_2"),
    OPEN("__open64_2"),
    OPENAT("openat"),
    OPENAT("openat64"),
    OPENAT("__openat_2"),
    OPENAT("__openat64_2"),
    ROW("open", P(kNew), N(O_RDWR | O_CREAT), N(0600)),
    ROW("open", P(kFolder), N(O_RDONLY | O_DIRECTORY), N(0)),
    ROW("openat", N(AT_FDCWD), P(kFile), N(O_RDWR | O_CREAT), N(0600)),
    ROW("openat", N(100), P(kFile), N(O_RDONLY), N(0)),
    ROW("openat2", N(AT_FDCWD), P(kFile), P(kMemory), N(24)),
    ROW("creat", P(kNew), N(0600)),
    ROW("creat64", P(kNew), N(0600)),
    ROW("open_by_handle_at", N(AT_FDCWD), P(kMemory), N(O_RDONLY)),

#define FOPEN(name) ROW(name, P(kFile), P(kRead))
    FOPEN("fopen"),
    FOPEN("fopen64"),
    FOPEN("_IO_fopen"),
    FOPEN("setmntent"),
    FOPEN("__setmntent"),
    ROW("freopen", P(kFile), P(kRead), P(kStream)),
    ROW("freopen64", P(kFile), P(kRead), P(kStream)),
    ROW("fclose", P(kStream)),
    ROW("_IO_fclose", P(kStream)),

    ROW("opendir", P(kFolder)),
    ROW("closedir", P(kDirectory)),
    ROW("readdir", P(kDirectory)),
    ROW("readdir64", P(kDirectory)),
    ROW("readdir_r", P(kDirectory), P(kMemory), P(kMemory)),
    ROW("readdir64_r", P(kDirectory), P(kMemory), P(kMemory)),
    ROW("getdents64", N(4), P(kMemory), N(kPage)),
    ROW("scandir", P(kFolder), P(kMemory), P(kNull), P(kNull)),
    ROW("scandir64", P(kFolder), P(kMemory), P(kNull), P(kNull)),
    ROW("scandirat", N(AT_FDCWD), P(kFolder), P(kMemory), P(kNull), P(kNull)),
    ROW("scandirat64", N(AT_FDCWD), P(kFolder), P(kMemory), P(kNull), P(kNull)),

    ROW("mkstemp", P(kTemplate)),
    ROW("mkstemp64", P(kTemplate)),
    ROW("mkstemps", P(kTemplate), N(0)),
    ROW("mkstemps64", P(kTemplate), N(0)),
    ROW("mkostemp", P(kTemplate), N(0)),
    ROW("mkostemp64", P(kTemplate), N(0)),
    ROW("mkostemps", P(kTemplate), N(0), N(0)),
    ROW("mkostemps64", P(kTemplate), N(0), N(0)),
    NO_POINTERS("tmpfile"),
    NO_POINTERS("tmpfile64"),

    ROW("glob", P(kFile), N(0), P(kNull), P(kMemory)),
    ROW("glob64", P(kFile), N(0), P(kNull), P(kMemory)),
    ROW("glob", P(kFile), N(1 << 30), P(kNull), P(kMemory)),
    ROW("__glob64_time64", P(kFile), N(0), P(kNull), P(kMemory)),
    ROW("ftw", P(kFolder), P(kVisit), N(4)),
    ROW("ftw64", P(kFolder), P(kVisit), N(4)),
    ROW("__ftw64_time64", P(kFolder), P(kVisit), N(4)),
    ROW("nftw", P(kFolder), P(kVisitTree), N(4), N(0)),
    ROW("nftw64", P(kFolder), P(kVisitTree), N(4), N(FTW_CHDIR)),
    ROW("__nftw64_time64", P(kFolder), P(kVisitTree), N(4), N(0)),
    ROW("fts_open", P(kPaths), N(FTS_PHYSICAL), P(kNull)),
    ROW("fts64_open", P(kPaths), N(FTS_PHYSICAL), P(kNull)),
    ROW("fts_open", P(kPaths), N(1 << 30), P(kNull)),
    ROW("__fts64_open_time64", P(kPaths), N(FTS_PHYSICAL), P(kNull)),
    ROW("fts_read", P(kWalk)),
    ROW("fts64_read", P(kWalk)),
    ROW("__fts64_read_time64", P(kWalk)),
    ROW("fts_children", P(kWalk), N(0)),
    ROW("fts64_children", P(kWalk), N(0)),
    ROW("fts_children", P(kWalk), N(77)),
    ROW("__fts64_children_time64", P(kWalk), N(0)),
    ROW("fts_close", P(kWalk)),
    ROW("fts64_close", P(kWalk)),
    ROW("__fts64_close_time64", P(kWalk)),
    ROW("wordexp", P(kFile), P(kMemory), N(0)),

    ROW("dlopen", P(kFile), N(RTLD_NOW)),
    ROW("dlopen", P(kFile), N(0)),
    ROW("dlopen", P(kFile), N(RTLD_NOW | RTLD_DEEPBIND)),
    ROW("dlmopen", N(LM_ID_BASE), P(kFile), N(RTLD_NOW)),
    ROW("catopen", P(kFile), N(0)),
    ROW("dlclose", P(kNull)),
    ROW("dl_iterate_phdr", P(kVisit), P(kNull)),

    ROW("shm_open", P(kNew), N(O_RDONLY), N(0)),
    ROW("shm_unlink", P(kNew)),
    ROW("sem_open", P(kNew), N(0)),
    ROW("sem_unlink", P(kNew)),
    NO_POINTERS("posix_openpt"),
    NO_POINTERS("getpt"),
    ROW("openpty", P(kMemory), P(kMemory), P(kNull), P(kNull), P(kNull)),
    ROW("forkpty", P(kMemory), P(kNull), P(kNull), P(kNull)),
    NO_POINTERS("_mcleanup"),

    ROW("execve", P(kProgram), P(kArgv), P(kEnviron)),
    ROW("execve", P(kFile), P(kArgv), P(kEnviron)),
    ROW("execve", P(kNew), P(kArgv), P(kEnviron)),
    ROW("execv", P(kProgram), P(kArgv)),
    ROW("execvp", P(kProgram), P(kArgv)),
    ROW("execvpe", P(kProgram), P(kArgv), P(kEnviron)),
    ROW("execl", P(kProgram), P(kFile), P(kFile), N(0)),
    ROW("execlp", P(kProgram), P(kFile), P(kFile), N(0)),
    ROW("execle", P(kProgram), P(kFile), P(kNull), P(kEnviron)),
    ROW("fexecve", N(3), P(kArgv), P(kEnviron)),
    ROW("execveat", N(AT_FDCWD), P(kProgram), P(kArgv), P(kEnviron), N(0)),
    ROW("execveat", N(3), P(kProgram), P(kArgv), P(kEnviron), N(AT_EMPTY_PATH)),

#define SPAWN(name)                                                   \
  ROW(name, P(kMemory), P(kProgram), P(kActions), P(kNull), P(kArgv), \
      P(kEnviron))
    SPAWN("posix_spawn"),
    SPAWN("posix_spawnp"),
    SPAWN("pidfd_spawn"),
    SPAWN("pidfd_spawnp"),
    ROW("posix_spawn_file_actions_init", P(kMemory)),
    ROW("posix_spawn_file_actions_destroy", P(kActions)),
    ROW("posix_spawn_file_actions_addopen", P(kActions), N(7), P(kFile), N(0)),
    ROW("posix_spawn_file_actions_addclose", P(kActions), N(7)),
    ROW("posix_spawn_file_actions_adddup2", P(kActions), N(7), N(8)),
    ROW("posix_spawn_file_actions_addchdir_np", P(kActions), P(kFolder)),
    ROW("posix_spawn_file_actions_addfchdir_np", P(kActions), N(7)),
    ROW("posix_spawn_file_actions_addchdir", P(kActions), P(kFolder)),
    ROW("posix_spawn_file_actions_addfchdir", P(kActions), N(7)),
    ROW("system", P(kCommand)),
    ROW("popen", P(kCommand), P(kRead)),
    ROW("_IO_popen", P(kCommand), P(kRead)),
    ROW("pclose", P(kShell)),

    NO_POINTERS("fork"),
    NO_POINTERS("__fork"),
    NO_POINTERS("_Fork"),
    NO_POINTERS("vfork"),
    NO_POINTERS("__vfork"),
    NO_POINTERS("daemon"),
    ROW("clone", P(kStart), P(kStack), N(SIGCHLD), P(kNull)),
    ROW("__clone", P(kStart), P(kStack), N(SIGCHLD), P(kNull)),

    ROW("chdir", P(kFolder)),
    NO_POINTERS("fchdir"),
    ROW("unlink", P(kFile)),
    ROW("unlinkat", N(AT_FDCWD), P(kFile), N(0)),
    ROW("unlinkat", N(AT_FDCWD), P(kFolder), N(AT_REMOVEDIR)),
    ROW("remove", P(kFile)),
    ROW("rmdir", P(kNew)),
    ROW("link", P(kFile), P(kNew)),
#define LINKAT(flags) \
  ROW("linkat", N(AT_FDCWD), P(kFile), N(AT_FDCWD), P(kNew), N(flags))
    LINKAT(0),
    LINKAT(AT_SYMLINK_FOLLOW),
    LINKAT(AT_EMPTY_PATH),
    ROW("linkat", N(3), P(kFile), N(AT_FDCWD), P(kNew), N(AT_EMPTY_PATH)),
    ROW("symlink", P(kFile), P(kNew)),
    ROW("symlinkat", P(kFile), N(AT_FDCWD), P(kNew)),
    ROW("rename", P(kFile), P(kNew)),
    ROW("renameat", N(AT_FDCWD), P(kFile), N(AT_FDCWD), P(kNew)),
    ROW("renameat2", N(AT_FDCWD), P(kFile), N(AT_FDCWD), P(kNew), N(0)),

    NO_POINTERS("_exit"),
    NO_POINTERS("_Exit"),
    NO_POINTERS("quick_exit"),

    ROW("wait", P(kMemory)),
    ROW("__wait", P(kMemory)),
    ROW("waitpid", N(-1), P(kMemory), N(0)),
    ROW("__waitpid", N(-1), P(kMemory), N(0)),
    ROW("waitpid", N(-1), P(kMemory), N(WNOHANG)),
    ROW("waitpid", N(4711), P(kMemory), N(0)),
    ROW("wait3", P(kMemory), N(0), P(kMemory)),
    ROW("__wait3_time64", P(kMemory), N(0), P(kMemory)),
    ROW("wait4", N(-1), P(kMemory), N(0), P(kMemory)),
    ROW("__wait4_time64", N(-1), P(kMemory), N(0), P(kMemory)),
    ROW("waitid", N(P_ALL), N(0), P(kMemory), N(WEXITED)),
    ROW("waitid", N(P_ALL), N(0), P(kMemory), N(WEXITED | WNOHANG)),
    ROW("waitid", N(P_PID), N(4711), P(kMemory), N(WEXITED)),

    NO_POINTERS("close"),
    NO_POINTERS("__close"),
    NO_POINTERS("close_range"),
    NO_POINTERS("closefrom"),
    NO_POINTERS("dup"),
    NO_POINTERS("dup2"),
    NO_POINTERS("__dup2"),
    NO_POINTERS("dup3"),
    NO_POINTERS("posix_close"),
    NO_POINTERS("unshare"),
    NO_POINTERS("munmap"),

    ROW("fstatfs", N(0), P(kMemory)),
    ROW("fstatfs64", N(0), P(kMemory)),
    ROW("fstatvfs", N(0), P(kMemory)),
    ROW("fstatvfs64", N(0), P(kMemory)),
    NO_POINTERS("fchmod"),
    NO_POINTERS("fchown"),
    ROW("futimens", N(100), P(kMemory)),
    NO_POINTERS("ftruncate"),
    NO_POINTERS("ftruncate64"),
    NO_POINTERS("fsync"),
    NO_POINTERS("fdatasync"),
    NO_POINTERS("flock"),
    NO_POINTERS("lockf"),
    NO_POINTERS("lockf64"),
    NO_POINTERS("isatty"),
    ROW("tcgetattr", N(100), P(kMemory)),
    ROW("fdopen", N(0), P(kRead)),
    ROW("_IO_fdopen", N(0), P(kRead)),
    ROW("epoll_ctl", N(100), N(1), N(0), P(kMemory)),
    NO_POINTERS("lseek"),
    NO_POINTERS("lseek64"),
    NO_POINTERS("__lseek"),
    NO_POINTERS("socket"),
    ROW("socketpair", N(AF_UNIX), N(SOCK_STREAM), N(0), P(kMemory)),
    ROW("accept", N(100), P(kMemory), P(kMemory)),
    ROW("accept4", N(100), P(kMemory), P(kMemory), N(0)),
    ROW("pipe", P(kMemory)),
    ROW("__pipe", P(kMemory)),
    ROW("pipe2", P(kMemory), N(O_CLOEXEC)),
    NO_POINTERS("epoll_create"),
    NO_POINTERS("epoll_create1"),
    NO_POINTERS("eventfd"),
    ROW("signalfd", N(-1), P(kMemory), N(0)),
    NO_POINTERS("timerfd_create"),
    NO_POINTERS("inotify_init"),
    NO_POINTERS("inotify_init1"),
    ROW("memfd_create", P(kNew), N(0)),
    NO_POINTERS("pidfd_open"),
    ROW("setrlimit", N(RLIMIT_NOFILE), P(kMemory)),
    ROW("setrlimit64", N(RLIMIT_NOFILE), P(kMemory)),
    ROW("prlimit", N(0), N(RLIMIT_NOFILE), P(kNull), P(kMemory)),
    ROW("prlimit64", N(0), N(RLIMIT_NOFILE), P(kNull), P(kMemory)),
    ROW("readdir", P(kDirectory)),
    ROW("readdir64", P(kDirectory)),
    ROW("readdir_r", P(kDirectory), P(kMemory), P(kMemory)),
    ROW("readdir64_r", P(kDirectory), P(kMemory), P(kMemory)),
    ROW("getdents64", N(100), P(kMemory), N(4096)),
    ROW("getdents", N(100), P(kMemory), N(4096)),
    ROW("readlink", P(kFile), P(kMemory), N(4096)),
    ROW("readlinkat", N(AT_FDCWD), P(kFile), P(kMemory), N(4096)),
    ROW("__readlink_chk", P(kFile), P(kMemory), N(4096), N(4096)),
    ROW("__readlinkat_chk", N(AT_FDCWD), P(kFile), P(kMemory), N(4096),
        N(4096)),
#define FCNTL(name) ROW(name, N(3), N(F_GETLK), P(kMemory))
    FCNTL("fcntl"),
    FCNTL("fcntl64"),
    FCNTL("__fcntl"),
    FCNTL("__fcntl_time64"),
    ROW("ioctl", N(5), N(FIONREAD), P(kMemory)),
    ROW("__ioctl_time64", N(5), N(FIONREAD), P(kMemory)),
    ROW("ptrace", N(PTRACE_TRACEME), N(0), P(kMemory), P(kMemory)),
    ROW("prctl", N(PR_GET_NAME), P(kMemory)),
    ROW("__prctl_time64", N(PR_GET_NAME), P(kMemory)),
    ROW("setrlimit", N(RLIMIT_NOFILE), P(kMemory)),
    ROW("setrlimit64", N(RLIMIT_NOFILE), P(kMemory)),
    ROW("prlimit", N(0), N(RLIMIT_NOFILE), P(kNull), P(kMemory)),
    ROW("prlimit64", N(0), N(RLIMIT_NOFILE), P(kNull), P(kMemory)),

#define STAT(name) ROW(name, P(kFile), P(kMemory))
#define FSTAT(name) ROW(name, N(3), P(kMemory))
#define FSTATAT(name) ROW(name, N(AT_FDCWD), P(kFile), P(kMemory), N(0))
#define XSTAT(name) ROW(name, N(1), P(kFile), P(kMemory))
    STAT("stat"),
    STAT("stat64"),
    STAT("lstat"),
    STAT("lstat64"),
    FSTAT("fstat"),
    FSTAT("fstat64"),
    FSTATAT("fstatat"),
    FSTATAT("fstatat64"),
    ROW("fstatat", N(3), P(kFile), P(kMemory), N(AT_EMPTY_PATH)),
    XSTAT("__xstat"),
    XSTAT("__xstat64"),
    XSTAT("__lxstat"),
    XSTAT("__lxstat64"),
    ROW("__fxstat", N(1), N(3), P(kMemory)),
    ROW("__fxstat64", N(1), N(3), P(kMemory)),
    ROW("__fxstatat", N(1), N(AT_FDCWD), P(kFile), P(kMemory), N(0)),
    ROW("__fxstatat64", N(1), N(AT_FDCWD), P(kFile), P(kMemory), N(0)),
    ROW("statx", N(AT_FDCWD), P(kFile), N(0), N(0x7ff), P(kMemory)),
    ROW("access", P(kFile), N(R_OK)),
    ROW("eaccess", P(kFile), N(R_OK)),
    ROW("euidaccess", P(kFile), N(R_OK)),
    ROW("faccessat", N(AT_FDCWD), P(kFile), N(R_OK), N(0)),

#define SYSTEM_CALL(number, ...)       \
  {                                    \
    "syscall", number, { __VA_ARGS__ } \
  }
    SYSTEM_CALL(SYS_openat, N(AT_FDCWD), P(kFile), N(O_RDONLY)),
    SYSTEM_CALL(SYS_openat2, N(AT_FDCWD), P(kFile), P(kMemory), N(24)),
    SYSTEM_CALL(SYS_open_by_handle_at, N(AT_FDCWD), P(kMemory), N(O_RDONLY)),
    SYSTEM_CALL(SYS_unlinkat, N(AT_FDCWD), P(kFile), N(0)),
    SYSTEM_CALL(SYS_linkat, N(AT_FDCWD), P(kFile), N(AT_FDCWD), P(kNew),
                N(AT_SYMLINK_FOLLOW)),
    SYSTEM_CALL(SYS_symlinkat, P(kFile), N(AT_FDCWD), P(kNew)),
    SYSTEM_CALL(SYS_renameat2, N(AT_FDCWD), P(kFile), N(AT_FDCWD), P(kNew),
                N(0)),
    SYSTEM_CALL(SYS_chdir, P(kFolder)),
    SYSTEM_CALL(SYS_execve, P(kProgram), P(kArgv), P(kEnviron)),
    SYSTEM_CALL(SYS_execveat, N(AT_FDCWD), P(kProgram), P(kArgv), P(kEnviron),
                N(0)),
    SYSTEM_CALL(SYS_clone3, P(kMemory), N(88)),
    SYSTEM_CALL(SYS_wait4, N(-1), P(kMemory), N(0), P(kMemory)),
    SYSTEM_CALL(SYS_waitid, N(P_ALL), N(0), P(kMemory), N(WEXITED), P(kMemory)),
    SYSTEM_CALL(SYS_prlimit64, N(0), N(RLIMIT_NOFILE), P(kNull), P(kMemory)),
    SYSTEM_CALL(SYS_getdents64, N(4), P(kMemory), N(kPage)),
#ifdef SYS_open
    SYSTEM_CALL(SYS_open, P(kFile), N(O_RDWR | O_CREAT), N(0600)),
    SYSTEM_CALL(SYS_creat, P(kNew), N(0600)),
    SYSTEM_CALL(SYS_unlink, P(kFile)),
    SYSTEM_CALL(SYS_rmdir, P(kNew)),
    SYSTEM_CALL(SYS_link, P(kFile), P(kNew)),
    SYSTEM_CALL(SYS_symlink, P(kFile), P(kNew)),
    SYSTEM_CALL(SYS_rename, P(kFile), P(kNew)),
#endif
};
enum { kRows = sizeof(rows) / sizeof(*rows) };

// ---- Arguments
// -----------------------------------------------------------------

// Two pages, of which the second cannot be touched.
static char* pages;

enum Bad { kNone, kNullPointer, kMinusOne, kForbidden, kEndless, kEndsThere };
static const char* const kinds[] = {"good",      "null",    "-1",
                                    "forbidden", "endless", "ends there"};

static long BadPointer(enum Bad kind) {
  char* const end = pages + kPage;
  switch (kind) {
    case kMinusOne:
      return -1;
    case kForbidden:
      return (long)end;
    case kEndless:
      return (long)memcpy(end - 8, "filefile", 8);
    case kEndsThere:
      return (long)memcpy(end - 8, "./.file", 8);
    default:
      return 0;
  }
}

static int Visit(const char* path, const struct stat* status, int type) {
  (void)path, (void)status, (void)type;
  return 0;
}
static int VisitTree(const char* path, const struct stat* status, int type,
                     struct FTW* at) {
  (void)path, (void)status, (void)type, (void)at;
  return 0;
}
static int Start(void* data) {
  (void)data;
  return 0;
}

// Memory for each of the arguments.
static char memory[kArguments][kPage] __attribute__((aligned(16)));

static long GoodPointer(enum Good good, char* room) {
  static char* arguments[] = {"true", NULL};
  static char* environment[] = {"A=1", NULL};
  static char* paths[] = {".", NULL};
  switch (good) {
    case kFile:
      return (long)"./.file";
    case kNew:
      return (long)"new";
    case kFolder:
      return (long)".";
    case kTemplate:
      return (long)strcpy(room, "t.XXXXXX");
    case kRead:
      return (long)"r";
    case kCommand:
      return (long)"true";
    case kProgram:
      return (long)"/bin/true";
    case kArgv:
      return (long)arguments;
    case kEnviron:
      return (long)environment;
    case kPaths:
      return (long)paths;
    case kMemory:
      return (long)room;
    case kStream:
      return (long)fopen("./.file", "r");
    case kShell:
      return (long)popen("true", "r");
    case kDirectory:
      return (long)opendir(".");
    case kWalk:
      return (long)fts_open(paths, FTS_PHYSICAL, NULL);
    case kActions:
      posix_spawn_file_actions_init((posix_spawn_file_actions_t*)room);
      return (long)room;
    case kVisit:
      return (long)Visit;
    case kVisitTree:
      return (long)VisitTree;
    case kStart:
      return (long)Start;
    case kStack:
      return (long)(room + kPage);
    default:
      return 0;
  }
}

// ---- Calls
// ---------------------------------------------------------------------

static bool IsSpawn(const struct Row* row) {
  return strstr(row->name, "spawn") != NULL;
}

static void Say(const char* name, const struct Row* row, int bad, int kind,
                const char* what, long value) {
  char line[200];
  const int size =
      snprintf(line, sizeof(line), "%s %ld: argument %d %s: %s %ld\n", name,
               row->number, bad, kinds[kind], what, value);
  if (write(1, line, (size_t)size) != size) _exit(1);
}

// In a process of its own.
static void Call(const struct Row* row, void* function, int bad, int kind) {
  signal(SIGALRM, SIG_DFL);
  alarm(20);
  long a[kArguments];
  for (int i = 0; i < kArguments; ++i) {
    const struct Argument* argument = &row->argument[i];
    a[i] = i == bad                    ? BadPointer(kind)
           : argument->good == kNumber ? argument->number
                                       : GoodPointer(argument->good, memory[i]);
  }
  if (strstr(row->name, "wait") != NULL || row->number == SYS_wait4 ||
      row->number == SYS_waitid) {
    // Somebody to wait for, who has ended.
    if (fork() == 0) _exit(3);
    siginfo_t info;
    waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
  }
  const pid_t self = getpid();
  errno = 0;
  const long result =
      row->number < 0
          ? ((long (*)(long, long, long, long, long, long))function)(
                a[0], a[1], a[2], a[3], a[4], a[5])
          : ((long (*)(long, ...))function)(row->number, a[0], a[1], a[2], a[3],
                                            a[4], a[5]);
  const int error = errno;
  if (getpid() != self) _exit(0);
  // Functions of the type int leave the upper half of the register alone.
  if (IsSpawn(row)) {
    Say(row->name, row, bad, kind, "result", (int)result);
  } else if (result == 0 || (int)result == -1) {
    Say(row->name, row, bad, kind, result == 0 ? "0, errno" : "-1, errno",
        error);
  } else {
    Say(row->name, row, bad, kind, "something", 1);
  }
  _exit(0);
}

static void CallApart(const struct Row* row, void* function, int bad,
                      int kind) {
  const pid_t child = fork();
  if (child == 0) Call(row, function, bad, kind);
  int status;
  if (waitpid(child, &status, 0) != child) abort();
  if (WIFSIGNALED(status)) {
    Say(row->name, row, bad, kind, "signal", WTERMSIG(status));
  } else if (WEXITSTATUS(status) != 0) {
    Say(row->name, row, bad, kind, "status", WEXITSTATUS(status));
  }
}

static void CallWithEach(const struct Row* row) {
  // What this libc does not have is ours alone.
  if (dlsym(dlopen("libc.so.6", RTLD_NOW), row->name) == NULL) return;
  void* const function = dlsym(RTLD_DEFAULT, row->name);
  bool called = false;
  for (int i = 0; i < kArguments; ++i) {
    if (row->argument[i].good == kNumber) continue;
    if (!called) CallApart(row, function, -1, kNone);
    called = true;
    // libc waits for the lock that it finds in what is no DIR.
    const enum Bad last =
        row->argument[i].good == kDirectory ? kForbidden : kEndsThere;
    for (int kind = kNullPointer; kind <= (int)last; ++kind) {
      CallApart(row, function, i, kind);
    }
  }
}

// Descriptors 3 to 5: a file, a folder and a pipe.
static void OpenDescriptors(void) {
  int ends[2];
  close(open("./.file", O_WRONLY | O_CREAT, 0600));
  if (dup2(open("./.file", O_RDONLY), 3) != 3 ||
      dup2(open(".", O_RDONLY | O_DIRECTORY), 4) != 4 || pipe(ends) != 0 ||
      dup2(ends[0], 5) != 5) {
    _exit(1);
  }
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--list") == 0) {
    for (int i = 0; i < kRows; ++i) puts(rows[i].name);
    return 0;
  }
  if (argc != 3) return 2;
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  OpenDescriptors();
  pages = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mprotect(pages + kPage, kPage, PROT_NONE) != 0) return 1;
  const int shards = atoi(argv[2]);
  for (int i = atoi(argv[1]); i < kRows; i += shards) CallWithEach(&rows[i]);
  return 0;
}
