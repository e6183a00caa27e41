// What a program has asked posix_spawn() to do in the child, as far as it is to
// be logged: libc keeps its own list to itself.
//
// The list hangs on the posix_spawn_file_actions_t: its last words are padding
// in glibc and in musl, and hold a mark and a pointer to memory of ours. That
// makes it as thread-safe as the object itself, and needs no table.
#ifndef FILEMON_INTERPOSE_SPAWN_H_
#define FILEMON_INTERPOSE_SPAWN_H_

#include <spawn.h>
#include <stddef.h>
#include <stdint.h>

namespace filemon {

// posix_spawn() as the wrapper does it, for calls of ours that stand for libc's
// own.
int SpawnProgram(pid_t* pid, const char* path,
                 const posix_spawn_file_actions_t* actions,
                 const posix_spawnattr_t* attributes, char* const* argv,
                 char* const* environment);

// File actions for it.
class SpawnFileActions {
 public:
  SpawnFileActions();
  ~SpawnFileActions();
  SpawnFileActions(const SpawnFileActions&) = delete;
  SpawnFileActions& operator=(const SpawnFileActions&) = delete;

  // 0 or an errno.
  int AddDup2(int from, int to);
  int AddClose(int fd);

  const posix_spawn_file_actions_t* get() const { return &object_; }

 private:
  posix_spawn_file_actions_t object_;
};

class SpawnActions {
 public:
  enum Kind : int32_t { kOpen, kChdir, kFchdir };

  struct Action {
    Kind kind;
    int32_t flags;  // of kOpen
    int32_t fd;     // of kFchdir
    uint32_t size;  // of this action with its name
    // The name follows, NUL-terminated; empty for kFchdir.
    const char* name() const { return reinterpret_cast<const char*>(this + 1); }
  };

  // A new, empty list.
  static void Init(posix_spawn_file_actions_t* object);
  // Frees the list.
  static void Destroy(posix_spawn_file_actions_t* object);
  // Remembers an action that libc has accepted. Without memory it is forgotten.
  static void Add(posix_spawn_file_actions_t* object, Kind kind,
                  const char* name, int flags, int fd);

  // Calls visit(const Action&) for each action in order. `object` may be null.
  template <typename Visit>
  static void ForEach(const posix_spawn_file_actions_t* object, Visit visit) {
    const SpawnActions* list = Of(object);
    if (list == nullptr) return;
    const char* p = reinterpret_cast<const char*>(list + 1);
    const char* const end = reinterpret_cast<const char*>(list) + list->used_;
    while (p < end) {
      const auto* action = reinterpret_cast<const Action*>(p);
      visit(*action);
      p += action->size;
    }
  }

  static bool IsEmpty(const posix_spawn_file_actions_t* object) {
    return Of(object) == nullptr;
  }

 private:
  static SpawnActions* Of(const posix_spawn_file_actions_t* object);

  uint32_t used_;      // bytes, this header included
  uint32_t capacity_;  // bytes mapped
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_SPAWN_H_
