#include "interpose/real_path.h"

#include <errno.h>
#include <fcntl.h>

#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// As many as the kernel follows (include/linux/namei.h, MAXSYMLINKS).
constexpr int kMaxLinks = 40;
// What is still to be walked. Small: this runs on the stacks of signal
// handlers.
constexpr size_t kRoom = 512;

bool IsDot(const char* part, size_t size) {
  return size == 1 && part[0] == '.';
}
bool IsDots(const char* part, size_t size) {
  return size == 2 && part[0] == '.' && part[1] == '.';
}

size_t PartSize(const char* name) {
  size_t size = 0;
  while (name[size] != '\0' && name[size] != '/') ++size;
  return size;
}

size_t Up(const char* path, size_t size) {
  while (size > 0 && path[size - 1] != '/') --size;
  return size > 0 ? size - 1 : 0;
}

}  // namespace

bool HasDotsBehind(const char* name) {
  bool behind = false;
  while (*name != '\0') {
    const size_t size = PartSize(name);
    if (IsDots(name, size)) {
      if (behind) return true;
    } else if (size > 0 && !IsDot(name, size)) {
      behind = true;
    }
    name += size;
    while (*name == '/') ++name;
  }
  return false;
}

const char* LastComponent(const char* name) {
  size_t size = strlen(name);
  while (size > 0 && name[size - 1] == '/') --size;
  const char* const slash = FindLast(name, size, '/');
  return slash != nullptr ? slash + 1 : name;
}

bool RealDirectory(const char* base, const char* name, size_t length, char* out,
                   size_t size) {
  char rest[kRoom];
  TextBuilder start(rest, sizeof(rest));
  TextBuilder path(out, size);
  if (length == 0 || name[0] != '/') path.Add(base);
  if (!start.Add(name, length).ok() || !path.ok()) return false;
  size_t n = path.size();
  while (n > 0 && out[n - 1] == '/') --n;
  int links = 0;
  for (const char* at = rest; *at != '\0';) {
    const size_t part = PartSize(at);
    const char* const next = at + part;
    if (IsDots(at, part)) {
      n = Up(out, n);
    } else if (part > 0 && !IsDot(at, part)) {
      if (n + 1 + part >= size) return false;
      out[n] = '/';
      memcpy(out + n + 1, at, part);
      out[n + 1 + part] = '\0';
      char link[kRoom];
      const long text = sys::Readlinkat(AT_FDCWD, out, link, sizeof(link) - 1);
      if (text == -EINVAL) {
        n += 1 + part;
      } else {
        // A link: what it says comes before what is left.
        if (text <= 0 || static_cast<size_t>(text) == sizeof(link) - 1 ||
            ++links > kMaxLinks) {
          return false;
        }
        link[text] = '\0';
        TextBuilder both(link + text, sizeof(link) - static_cast<size_t>(text));
        if (!both.Add(next).ok()) return false;
        if (link[0] == '/') n = 0;
        memcpy(rest, link, strlen(link) + 1);
        at = rest;
        continue;
      }
    }
    at = next;
    while (*at == '/') ++at;
  }
  if (n == 0) out[n++] = '/';
  out[n] = '\0';
  return true;
}

}  // namespace filemon
