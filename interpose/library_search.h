// How the dynamic linker looks for a library: along lists of directories, of
// which it opens what it finds, to see whether it is one (ld.so(8)).
#ifndef FILEMON_INTERPOSE_LIBRARY_SEARCH_H_
#define FILEMON_INTERPOSE_LIBRARY_SEARCH_H_

#include <stddef.h>

#include "interpose/path_buffer.h"
#include "interpose/text.h"

namespace filemon {

// What `$ORIGIN` and `$LIB` are in a list.
struct Tokens {
  const char* origin;  // a directory, without a slash at its end
  size_t origin_size;
  const char* lib;  // null if that is not known
};

// Writes the next element of a list of directories (separated by colons or
// semicolons), as the dynamic linker uses it: its tokens replaced, a slash at
// its end unless it is empty, which is the current directory. Moves `*list`
// past it, to null
// behind the last. False if the element has no such directory or does not fit.
bool TakeDirectory(const char** list, const Tokens& tokens, TextBuilder* out);

// True if an earlier element than the one at `element` of `list` is spelt like
// it: the dynamic linker then does not look there again.
bool IsRepeated(const char* list, const char* element);

// True if `library` is the file `name` in `directory` (with its slash), or in
// one of the subdirectories there that are for better processors.
bool IsIn(const char* directory, size_t size, const char* name,
          const char* library);

// The last part of a path.
inline const char* FileOf(const char* path) {
  const char* const slash = FindLast(path, strlen(path), '/');
  return slash != nullptr ? slash + 1 : path;
}

// Calls visit(path) for each path at which the dynamic linker looks for `name`
// along `list`, until it has reached `library` (null: it found none). True if
// it has.
template <typename Visit>
bool SearchAlong(const char* list, const Tokens& tokens, const char* name,
                 const char* library, Visit visit) {
  PathBuffer path;
  // An empty list is none.
  for (const char* p = *list != '\0' ? list : nullptr; p != nullptr;) {
    const char* const element = p;
    size_t size = 0;
    const bool directory = path.Fill([&](char* out, size_t room) {
      p = element;
      TextBuilder text(out, room);
      const bool possible = TakeDirectory(&p, tokens, &text);
      size = text.size();
      return possible && text.Add(name).ok();
    });
    if (!directory || IsRepeated(list, element)) continue;
    if (library != nullptr && IsIn(path.path(), size, name, library)) {
      return true;
    }
    visit(path.path());
  }
  return false;
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_LIBRARY_SEARCH_H_
