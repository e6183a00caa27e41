// How this library came into the image, and how it gets into the next one: by
// an entry of LD_PRELOAD.
//
// In a tree for several classes of programs the entry has `$LIB` for the
// dynamic linker to fill in, "/usr/lib/filemon/$LIB/libfilemon.so". That costs
// each image 18 us, more than all else of ours: for any `$` glibc asks /proc
// for the program's own path. So who knows which class the next image is of
// hands on the path itself, with a doubled slash where `$LIB` began:
// "/usr/lib/filemon//lib64/libfilemon.so". From that everybody can make the
// other again, for an image of another class.
#ifndef FILEMON_INTERPOSE_PRELOAD_H_
#define FILEMON_INTERPOSE_PRELOAD_H_

#include <stddef.h>

#include "interpose/text.h"

namespace filemon {

struct Preload {
  const char* entry;  // our own entry of LD_PRELOAD; null if we had none
  // The file that this library was loaded from; null if that is not known.
  const char* library;
  // LD_PRELOAD had our entry and no other.
  bool is_only_one;
};
extern Preload g_preload __attribute__((visibility("hidden")));

// The entry of an LD_PRELOAD value (separated by colons and blanks) whose file
// is libfilemon.so, and its size; null if there is none.
const char* FindOurPreload(const char* value, size_t* size);

// Notes our own entry of LD_PRELOAD in g_preload, out of the program's reach:
// programs write over their environment to change their title.
void RememberPreload(char* const* environment);

// Notes the entry for an image that came without one: it names `library`, which
// must end in the file's own name. With `$LIB` if the file is in a tree.
void MakePreload(const char* library);

// Which images an entry is right for.
enum class PreloadFor {
  kAnyClass,   // with `$LIB`
  kThisClass,  // the path of this process's own library
  kAsItIs,     // whichever it is
  kNone,       // no program will run, as when ldd(1) lists libraries
};

// Whether the entry `entry`, of `size` bytes, is right for `images`. One that
// is not in a tree is right for all.
bool IsPreloadFor(PreloadFor images, const char* entry, size_t size);

// Adds the entry, made right for `images`, to `out`: at most kPreloadGrowth
// bytes more than it was.
inline constexpr size_t kPreloadGrowth = 32;
void WritePreload(const char* entry, size_t size, PreloadFor images,
                  TextBuilder* out);

// Whether our own entry has both forms.
bool PreloadHasForms();

// Whether this image was handed an entry for any class, and has the other form.
bool WasForAnyClass();

// What `$LIB` is in this process ("lib64"); null if that is not known.
const char* OwnLibFolder();

// False if no entry of an LD_PRELOAD value is for one class alone.
bool MayBeForOneClass(const char* value);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_PRELOAD_H_
