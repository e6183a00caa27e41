#include "interpose/lent_environment.h"

#include <stddef.h>
#include <stdint.h>

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

int g_users;    // LentEnvironments that exist
char** g_lent;  // what `environ` was replaced by last
char** g_own;   // what it was before

bool IsLent(char** environment) {
  for (const Block& block : g_blocks) {
    if (environment != nullptr && environment == block.memory) return true;
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

// `own` with our entries; `own` itself if that is right as it is, or cannot be
// made right.
char** Replacement(char** own) {
  const PathAt shell = PathAt::Here(kShell);
  // An entry for any class is not worth a replacement.
  const PreloadFor image = !Tracing() ? PreloadForProgram(shell, own)
                           : PreloadForProgram(shell) == PreloadFor::kThisClass
                               ? PreloadFor::kAsItIs
                               : PreloadFor::kAnyClass;
  const TracedEnvironment traced(own, image);
  if (traced.size() == 0) return own;
  if (g_lent != nullptr) {
    // Most programs throw our entries out once, and then call often.
    void* const scratch = alloca(traced.size());
    if (SameVariables(traced.Build(scratch), g_lent)) return g_lent;
  }
  char** const memory = NextBlock(traced.size());
  if (memory == nullptr) return own;
  return const_cast<char**>(traced.Build(memory));
}

}  // namespace

LentEnvironment::LentEnvironment() {
  if (&environ == nullptr) return;
  __atomic_fetch_add(&g_users, 1, __ATOMIC_ACQ_REL);
  char** const own = environ;
  if (IsLent(own)) return;  // another thread's doing
  char** const lent = Replacement(own);
  if (lent == own) return;
  g_own = own;
  g_lent = lent;
  environ = lent;
}

LentEnvironment::~LentEnvironment() {
  if (&environ == nullptr) return;
  if (__atomic_sub_fetch(&g_users, 1, __ATOMIC_ACQ_REL) != 0) return;
  char** const lent = environ;
  if (!IsLent(lent)) return;
  environ = g_own;
  // A thread that came in between has found it lent, and counts on it.
  if (__atomic_load_n(&g_users, __ATOMIC_ACQUIRE) != 0 && environ == g_own) {
    environ = lent;
  }
}

}  // namespace filemon
