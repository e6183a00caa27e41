// posix_spawn() and its file actions. The child runs inside libc until its
// exec: what happens there is reported by the parent, in the child's name, once
// the call has succeeded.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/types.h>

#include "interpose/access.h"
#include "interpose/channel.h"
#include "interpose/descriptors.h"
#include "interpose/environment.h"
#include "interpose/exec.h"
#include "interpose/kernel_names.h"
#include "interpose/path_buffer.h"
#include "interpose/process.h"
#include "interpose/program_class.h"
#include "interpose/readable.h"
#include "interpose/report.h"
#include "interpose/session.h"
#include "interpose/spawn.h"
#include "interpose/sys.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

namespace filemon {
namespace {

// The directories that a child goes through: opened one after the other, for
// each may be relative to the one before.
class ChildDirectory {
 public:
  ~ChildDirectory() { Forget(); }

  void Enter(const char* path) {
    const int fd = sys::Openat(fd_, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    Forget();
    if (fd >= 0) {
      fd_ = fd;
      own_ = true;
    }
  }
  void EnterDescriptor(int fd) {
    Forget();
    fd_ = fd;
  }
  bool Path(char* out, size_t size) const {
    return DirectoryOfDescriptor(fd_, out, size);
  }

 private:
  void Forget() {
    if (own_) sys::Close(fd_);
    own_ = false;
    fd_ = AT_FDCWD;
  }

  int fd_ = AT_FDCWD;
  bool own_ = false;
};

// One posix_spawn(): announced before, reported after.
class Spawn {
 public:
  // `actions` can be read.
  explicit Spawn(const posix_spawn_file_actions_t* actions)
      : actions_(actions), parent_(CurrentProcess()), life_(NewLife(parent_)) {}

  ProcessId parent() const { return parent_; }
  // What the child will be known by.
  uint32_t life() const { return life_; }

  void Begin() const {
    if (!SpawnActions::IsEmpty(actions_)) Emit(Own(wire::Kind::kSpawnBegin));
  }

  // `child` is 0 after a failure. `program` may be null: not found.
  // `obstacle` is TracedEnvironment's. Not inlined: the batch shall not be on
  // the stack while libc needs room there for the spawn.
  __attribute__((noinline)) void Finish(pid_t pid, const char* program,
                                        int32_t obstacle) {
    Batch batch;
    if (pid != 0) {
      const ProcessId child = {pid, life_};
      batch.Add({wire::Kind::kFork, parent_, pid, static_cast<int32_t>(life_)});
      SpawnActions::ForEach(actions_, [&](const SpawnActions::Action& action) {
        AddAction(&batch, child, action);
      });
      if (program != nullptr) {
        OutgoingRecord exec = {wire::Kind::kExec, child};
        exec.a = wire::kSaidOfSpawned | obstacle;
        exec.name[0] = "";
        exec.name[1] = program;
        batch.Add(exec);
      }
    }
    if (!SpawnActions::IsEmpty(actions_)) {
      batch.Add(Own(wire::Kind::kSpawnEnd));
    }
    batch.Flush();
  }

 private:
  OutgoingRecord Own(wire::Kind kind) const {
    return {kind, parent_, static_cast<int32_t>(life_)};
  }

  void AddAction(Batch* batch, ProcessId child,
                 const SpawnActions::Action& action) {
    if (action.kind == SpawnActions::kOpen) {
      OutgoingRecord record = {wire::Kind::kOpen, child};
      record.a = AccessOf(action.flags);
      if (record.a == 0) return;
      record.a |= wire::kByFileAction;
      record.name[0] = "";
      record.name[1] = action.name();
      batch->Add(record);
      return;
    }
    if (action.kind == SpawnActions::kChdir) {
      directory_.Enter(action.name());
    } else {
      directory_.EnterDescriptor(action.fd);
    }
    PathBuffer path;
    const auto read = [this](char* out, size_t size) {
      return directory_.Path(out, size);
    };
    path.Fill(read);
    OutgoingRecord record = {wire::Kind::kChdir, child, wire::kByFileAction};
    record.name[0] = path.path();
    batch->Add(record);
  }

  const posix_spawn_file_actions_t* actions_;
  const ProcessId parent_;
  const uint32_t life_;
  ChildDirectory directory_;
};

using SpawnFunction = int (*)(pid_t*, const char*,
                              const posix_spawn_file_actions_t*,
                              const posix_spawnattr_t*, char* const*,
                              char* const*);

// The process behind a pidfd, from /proc/self/fdinfo/FD ("Pid:\t4711"); 0 if it
// cannot be told.
__attribute__((noinline)) pid_t ProcessOf(int pidfd) {
  char path[40];
  TextBuilder(path, sizeof(path))
      .Add("/proc/self/fdinfo/")
      .AddDecimal(static_cast<uint64_t>(pidfd));
  const int fd = sys::Openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[512];
  const long size = sys::Read(fd, text, sizeof(text) - 1);
  sys::Close(fd);
  text[size > 0 ? size : 0] = '\0';
  for (const char* line = text; *line != '\0'; ++line) {
    if (line != text && line[-1] != '\n') continue;
    uint64_t pid;
    if (!StartsWith(line, "Pid:\t")) continue;
    line += sizeof("Pid:\t") - 1;
    return ReadDecimal(&line, &pid) ? static_cast<pid_t>(pid) : 0;
  }
  return 0;
}

// What a program passes to one of the four functions.
struct SpawnCall {
  SpawnFunction function;
  bool gives_pidfd;  // a descriptor of the process in place of its pid
  pid_t* pid;
  const char* path;
  const posix_spawn_file_actions_t* actions;
  const posix_spawnattr_t* attributes;
  char* const* argv;
  char* const* environment;
};

// `program` is the file, null if there is none. Little is on the stack while
// libc needs room there: signal handlers spawn, too.
__attribute__((noinline)) int TracedSpawn(const SpawnCall& call,
                                          const char* program) {
  // A relative name counts in the directory that the child goes to.
  const auto* const actions =
      call.actions != nullptr && IsReadable(call.actions, sizeof(*call.actions))
          ? call.actions
          : nullptr;
  const bool here = SpawnActions::IsEmpty(actions);
  PreloadFor image = PreloadFor::kAnyClass;
  if (here && program != nullptr) {
    image = PreloadForProgram(PathAt::Here(program), call.argv);
  }
  // Whose class is known the kernel has found by its name.
  if (image != PreloadFor::kThisClass && program != nullptr) {
    if (!IsReadableText(program)) {
      program = nullptr;
    } else if (!here && program[0] == '/') {
      image = PreloadForProgram(PathAt::Here(program), call.argv);
    }
  }
  Spawn spawn(actions);
  FILEMON_TRACED_ENVIRONMENT(traced, call.environment, image, spawn.parent(),
                             spawn.life());
  pid_t own = 0;
  pid_t* const pid = call.pid != nullptr ? call.pid : &own;
  spawn.Begin();
  const int32_t obstacle = traced_builder.obstacle();
  // An image that is not ours shall not have our descriptor.
  if (obstacle != 0) sys::SetCloseOnExec(ThisSession().fd, true);
  const int error = call.function(pid, call.path, call.actions, call.attributes,
                                  call.argv, traced);
  if (obstacle != 0) sys::SetCloseOnExec(ThisSession().fd, false);
  pid_t child = 0;
  if (error == 0) child = call.gives_pidfd ? ProcessOf(*pid) : *pid;
  spawn.Finish(child, program, obstacle);
  return error;
}

// The functions with a p at the end.
__attribute__((noinline)) int TracedSearchingSpawn(const SpawnCall& call) {
  if (!IsReadableText(call.path)) return TracedSpawn(call, nullptr);
  if (HasSlash(call.path)) return TracedSpawn(call, call.path);
  PathBuffer found;
  const auto find = [&](char* out, size_t size) {
    return FindProgram(call.path, out, size);
  };
  return TracedSpawn(call, found.Fill(find) ? found.path() : nullptr);
}

int DormantSpawn(const SpawnCall& call) {
  FILEMON_TRACED_ENVIRONMENT(
      right, call.environment,
      PreloadForDormant(PathAt::Here(call.path), call.environment));
  return call.function(call.pid, call.path, call.actions, call.attributes,
                       call.argv, right);
}

}  // namespace

#define FILEMON_WRAP_SPAWN(name, searches, gives_pidfd)                     \
  FILEMON_WRAP(int, name,                                                   \
               (pid_t * pid, const char* path,                              \
                const posix_spawn_file_actions_t* actions,                  \
                const posix_spawnattr_t* attributes, char* const* argv,     \
                char* const* environment)) {                                \
    if (!FILEMON_NEXT_EXISTS(name)) return ENOSYS;                          \
    const SpawnCall call = {                                                \
        FILEMON_NEXT(name), gives_pidfd, pid,        path, actions,         \
        attributes,         argv,        environment};                      \
    if (!Tracing()) return DormantSpawn(call);                              \
    return searches ? TracedSearchingSpawn(call) : TracedSpawn(call, path); \
  }
FILEMON_WRAP_SPAWN(posix_spawn, false, false)
FILEMON_WRAP_SPAWN(posix_spawnp, true, false)

int SpawnProgram(pid_t* pid, const char* path,
                 const posix_spawn_file_actions_t* actions,
                 const posix_spawnattr_t* attributes, char* const* argv,
                 char* const* environment) {
  return filemon_posix_spawn(pid, path, actions, attributes, argv, environment);
}

// glibc 2.39.
FILEMON_WRAP_SPAWN(pidfd_spawn, false, true)
FILEMON_WRAP_SPAWN(pidfd_spawnp, true, true)

// The list is kept while the library is dormant too: a session may begin
// between these calls and the spawn.

FILEMON_WRAP(int, posix_spawn_file_actions_init,
             (posix_spawn_file_actions_t * object)) {
  const int error = FILEMON_NEXT(posix_spawn_file_actions_init)(object);
  if (error == 0) SpawnActions::Init(object);
  return error;
}

FILEMON_WRAP(int, posix_spawn_file_actions_destroy,
             (posix_spawn_file_actions_t * object)) {
  SpawnActions::Destroy(object);
  return FILEMON_NEXT(posix_spawn_file_actions_destroy)(object);
}

FILEMON_WRAP(int, posix_spawn_file_actions_addopen,
             (posix_spawn_file_actions_t * object, int fd, const char* path,
              int flags, mode_t mode)) {
  VacateFor(fd);
  const int error = FILEMON_NEXT(posix_spawn_file_actions_addopen)(
      object, fd, path, flags, mode);
  if (error == 0) {
    SpawnActions::Add(object, SpawnActions::kOpen, path, flags, -1);
  }
  return error;
}

// The pipe is no descriptor of the program's: there is nothing to close or to
// copy, and whatever takes its number has the pipe move away first.

FILEMON_WRAP(int, posix_spawn_file_actions_addclose,
             (posix_spawn_file_actions_t * object, int fd)) {
  if (HidesDescriptor(fd)) return 0;
  return FILEMON_NEXT(posix_spawn_file_actions_addclose)(object, fd);
}

FILEMON_WRAP(int, posix_spawn_file_actions_adddup2,
             (posix_spawn_file_actions_t * object, int from, int to)) {
  VacateFor(to);
  return FILEMON_NEXT(posix_spawn_file_actions_adddup2)(object, from, to);
}

SpawnFileActions::SpawnFileActions() {
  filemon_posix_spawn_file_actions_init(&object_);
}
SpawnFileActions::~SpawnFileActions() {
  filemon_posix_spawn_file_actions_destroy(&object_);
}
int SpawnFileActions::AddDup2(int from, int to) {
  return filemon_posix_spawn_file_actions_adddup2(&object_, from, to);
}
int SpawnFileActions::AddClose(int fd) {
  return filemon_posix_spawn_file_actions_addclose(&object_, fd);
}

#define FILEMON_WRAP_ADDCHDIR(name)                                       \
  FILEMON_WRAP(int, name,                                                 \
               (posix_spawn_file_actions_t * object, const char* path)) { \
    if (!FILEMON_NEXT_EXISTS(name)) return ENOSYS;                        \
    const int error = FILEMON_NEXT(name)(object, path);                   \
    if (error == 0) {                                                     \
      SpawnActions::Add(object, SpawnActions::kChdir, path, 0, -1);       \
    }                                                                     \
    return error;                                                         \
  }
FILEMON_WRAP_ADDCHDIR(posix_spawn_file_actions_addchdir_np)
FILEMON_WRAP_ADDCHDIR(posix_spawn_file_actions_addchdir)

#define FILEMON_WRAP_ADDFCHDIR(name)                                       \
  FILEMON_WRAP(int, name, (posix_spawn_file_actions_t * object, int fd)) { \
    if (!FILEMON_NEXT_EXISTS(name)) return ENOSYS;                         \
    const int error = FILEMON_NEXT(name)(object, fd);                      \
    if (error == 0) {                                                      \
      SpawnActions::Add(object, SpawnActions::kFchdir, "", 0, fd);         \
    }                                                                      \
    return error;                                                          \
  }
FILEMON_WRAP_ADDFCHDIR(posix_spawn_file_actions_addfchdir_np)
FILEMON_WRAP_ADDFCHDIR(posix_spawn_file_actions_addfchdir)

}  // namespace filemon
