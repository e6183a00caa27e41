#include "interpose/spawn.h"

#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

constexpr size_t kPage = 4096;

// What we keep at the end of a posix_spawn_file_actions_t.
struct Mark {
  uintptr_t magic;
  SpawnActions* list;
};

// Both structs end in 16 ints of padding.
static_assert(sizeof(posix_spawn_file_actions_t) >= 16 * sizeof(int),
              "the padding holds the mark");

Mark* MarkOf(const posix_spawn_file_actions_t* object) {
  return reinterpret_cast<Mark*>(const_cast<char*>(
      reinterpret_cast<const char*>(object + 1) - sizeof(Mark)));
}

// Tells our mark from the garbage in an object that was never initialised, and
// from the mark of an object that this one was copied from.
uintptr_t MagicOf(const posix_spawn_file_actions_t* object) {
  return reinterpret_cast<uintptr_t>(object) ^ 0x66696c65U;
}

}  // namespace

SpawnActions* SpawnActions::Of(const posix_spawn_file_actions_t* object) {
  if (object == nullptr) return nullptr;
  const Mark* mark = MarkOf(object);
  return mark->magic == MagicOf(object) ? mark->list : nullptr;
}

void SpawnActions::Init(posix_spawn_file_actions_t* object) {
  *MarkOf(object) = {MagicOf(object), nullptr};
}

void SpawnActions::Destroy(posix_spawn_file_actions_t* object) {
  SpawnActions* list = Of(object);
  if (list != nullptr) sys::UnmapMemory(list, list->capacity_);
  *MarkOf(object) = {0, nullptr};
}

void SpawnActions::Add(posix_spawn_file_actions_t* object, Kind kind,
                       const char* name, int flags, int fd) {
  Mark* const mark = MarkOf(object);
  if (mark->magic != MagicOf(object)) return;
  const size_t length = strlen(name) + 1;
  const size_t size = (sizeof(Action) + length + 7) & ~static_cast<size_t>(7);
  SpawnActions* list = mark->list;
  const size_t used = list != nullptr ? list->used_ : sizeof(SpawnActions);
  if (list == nullptr || used + size > list->capacity_) {
    const size_t capacity = (2 * used + size + kPage - 1) / kPage * kPage;
    auto* bigger = static_cast<SpawnActions*>(sys::MapMemory(capacity));
    if (bigger == nullptr) return;
    if (list != nullptr) {
      memcpy(bigger, list, used);
      sys::UnmapMemory(list, list->capacity_);
    }
    bigger->capacity_ = static_cast<uint32_t>(capacity);
    list = mark->list = bigger;
  }
  auto* action =
      reinterpret_cast<Action*>(reinterpret_cast<char*>(list) + used);
  *action = {kind, flags, fd, static_cast<uint32_t>(size)};
  memcpy(action + 1, name, length);
  list->used_ = static_cast<uint32_t>(used + size);
}

}  // namespace filemon
