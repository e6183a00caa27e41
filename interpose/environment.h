// The environment that an exec hands on: the program's own, with our entries
// put back when they are missing or changed, or taken out when the new image
// could not load us.
//
// An exec may happen in a vfork child, whose memory is its parent's, and on a
// small stack: what is built lies on the stack while it is small, and otherwise
// in borrowed memory (borrowed_memory.h). Only pointers are copied.
//
// The program's environment is nothing but an address until the kernel has
// accepted it: what cannot be read is handed on as it is.
#ifndef FILEMON_INTERPOSE_ENVIRONMENT_H_
#define FILEMON_INTERPOSE_ENVIRONMENT_H_

#include <alloca.h>
#include <stddef.h>
#include <stdint.h>

#include "interpose/borrowed_memory.h"
#include "interpose/life.h"
#include "interpose/preload.h"

namespace filemon {

// The calling program's environ; null before libc has set it.
char* const* Environment();

// The value of variable `name` in `environment`, or null.
const char* FindVariable(char* const* environment, const char* name);

// The same in an environment that nobody has accepted yet: null also if it
// cannot be read.
const char* FindReadableVariable(char* const* environment, const char* name);

// Of a process that joins no session: whether what its children are handed can
// name a library of one class alone, which whoever started it knew to be right
// for it.
void NoteDormantEnvironment(char* const* environment);
bool MayHandOnOneClass();

// The environment for a new image, in memory that the caller lends.
class TracedEnvironment {
 public:
  // Measures. `environment` may be null, as execve() allows. `image` is what
  // LD_PRELOAD is to be right for. `maker` is the calling process, if it has
  // been asked for already. `child` is the life of the process that will run
  // it; 0 if that is this one.
  TracedEnvironment(char* const* environment, PreloadFor image,
                    ProcessId maker = {}, uint32_t child = 0);

  // Bytes that Build() needs; 0 if the environment is right as it is.
  size_t size() const { return size_; }

  // Why the new image will not load us, in wire::Kind::kExec's terms:
  // wire::kHandedOver, kUnreachable, kOnlyLists or 0.
  int32_t obstacle() const { return obstacle_; }

  // The environment to pass on. `memory` holds size() bytes, is aligned for
  // pointers, and must outlive the result; null if there is none: the
  // environment stays as it is.
  char* const* Build(void* memory) const;

 private:
  // Calls visit(entry, variable) for each entry that is one of our variables,
  // and counts all. False if they cannot be read.
  template <typename Visit>
  bool ForEachOfOurs(Visit visit);
  // A dormant process only sees to it that an image of another class finds its
  // library.
  void MeasureDormant();
  // As a program's environment is read for it; false if it cannot be read.
  bool Measure();
  void MeasurePreload(const char* entry);
  void SetSize();
  char* const* BuildWithoutUs(void* memory) const;
  void WritePreloadVariable(char* out) const;

  char* const* environment_;
  const PreloadFor image_;
  ProcessId maker_;
  const uint32_t child_;
  const char* preload_ = nullptr;  // the program's LD_PRELOAD entry
  const char* ours_ = nullptr;     // what in it names us, if anything does
  size_t ours_size_ = 0;
  size_t entries_ = 0;
  size_t text_size_ = 0;  // of the LD_PRELOAD entry to be built
  size_t size_ = 0;
  int32_t obstacle_ = 0;
  bool session_is_right_ = false;
  bool preload_is_right_ = false;
};

// More than this of the stack is more than libc's own exec may need, which
// copies no environment. Most environments are shorter.
inline constexpr size_t kMostOnStack = 1024;

}  // namespace filemon

// Declares `name`: the environment that a TracedEnvironment of the arguments
// makes, for as long as the calling function runs.
#define FILEMON_TRACED_ENVIRONMENT(name, ...)                            \
  const ::filemon::TracedEnvironment name##_builder(__VA_ARGS__);        \
  const bool name##_is_large =                                           \
      name##_builder.size() > ::filemon::kMostOnStack;                   \
  const ::filemon::BorrowedMemory name##_borrowed(                       \
      name##_is_large ? name##_builder.size() : 0);                      \
  void* const name##_memory = name##_is_large ? name##_borrowed.memory() \
                              : name##_builder.size() > 0                \
                                  ? alloca(name##_builder.size())        \
                                  : nullptr;                             \
  char* const* const name = name##_builder.Build(name##_memory)

#endif  // FILEMON_INTERPOSE_ENVIRONMENT_H_
