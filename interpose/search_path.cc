#include "interpose/search_path.h"

#include "interpose/text.h"

namespace filemon {

bool SearchPathHolds(const char* list, const char* origin, size_t origin_size,
                     const char* library) {
  const char* slash = FindLast(library, strlen(library), '/');
  const size_t directory = static_cast<size_t>(slash - library);
  while (*list != '\0') {
    size_t n = 0;
    while (list[n] != '\0' && list[n] != ':' && list[n] != ';') ++n;
    const char* element = list;
    size_t size = n;
    const char* rest = library;
    size_t rest_size = directory;
    const auto skip = [&](size_t token) {
      if (origin_size > rest_size || !EqualBytes(rest, origin, origin_size)) {
        return false;
      }
      rest += origin_size;
      rest_size -= origin_size;
      element += token;
      size -= token;
      return true;
    };
    bool possible = true;
    if (n >= 7 && EqualBytes(element, "$ORIGIN", 7)) {
      possible = skip(7);
    } else if (n >= 9 && EqualBytes(element, "${ORIGIN}", 9)) {
      possible = skip(9);
    }
    while (size > 0 && element[size - 1] == '/') --size;
    if (possible && size <= rest_size && EqualBytes(rest, element, size) &&
        (size == rest_size || StartsWith(rest + size, "/glibc-hwcaps/"))) {
      return true;
    }
    list += n;
    if (*list != '\0') ++list;
  }
  return false;
}

}  // namespace filemon
