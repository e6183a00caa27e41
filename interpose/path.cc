#include "interpose/path.h"

#include "interpose/text.h"

namespace filemon {

bool JoinPath(const char* directory, const char* name, char* out, size_t size,
              bool* sure) {
  if (sure != nullptr) *sure = true;
  size_t n = strlen(directory);
  if (n + 1 >= size) return false;
  memcpy(out, directory, n);
  while (n > 0 && out[n - 1] == '/') --n;
  bool leading = true;  // no part of `name` has been added yet
  while (*name != '\0') {
    size_t part = 0;
    while (name[part] != '\0' && name[part] != '/') ++part;
    if (part == 2 && name[0] == '.' && name[1] == '.') {
      if (!leading) {
        if (sure == nullptr) return false;
        *sure = false;
      }
      while (n > 0 && out[n - 1] != '/') --n;
      if (n > 0) --n;
    } else if (part > 0 && !(part == 1 && name[0] == '.')) {
      if (n + 1 + part >= size) return false;
      out[n++] = '/';
      memcpy(out + n, name, part);
      n += part;
      leading = false;
    }
    name += part;
    while (*name == '/') ++name;
  }
  if (n == 0) out[n++] = '/';
  out[n] = '\0';
  return true;
}

}  // namespace filemon
