#include "interpose/lent_environment.h"

#include <stddef.h>
#include <stdint.h>

#include "interpose/borrowed_memory.h"
#include "interpose/environment.h"
#include "interpose/layout.h"
#include "interpose/program_class.h"
#include "interpose/sys.h"
#include "interpose/text.h"

extern "C" char** environ __attribute__((weak));

namespace filemon {
namespace {

// A replacement that was lent once. Its bytes change only when it is the oldest
// of all: whoever still looks at it then has been looking for kBlocks changes
// of the program's environment.
struct Block {
  char** memory;
  size_t size;
};
constexpr uint32_t kBlocks = 32;
FILEMON_COLD Block g_blocks[kBlocks];
uint32_t g_next;  // the block to be used next

int g_users;     // LentEnvironments that exist
bool g_is_lent;  // `environ` is not the program's own
char** g_lent;   // what `environ` was replaced by last
char** g_built;  // the same pointers, out of the program's reach
char** g_own;    // what it was before

template <typename T>
T Load(T* from) {
  return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}
template <typename T>
void Store(T* to, T value) {
  __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

bool IsLent(char** environment) {
  for (const Block& block : g_blocks) {
    if (environment != nullptr && environment == Load(&block.memory)) {
      return true;
    }
  }
  return false;
}

size_t CountOf(char* const* environment) {
  size_t count = 0;
  while (environment[count] != nullptr) ++count;
  return count;
}

bool Holds(char* const* environment, const char* entry) {
  for (; *environment != nullptr; ++environment) {
    if (*environment == entry) return true;
  }
  return false;
}

// The same variables in the same order. The program's are the same memory, ours
// the same text.
bool SameVariables(char* const* a, char* const* b) {
  for (; *a != nullptr && *b != nullptr; ++a, ++b) {
    if (*a != *b && !Equal(*a, *b)) return false;
  }
  return *a == *b;
}

// Our entry of the environment that was built: none of the program's own.
bool IsOurText(const char* entry) {
  const char* const begin = reinterpret_cast<const char*>(Load(&g_lent));
  for (const Block& block : g_blocks) {
    if (reinterpret_cast<const char*>(block.memory) == begin) {
      return entry >= begin && entry < begin + block.size;
    }
  }
  return false;
}

// Leaves our entries out of an environment that the program has made of the one
// that was lent, in place as unsetenv() does.
void TakeOutOurs(char** environment) {
  char** to = environment;
  for (char** from = environment; *from != nullptr; ++from) {
    if (!IsOurText(*from)) *to++ = *from;
  }
  *to = nullptr;
}

// The program has changed what was lent, in place: does the same to its own
// environment, which has room for it. What was not handed on to the lent one,
// entries of the same names as ours, stays.
void ApplyChanges(char* const* lent, char* const* built, char** own) {
  char** to = own;
  for (char** from = own; *from != nullptr; ++from) {
    if (!Holds(built, *from) || Holds(lent, *from)) *to++ = *from;
  }
  char** const end = own + CountOf(own);
  for (; *lent != nullptr && to < end; ++lent) {
    if (!Holds(built, *lent)) *to++ = *lent;
  }
  *to = nullptr;
}

// Memory of at least `size` bytes that nobody reads; null if there is none.
char** NextBlock(size_t size) {
  const uint32_t n = __atomic_fetch_add(&g_next, 1, __ATOMIC_RELAXED);
  Block& block = g_blocks[n % kBlocks];
  if (block.size < size) {
    // The old memory is left alone: it may have readers.
    void* const memory = sys::MapMemory(2 * size);
    if (memory == nullptr) return nullptr;
    block = {static_cast<char**>(memory), 2 * size};
  }
  return block.memory;
}

// What libc runs.
constexpr char kShell[] = "/bin/sh";

// What the environment must be right for.
PreloadFor ImageOfShell(char* const* own) {
  const PathAt shell = PathAt::Here(kShell);
  if (!Tracing()) return PreloadForDormant(shell, own);
  // An entry for any class is not worth a replacement.
  return PreloadForProgram(shell, nullptr) == PreloadFor::kThisClass
             ? PreloadFor::kAsItIs
             : PreloadFor::kAnyClass;
}

// `own` with our entries; `own` itself if that is right as it is, or cannot be
// made right.
char** Replacement(char** own) {
  const TracedEnvironment traced(own, ImageOfShell(own));
  const size_t size = traced.size();
  if (size == 0) return own;
  const BorrowedMemory scratch(size);
  if (scratch.memory() == nullptr) return own;
  char* const* const built = traced.Build(scratch.memory());
  char** const last = Load(&g_lent);
  // Most programs throw our entries out once, and then call often.
  if (last != nullptr && own == Load(&g_own) && SameVariables(built, last)) {
    return last;
  }
  const size_t pointers = (CountOf(built) + 1) * sizeof(char*);
  char** const memory = NextBlock(size + sizeof(char*) + pointers);
  if (memory == nullptr) return own;
  traced.Build(memory);
  char** const copy = reinterpret_cast<char**>(
      reinterpret_cast<char*>(memory) +
      (size + sizeof(char*) - 1) / sizeof(char*) * sizeof(char*));
  memcpy(copy, memory, pointers);
  Store(&g_built, copy);
  return memory;
}

// The program's own environment again.
void PutBack() {
  if (__atomic_sub_fetch(&g_users, 1, __ATOMIC_ACQ_REL) != 0) return;
  if (!__atomic_exchange_n(&g_is_lent, false, __ATOMIC_ACQ_REL)) return;
  char** const now = Load(&environ);
  char** const own = Load(&g_own);
  if (now == own || now == nullptr) return;
  if (!IsLent(now)) {
    // setenv() has made a copy, or the program has set another.
    TakeOutOurs(now);
    return;
  }
  char** const built = Load(&g_built);
  if (own != nullptr && !SameVariables(now, built)) {
    ApplyChanges(now, built, own);
    memcpy(now, built, (CountOf(built) + 1) * sizeof(char*));
  }
  Store(&environ, own);
  // A thread that came in between has found it lent, and counts on it.
  if (Load(&g_users) != 0 && Load(&environ) == own) {
    Store(&environ, now);
    Store(&g_is_lent, true);
  }
}

}  // namespace

bool EnvironmentSuitsShell() {
  if (&environ == nullptr) return true;
  char** const own = environ;
  return TracedEnvironment(own, ImageOfShell(own)).size() == 0;
}

LentEnvironment::LentEnvironment() {
  if (&environ == nullptr) return;
  __atomic_fetch_add(&g_users, 1, __ATOMIC_ACQ_REL);
  cleanup_.Push(OnCancel, this);
  char** const own = Load(&environ);
  if (IsLent(own)) return;  // another thread's doing
  char** const lent = Replacement(own);
  if (lent == own) return;
  Store(&g_own, own);
  Store(&g_lent, lent);
  Store(&environ, lent);
  Store(&g_is_lent, true);
}

LentEnvironment::~LentEnvironment() {
  if (&environ == nullptr) return;
  cleanup_.Pop();
  if (!is_put_back_) PutBack();
}

void LentEnvironment::OnCancel(void* self) {
  // With exceptions the destructor runs as well.
  static_cast<LentEnvironment*>(self)->is_put_back_ = true;
  PutBack();
}

}  // namespace filemon
