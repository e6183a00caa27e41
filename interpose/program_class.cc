#include "interpose/program_class.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <initializer_list>

#include "interpose/environment.h"
#include "interpose/layout.h"
#include "interpose/library_search.h"
#include "interpose/linker_start.h"
#include "interpose/path_buffer.h"
#include "interpose/readable.h"
#include "interpose/session.h"
#include "interpose/session_memory.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// What is known of a file.
enum Fact : uint64_t {
  kIsOfThisClass = sizeof(void*),
  kIsScript = 1,
};

// The facts that this memory's processes have found last. Whoever runs one
// program again and again from children that share its memory, as make does the
// shell, asks once.
constexpr uintptr_t kPlaces = 8;
memory::Number g_known[kPlaces];

// Never zero, and another one in each session.
uint64_t NumberOf(const sys::Identity& file, Fact fact) {
  uint64_t hash = fact;
  for (const uint64_t part :
       {static_cast<uint64_t>(ThisSession().cookie), file.device, file.inode,
        static_cast<uint64_t>(file.size),
        static_cast<uint64_t>(file.changed)}) {
    // The finaliser of MurmurHash3.
    hash = (hash ^ part) * 0xff51afd7ed558ccdU;
    hash ^= hash >> 33;
  }
  return hash | 1;
}

constexpr uint32_t BucketOf(uint64_t number) {
  return static_cast<uint32_t>(number >> 32) % memory::kBuckets;
}

bool IsKnown(uint64_t number) {
  memory::Number* const place = &g_known[number / 2 % kPlaces];
  if (place->Load() == number) return true;
  uint64_t bucket[memory::kBucketSize];
  if (!ReadSessionMemory(
          offsetof(memory::Head, learnt) + BucketOf(number) * sizeof(bucket),
          bucket, sizeof(bucket))) {
    return false;
  }
  for (const uint64_t learnt : bucket) {
    if (learnt != number) continue;
    place->Store(number);
    return true;
  }
  return false;
}

FILEMON_RARE void Learn(memory::Head* head, uint64_t number) {
  memory::Number* const bucket = head->learnt[BucketOf(number)];
  uint32_t i = 0;
  for (; i < memory::kBucketSize; ++i) {
    const uint64_t there = bucket[i].Load();
    if (there == number) return;
    if (there == 0) break;
  }
  // In the place of any other one.
  if (i == memory::kBucketSize) i = number / 2 % memory::kBucketSize;
  bucket[i].Store(number);
}

// A script is looked at when its interpreter runs already: another file may
// have taken its place meanwhile, but none that is older than this.
FILEMON_RARE bool IsOld(const sys::Identity& file) {
  constexpr int64_t kSecond = 1000000000;
  constexpr int64_t kAge = 10 * kSecond;
  struct {
    long seconds, nanoseconds;
  } now = {};
  return sys::Call(SYS_clock_gettime, 0 /* CLOCK_REALTIME */, sys::Arg(&now)) ==
             0 &&
         file.changed + kAge < now.seconds * kSecond;
}

bool IsRegular(PathAt path, sys::Identity* out) {
  return sys::Stat(path.dirfd, path.name, 0, out) == 0 && S_ISREG(out->mode);
}

// Whether all of `argv` can be read.
FILEMON_RARE bool IsReadable(char* const* argv) {
  ReadableMemory pointers;
  ReadableMemory texts;
  for (; pointers.HoldsPointer(argv); ++argv) {
    if (*argv == nullptr) return true;
    if (!texts.HoldsText(*argv)) return false;
  }
  return false;
}

// musl's ldd is its dynamic linker, which goes by the name that it was called
// by; glibc's is a script.
FILEMON_RARE bool IsLinkerCalledLdd(PathAt path) {
  PathBuffer target;
  target.Fill([path](char* out, size_t size) {
    const long n = sys::Readlinkat(path.dirfd, path.name, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    return static_cast<size_t>(n) < size - 1;
  });
  return IsDynamicLinker(target.path()) ||
         Equal(FileOf(target.path()), "libc.so");
}

// Whether the program lists libraries and runs nothing. `path` is that of a
// file.
bool IsLister(PathAt path, char* const* argv) {
  const char* const file = FileOf(path.name);
  if (IsDynamicLinker(file)) return IsReadable(argv) && RunsNoProgram(argv);
  const size_t size = strlen(file);
  return size >= 3 && Equal(file + size - 3, "ldd") && IsLinkerCalledLdd(path);
}

}  // namespace

bool IsOfThisClass(PathAt path) {
  sys::Identity file;
  return IsRegular(path, &file) && IsKnown(NumberOf(file, kIsOfThisClass));
}

bool IsKnownScript(const char* path) {
  sys::Identity file;
  return IsRegular(PathAt::Here(path), &file) &&
         IsKnown(NumberOf(file, kIsScript));
}

FILEMON_RARE void LearnProgram(const char* script) {
  memory::Head* const head = SessionMemory();
  sys::Identity file;
  if (head == nullptr) return;
  if (IsRegular(PathAt::Here("/proc/self/exe"), &file)) {
    Learn(head, NumberOf(file, kIsOfThisClass));
  }
  if (script != nullptr && IsRegular(PathAt::Here(script), &file) &&
      IsOld(file)) {
    Learn(head, NumberOf(file, kIsScript));
    Learn(head, NumberOf(file, kIsOfThisClass));
  }
}

PreloadFor PreloadForProgram(PathAt path, char* const* argv) {
  sys::Identity file;
  // The kernel has looked at the name then.
  if (!IsRegular(path, &file)) return PreloadFor::kAnyClass;
  if (IsLister(path, argv)) return PreloadFor::kNone;
  return PreloadHasForms() && IsKnown(NumberOf(file, kIsOfThisClass))
             ? PreloadFor::kThisClass
             : PreloadFor::kAnyClass;
}

PreloadFor PreloadForDormant(PathAt path, char* const* environment) {
  if (environment == nullptr || !MayHandOnOneClass())
    return PreloadFor::kAsItIs;
  const char* const value = FindReadableVariable(environment, "LD_PRELOAD");
  return value == nullptr || !MayBeForOneClass(value) || IsOfThisClass(path)
             ? PreloadFor::kAsItIs
             : PreloadFor::kAnyClass;
}

}  // namespace filemon
